//! Stages without steps: Freight passes through them and is verified by being there.

use argosy_api::Freight;
use argosy_api::stage_status::{StagePhase, StageStatus};

use super::{Decision, Order, Seen, conditions};
use crate::availability;

/// Decides about a control-flow Stage.
pub(super) fn decide(seen: &Seen<'_>) -> Decision {
    let stage = seen.stage_name();
    let available = |request, freight| {
        let seen = availability::Seen {
            now: seen.now,
            stage,
            request,
            freight,
        };
        availability::refusal(&seen).is_none()
    };
    let verified = |freight: &Freight| {
        freight
            .status
            .as_ref()
            .is_some_and(|it| it.verified_in.contains_key(stage))
    };
    let orders = seen
        .freight
        .iter()
        .filter(|freight| !verified(freight))
        .filter(|freight| {
            seen.stage
                .spec
                .requested_freight
                .iter()
                .any(|request| available(request, freight))
        })
        .map(|freight| Order::Verify {
            freight: freight.metadata.name.clone().unwrap_or_default(),
            at: seen.now,
        })
        .collect();
    let mut status = StageStatus {
        observed_generation: seen.stage.metadata.generation,
        freight_summary: Some("N/A".to_owned()),
        phase: Some(StagePhase::NotApplicable),
        last_handled_refresh: seen.refresh_token(),
        ..seen.stage.status.clone().unwrap_or_default()
    };
    conditions::control_flow(seen, &mut status);
    Decision {
        status,
        orders,
        again: super::auto_promotion::next_soak_end(seen),
    }
}
