//! Which Freight a Stage may take, and why not.
//!
//! Knows nothing of promotions that run or wait: a Freight may be available and still not be next.

use std::collections::BTreeSet;

use argosy_api::stage::{AvailabilityStrategy, FreightRequest, SelectionPolicy};
use argosy_api::{Freight, GoDuration};
use jiff::Timestamp;

use crate::Refusal;

/// What is looked at to judge one Freight for one Stage.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The present.
    pub now: Timestamp,
    /// The Stage that would take the Freight.
    pub stage: &'a str,
    /// The Stage's request for Freight of the Freight's origin.
    pub request: &'a FreightRequest,
    /// The Freight.
    pub freight: &'a Freight,
}

/// Why the Freight may not go to the Stage now, or nothing where it may.
///
/// An approval outweighs every other rule.
pub fn refusal(seen: &Seen<'_>) -> Option<Refusal> {
    if approved(seen) {
        return None;
    }
    RULES.iter().find_map(|rule| rule(seen))
}

/// When waiting alone makes the Freight available: the end of its soak time.
pub fn available_at(seen: &Seen<'_>) -> Option<Timestamp> {
    if refusal(seen)?.reason != SOAKING {
        return None;
    }
    let required = required_soak(seen)?;
    let ends = upstream(seen)
        .into_iter()
        .filter_map(|stage| soak_ends(seen, stage, required))
        .collect::<Vec<_>>();
    match strategy(seen) {
        AvailabilityStrategy::OneOf => ends.into_iter().min(),
        AvailabilityStrategy::All => ends.into_iter().max(),
    }
}

/// How a request chooses what promotes by itself.
pub fn selection_policy(request: &FreightRequest) -> SelectionPolicy {
    let options = request.sources.auto_promotion_options.as_ref();
    options
        .and_then(|options| options.selection_policy)
        .unwrap_or_default()
}

/// The rules in the order in which they are told to people.
const RULES: &[fn(&Seen<'_>) -> Option<Refusal>] = &[
    other_origin,    // the Stage asks for Freight of this Warehouse
    no_source,       // and names where it may come from
    not_verified,    // it is verified there
    still_soaking,   // for long enough
    not_in_upstream, // and still runs there, where the Stage follows its upstream
];

/// Reason of a refusal: the Freight is verified, but not for long enough.
pub const SOAKING: &str = "Soaking";

fn other_origin(seen: &Seen<'_>) -> Option<Refusal> {
    let (wanted, given) = (&seen.request.origin, &seen.freight.origin);
    (wanted != given).then(|| {
        Refusal::new(
            "OtherOrigin",
            format!("it comes from {given}, and the Stage asks for Freight from {wanted}"),
        )
    })
}

fn no_source(seen: &Seen<'_>) -> Option<Refusal> {
    let sources = &seen.request.sources;
    (!sources.direct && sources.stages.is_empty()).then(|| {
        Refusal::new(
            "NoSource",
            format!(
                "the Stage's request for {} names neither `direct: true` nor upstream Stages, so only approval makes Freight available",
                seen.request.origin
            ),
        )
    })
}

fn not_verified(seen: &Seen<'_>) -> Option<Refusal> {
    if seen.request.sources.direct {
        return None;
    }
    let missing: Vec<_> = upstream(seen)
        .into_iter()
        .filter(|stage| !verified_in(seen, stage))
        .collect();
    let refused = match strategy(seen) {
        AvailabilityStrategy::OneOf => missing.len() == upstream(seen).len(),
        AvailabilityStrategy::All => !missing.is_empty(),
    };
    refused.then(|| {
        let joiner = match strategy(seen) {
            AvailabilityStrategy::OneOf => " or ",
            AvailabilityStrategy::All => " and ",
        };
        Refusal::new(
            "NotVerified",
            format!("it is not verified in {}", quoted(&missing, joiner)),
        )
    })
}

fn still_soaking(seen: &Seen<'_>) -> Option<Refusal> {
    if seen.request.sources.direct {
        return None;
    }
    let required = required_soak(seen)?;
    let verified = upstream(seen)
        .into_iter()
        .filter(|stage| verified_in(seen, stage));
    let (soaked, soaking): (Vec<_>, Vec<_>) =
        verified.partition(|stage| required <= soaked_for(seen, stage));
    let refused = match strategy(seen) {
        AvailabilityStrategy::OneOf => soaked.is_empty(),
        AvailabilityStrategy::All => !soaking.is_empty(),
    };
    refused.then(|| {
        let waits: Vec<_> = soaking
            .iter()
            .map(|stage| {
                let so_far = GoDuration::from_secs(soaked_for(seen, stage).as_secs());
                format!("`{stage}` for {so_far} of {required}")
            })
            .collect();
        Refusal::new(SOAKING, format!("it has soaked in {}", waits.join(", ")))
    })
}

fn not_in_upstream(seen: &Seen<'_>) -> Option<Refusal> {
    let sources = &seen.request.sources;
    if sources.direct || selection_policy(seen.request) != SelectionPolicy::MatchUpstream {
        return None;
    }
    let upstream = upstream(seen);
    let runs = upstream
        .iter()
        .any(|stage| currently_in(seen, stage).is_some());
    (!runs).then(|| {
        Refusal::new(
            "NotInUpstream",
            format!(
                "it no longer runs in {}, which the Stage follows",
                quoted(&upstream, " or ")
            ),
        )
    })
}

fn approved(seen: &Seen<'_>) -> bool {
    seen.freight.origin == seen.request.origin
        && seen
            .freight
            .status
            .as_ref()
            .is_some_and(|status| status.approved_for.contains_key(seen.stage))
}

fn upstream<'a>(seen: &Seen<'a>) -> Vec<&'a str> {
    let names: BTreeSet<_> = seen
        .request
        .sources
        .stages
        .iter()
        .map(String::as_str)
        .collect();
    names.into_iter().collect()
}

fn strategy(seen: &Seen<'_>) -> AvailabilityStrategy {
    seen.request
        .sources
        .availability_strategy
        .unwrap_or_default()
}

fn verified_in(seen: &Seen<'_>, stage: &str) -> bool {
    seen.freight
        .status
        .as_ref()
        .is_some_and(|status| status.verified_in.contains_key(stage))
}

fn currently_in(seen: &Seen<'_>, stage: &str) -> Option<Timestamp> {
    let current = seen.freight.status.as_ref()?.currently_in.get(stage)?;
    Some(current.since.as_ref().map_or(seen.now, |since| since.0))
}

fn required_soak(seen: &Seen<'_>) -> Option<GoDuration> {
    let required = seen.request.sources.required_soak_time?;
    (GoDuration::default() < required).then_some(required)
}

/// The longest stay in the Stage: a finished one, or the one that still goes on.
fn soaked_for(seen: &Seen<'_>, stage: &str) -> GoDuration {
    let status = seen.freight.status.as_ref();
    let finished = status.and_then(|status| status.verified_in.get(stage)?.longest_soak);
    let present = currently_in(seen, stage)
        .map(|since| GoDuration::from_signed(seen.now.duration_since(since)));
    finished.max(present).unwrap_or_default()
}

fn soak_ends(seen: &Seen<'_>, stage: &str, required: GoDuration) -> Option<Timestamp> {
    if !verified_in(seen, stage) {
        return None;
    }
    if required <= soaked_for(seen, stage) {
        return Some(seen.now);
    }
    currently_in(seen, stage)?
        .checked_add(required.to_signed())
        .ok()
}

fn quoted(names: &[&str], joiner: &str) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(joiner)
}
