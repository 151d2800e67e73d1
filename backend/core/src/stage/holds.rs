//! Holds: auto-promotion steps back where a person chose other Freight than it would have.

use std::collections::BTreeMap;

use argosy_api::promotion::PromotionPhase as Phase;
use argosy_api::stage_status::{AutoPromotionHold, StageStatus};
use argosy_api::{Promotion, labels};

use super::Seen;
use super::promotions::{is_over, name, phase, queue_order};

/// Writes down the hold that the promotion which has just ended made or released, and those that
/// unfinished ones imply.
pub(super) fn settle(seen: &Seen<'_>, ended: Option<&Promotion>, status: &mut StageStatus) {
    if !seen.auto_promotion_enabled {
        status.auto_promotion_holds.clear();
        status.effective_auto_promotion_holds.clear();
        return;
    }
    if let Some(ended) = ended.filter(|it| phase(it) == Some(Phase::Succeeded)) {
        follow(ended, &mut status.auto_promotion_holds);
    }
    let mut effective = status.auto_promotion_holds.clone();
    let mut unfinished: Vec<_> = seen.promotions.iter().filter(|it| !is_over(it)).collect();
    unfinished.sort_by(|a, b| queue_order(a, b));
    for promotion in unfinished {
        follow(promotion, &mut effective);
    }
    status.effective_auto_promotion_holds = effective;
}

/// Whether auto-promotion of an origin is held.
pub(super) fn held(status: &StageStatus, origin: &str) -> bool {
    status.effective_auto_promotion_holds.contains_key(origin)
}

fn follow(promotion: &Promotion, holds: &mut BTreeMap<String, AutoPromotionHold>) {
    let annotations = promotion.metadata.annotations.as_ref();
    let marked = |key: &str| annotations.is_some_and(|it| it.contains_key(key));
    let Some(freight) = promotion
        .status
        .as_ref()
        .and_then(|status| status.freight.clone())
    else {
        return;
    };
    let key = freight.origin.to_string();
    if marked(labels::AUTO_PROMOTION_RESUME) {
        holds.remove(&key);
    } else if marked(labels::AUTO_PROMOTION_HOLD) {
        holds.insert(
            key,
            AutoPromotionHold {
                origin: freight.origin,
                freight_name: freight.name,
                actor: annotations.and_then(|it| it.get(labels::CREATE_ACTOR).cloned()),
                created_at: promotion.metadata.creation_timestamp.clone(),
                promotion_name: Some(name(promotion).to_owned()),
            },
        );
    }
}
