//! Which promotion runs in a Stage, which ran last, and what it left behind.

use std::cmp::Ordering;
use std::sync::Arc;

use argosy_api::Promotion;
use argosy_api::promotion::PromotionPhase as Phase;
use argosy_api::stage_status::{PromotionReference, StageStatus};

use super::Seen;

/// How many freight collections a Stage remembers.
const HISTORY_LIMIT: usize = 10;

/// Takes in what became of the current promotion: it goes on, has ended, or is gone. Gives the one
/// that has just ended.
pub(super) fn settle<'a>(seen: &'a Seen<'_>, status: &mut StageStatus) -> Option<&'a Promotion> {
    let current = status.current_promotion.take()?;
    let promotion = seen.promotions.iter().find(|it| name(it) == current.name)?;
    if !is_over(promotion) {
        status.current_promotion = Some(current);
        return None;
    }
    if phase(promotion) == Some(Phase::Succeeded) {
        remember(promotion, status);
    }
    status.last_promotion = Some(finished(promotion));
    Some(promotion)
}

/// Picks the next promotion where none runs: one that runs already, else the oldest that waits.
pub(super) fn pick(seen: &Seen<'_>, status: &mut StageStatus) {
    if status.current_promotion.is_some() || super::verification::in_progress(status) {
        return;
    }
    let next = waiting(seen.promotions).into_iter().min_by(|a, b| {
        let waits = |it: &Promotion| phase(it) != Some(Phase::Running);
        waits(a).cmp(&waits(b)).then_with(|| queue_order(a, b))
    });
    status.current_promotion = next.map(started);
}

/// The promotions that are ready to run and have not ended.
pub(super) fn waiting(promotions: &[Arc<Promotion>]) -> Vec<&Promotion> {
    promotions
        .iter()
        .map(AsRef::as_ref)
        .filter(|it| matches!(phase(it), Some(Phase::Pending | Phase::Running)))
        .collect()
}

/// The order in which promotions of one Stage run: by age, then by name, whose ULID has the
/// milliseconds that the time of creation lacks.
pub(super) fn queue_order(a: &Promotion, b: &Promotion) -> Ordering {
    let created = |it: &Promotion| it.metadata.creation_timestamp.clone().map(|time| time.0);
    created(a)
        .cmp(&created(b))
        .then_with(|| name(a).cmp(name(b)))
}

pub(super) fn phase(promotion: &Promotion) -> Option<Phase> {
    promotion.status.as_ref()?.phase
}

/// Whether a promotion has ended, in whichever way.
pub(super) fn is_over(promotion: &Promotion) -> bool {
    phase(promotion).is_some_and(Phase::is_terminal)
}

pub(super) fn name(promotion: &Promotion) -> &str {
    promotion.metadata.name.as_deref().unwrap_or_default()
}

fn remember(promotion: &Promotion, status: &mut StageStatus) {
    let Some(mut collection) = promotion
        .status
        .as_ref()
        .and_then(|status| status.freight_collection.clone())
    else {
        return;
    };
    if status
        .freight_history
        .first()
        .is_some_and(|newest| newest.id == collection.id)
    {
        let newest = status.freight_history.remove(0);
        collection.verification_history = newest.verification_history;
    }
    status.freight_history.insert(0, collection);
    status.freight_history.truncate(HISTORY_LIMIT);
}

fn started(promotion: &Promotion) -> PromotionReference {
    PromotionReference {
        name: name(promotion).to_owned(),
        freight: promotion
            .status
            .as_ref()
            .and_then(|status| status.freight.clone()),
        finished_at: None,
        status: None,
    }
}

fn finished(promotion: &Promotion) -> PromotionReference {
    let status = promotion.status.clone().unwrap_or_default();
    PromotionReference {
        name: name(promotion).to_owned(),
        freight: status.freight.clone(),
        finished_at: status.finished_at.clone(),
        status: Some(status),
    }
}
