//! A Stage's conditions, and the one word that sums them up.

use argosy_api::condition::{
    self, DEPRECATED, FALSE, HEALTHY, PROMOTING, READY, RECONCILING, TRUE, UNKNOWN, VALID, VERIFIED,
};
use argosy_api::promotion::PromotionPhase;
use argosy_api::reasons;
use argosy_api::stage_status::{HealthState, StagePhase, StageStatus};
use argosy_api::verification::VerificationPhase;

use super::{Seen, verification};
use crate::said::Said;

/// States the conditions and the phase of a Stage that promotes.
pub(super) fn state(seen: &Seen<'_>, status: &mut StageStatus) {
    let promoting = promoting(status);
    let healthy = healthy(status);
    let verified = verified(status);
    let ready = invalid(seen)
        .or_else(|| promoting.clone())
        .or_else(|| last_promotion(status))
        .or_else(|| (healthy.is != TRUE).then(|| healthy.clone()))
        .or_else(|| (verified.is != TRUE).then(|| verified.clone()))
        .map(|cause| Said::new(READY, FALSE, cause.reason, cause.message))
        .unwrap_or_else(|| {
            Said::new(
                READY,
                TRUE,
                verified.reason.clone(),
                verified.message.clone(),
            )
        });
    status.phase = Some(phase(status));

    put(seen, status, ready);
    put(seen, status, healthy);
    put(seen, status, verified);
    match promoting {
        Some(promoting) => put(seen, status, promoting),
        None => condition::remove(&mut status.conditions, PROMOTING),
    }
    remarks(seen, status);
}

/// States the conditions of a control-flow Stage.
pub(super) fn control_flow(seen: &Seen<'_>, status: &mut StageStatus) {
    for kind in [PROMOTING, HEALTHY, VERIFIED] {
        condition::remove(&mut status.conditions, kind);
    }
    let ready = invalid(seen).map_or_else(
        || {
            Said::new(
                READY,
                TRUE,
                "ControlFlow",
                "Stage passes Freight on without promoting it",
            )
        },
        |cause| Said::new(READY, FALSE, cause.reason, cause.message),
    );
    put(seen, status, ready);
    remarks(seen, status);
}

/// What people should know about the Stage's spec.
fn remarks(seen: &Seen<'_>, status: &mut StageStatus) {
    condition::remove(&mut status.conditions, RECONCILING);
    match invalid(seen) {
        Some(invalid) => put(seen, status, invalid),
        None => condition::remove(&mut status.conditions, VALID),
    }
    if seen.old_forms.is_empty() {
        condition::remove(&mut status.conditions, DEPRECATED);
    } else {
        let message = seen.old_forms.join("\n");
        put(
            seen,
            status,
            Said::new(DEPRECATED, TRUE, reasons::DEPRECATED_FIELDS, message),
        );
    }
}

fn invalid(seen: &Seen<'_>) -> Option<Said> {
    if seen.problems.is_empty() {
        return None;
    }
    let message = seen
        .problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    Some(Said::new(VALID, FALSE, reasons::INVALID_TEMPLATE, message))
}

fn promoting(status: &StageStatus) -> Option<Said> {
    let current = status.current_promotion.as_ref()?;
    let message = format!("Promotion {} is under way", current.name);
    Some(Said::new(
        PROMOTING,
        TRUE,
        reasons::ACTIVE_PROMOTION,
        message,
    ))
}

/// The last promotion, where it did not succeed.
fn last_promotion(status: &StageStatus) -> Option<Said> {
    let last = status.last_promotion.as_ref()?;
    let ended = last.status.as_ref()?;
    let phase = ended
        .phase
        .filter(|phase| *phase != PromotionPhase::Succeeded)?;
    let message = match &ended.message {
        Some(message) => format!("Promotion {}: {message}", last.name),
        None => format!("Promotion {} is {phase}", last.name),
    };
    Some(Said::new(
        HEALTHY,
        UNKNOWN,
        reasons::last_promotion(phase),
        message,
    ))
}

fn healthy(status: &StageStatus) -> Said {
    if status.current_promotion.is_some() {
        let message = "Health is judged when the promotion has ended";
        return Said::new(HEALTHY, UNKNOWN, reasons::ACTIVE_PROMOTION, message);
    }
    if let Some(ended) = last_promotion(status) {
        return ended;
    }
    if status.freight_history.is_empty() {
        return Said::new(
            HEALTHY,
            UNKNOWN,
            reasons::NO_FREIGHT,
            "Stage has no current Freight",
        );
    }
    let health = status.health.clone().unwrap_or_default();
    let issues = health.issues.join("; ");
    match health.status {
        None => {
            let message = "Waiting for the health check";
            Said::new(HEALTHY, UNKNOWN, reasons::WAITING_FOR_HEALTH_CHECK, message)
        }
        Some(HealthState::Healthy) => {
            let checks = status
                .last_promotion
                .as_ref()
                .and_then(|last| last.status.as_ref())
                .map_or(0, |ended| ended.health_checks.len());
            let message = format!("Stage is healthy (performed {checks} health checks)");
            Said::new(HEALTHY, TRUE, "Healthy", message)
        }
        Some(state @ HealthState::Unhealthy) => {
            Said::new(HEALTHY, FALSE, state.to_string(), issues)
        }
        Some(
            state @ (HealthState::NotApplicable | HealthState::Progressing | HealthState::Unknown),
        ) => Said::new(HEALTHY, UNKNOWN, state.to_string(), issues),
    }
}

fn verified(status: &StageStatus) -> Said {
    if status.freight_history.is_empty() {
        return Said::new(
            VERIFIED,
            UNKNOWN,
            reasons::NO_FREIGHT,
            "Stage has no current Freight",
        );
    }
    let Some(info) = verification::newest(status) else {
        let message = "Freight is verified when the Stage is healthy";
        return Said::new(
            VERIFIED,
            UNKNOWN,
            reasons::WAITING_FOR_VERIFICATION,
            message,
        );
    };
    let (is, reason) = match info.phase {
        Some(VerificationPhase::Successful) => {
            return Said::new(
                VERIFIED,
                TRUE,
                reasons::VERIFIED,
                "Freight has been verified",
            );
        }
        None | Some(VerificationPhase::Pending) => (UNKNOWN, reasons::VERIFICATION_PENDING),
        Some(VerificationPhase::Running) => (UNKNOWN, reasons::VERIFICATION_RUNNING),
        Some(VerificationPhase::Failed) => (FALSE, reasons::VERIFICATION_FAILED),
        Some(VerificationPhase::Error) => (FALSE, reasons::VERIFICATION_ERROR),
        Some(VerificationPhase::Aborted) => (FALSE, reasons::VERIFICATION_ABORTED),
        Some(VerificationPhase::Inconclusive) => (FALSE, reasons::VERIFICATION_INCONCLUSIVE),
    };
    Said::new(
        VERIFIED,
        is,
        reason,
        info.message.clone().unwrap_or_default(),
    )
}

fn phase(status: &StageStatus) -> StagePhase {
    if status.current_promotion.is_some() {
        return StagePhase::Promoting;
    }
    if last_promotion(status).is_some() {
        return StagePhase::Failed;
    }
    if status.freight_history.is_empty() {
        return StagePhase::NotApplicable;
    }
    match verification::newest(status).and_then(|info| info.phase) {
        Some(VerificationPhase::Successful) => StagePhase::Steady,
        Some(phase) if phase.is_terminal() => StagePhase::Failed,
        Some(_) | None => StagePhase::Verifying,
    }
}

fn put(seen: &Seen<'_>, status: &mut StageStatus, said: Said) {
    said.put(
        &mut status.conditions,
        seen.stage.metadata.generation,
        seen.now,
    );
}
