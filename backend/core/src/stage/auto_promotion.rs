//! Promotion without a person: which Freight is next, and whether it goes.

use std::cmp::Ordering;
use std::sync::Arc;

use argosy_api::promotion::PromotionPhase as Phase;
use argosy_api::stage::{FreightRequest, SelectionPolicy};
use argosy_api::stage_status::StageStatus;
use argosy_api::{Freight, Promotion};
use jiff::Timestamp;

use super::promotions::{is_over, phase, queue_order};
use super::{Order, Seen};
use crate::availability;

/// The Freight that auto-promotion would take next from one origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// `Warehouse/<name>`.
    pub origin: String,
    /// The Freight.
    pub freight: Arc<Freight>,
}

/// The Freight that would be promoted next, one for each origin that has any available.
pub fn candidates(seen: &Seen<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for request in &seen.stage.spec.requested_freight {
        let available = available(seen, request);
        let newest = match availability::selection_policy(request) {
            SelectionPolicy::NewestFreight => available.into_iter().max_by(|a, b| by_age(a, b)),
            SelectionPolicy::MatchUpstream => match available.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
        };
        if let Some(freight) = newest {
            found.push(Candidate {
                origin: request.origin.to_string(),
                freight: Arc::clone(freight),
            });
        }
    }
    found
}

/// Orders the promotions that are to start by themselves.
pub(super) fn order(
    seen: &Seen<'_>,
    status: &StageStatus,
    candidates: &[Candidate],
    orders: &mut Vec<Order>,
) {
    if !seen.auto_promotion_enabled || !seen.problems.is_empty() {
        return;
    }
    for candidate in candidates {
        let name = candidate
            .freight
            .metadata
            .name
            .as_deref()
            .unwrap_or_default();
        if !runs_now(status, name)
            && !super::holds::held(status, &candidate.origin)
            && !tried(seen, name)
        {
            orders.push(Order::Promote {
                freight: name.to_owned(),
            });
        }
    }
}

/// When the next Freight finishes its soak time, so that somebody looks again.
pub(super) fn next_soak_end(seen: &Seen<'_>) -> Option<Timestamp> {
    let requests = seen.stage.spec.requested_freight.iter();
    requests
        .flat_map(|request| seen.freight.iter().map(move |freight| (request, freight)))
        .filter_map(|(request, freight)| {
            availability::available_at(&availability::Seen {
                now: seen.now,
                stage: seen.stage_name(),
                request,
                freight,
            })
        })
        .filter(|at| seen.now < *at)
        .min()
}

fn available<'a>(seen: &'a Seen<'_>, request: &'a FreightRequest) -> Vec<&'a Arc<Freight>> {
    let stage = seen.stage_name();
    let is_free = |freight: &Arc<Freight>| {
        availability::refusal(&availability::Seen {
            now: seen.now,
            stage,
            request,
            freight,
        })
        .is_none()
    };
    seen.freight
        .iter()
        .filter(|freight| is_free(freight))
        .collect()
}

fn by_age(a: &Freight, b: &Freight) -> Ordering {
    let age = |it: &Freight| {
        let time = it
            .discovered_at
            .clone()
            .or_else(|| it.metadata.creation_timestamp.clone());
        (time.map(|time| time.0), it.metadata.name.clone())
    };
    age(a).cmp(&age(b))
}

fn runs_now(status: &StageStatus, freight: &str) -> bool {
    let current = status.freight_history.first();
    current.is_some_and(|it| it.items.values().any(|item| item.name == freight))
}

/// Whether a promotion of this Freight is under way, or was tried last and did not succeed. One
/// that was refused before it started counts as never made.
fn tried(seen: &Seen<'_>, freight: &str) -> bool {
    let of_freight = || {
        seen.promotions
            .iter()
            .filter(|it| it.spec.freight.as_deref() == Some(freight))
    };
    if of_freight().any(|it| !is_over(it)) {
        return true;
    }
    let started =
        |it: &&Arc<Promotion>| it.status.as_ref().is_some_and(|it| it.started_at.is_some());
    let newest = of_freight()
        .filter(started)
        .max_by(|a, b| queue_order(a, b));
    newest.is_some_and(|it| phase(it) != Some(Phase::Succeeded))
}
