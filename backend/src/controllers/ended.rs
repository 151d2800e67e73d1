//! Tells that a promotion has ended: in an event, and in the metrics.

use std::time::Duration;

use argosy_api::promotion::PromotionStatus;
use argosy_api::{Freight, Promotion};

use crate::cache::Key;
use crate::context::Context;
use crate::events;

/// Tells how a promotion ended.
pub(crate) fn tell(
    context: &Context,
    promotion: &Promotion,
    freight: Option<&Freight>,
    status: &PromotionStatus,
) {
    let Some(phase) = status.phase else { return };
    let message = status.message.as_deref();
    let Some(event) = events::promotion_ended(promotion, freight, phase, message) else {
        return;
    };
    context.events.send(event);
    let took = status
        .finished_at
        .as_ref()
        .zip(status.started_at.as_ref())
        .map(|(end, start)| Duration::try_from(end.0.duration_since(start.0)).unwrap_or_default());
    let Key { namespace, .. } = Key::of(promotion);
    let result = phase.to_string().to_lowercase();
    let stage = &promotion.spec.stage;
    context
        .metrics
        .promotion_ended(&namespace, stage, &result, took.unwrap_or_default());
}
