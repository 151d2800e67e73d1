//! What a promotion comes to.

use argosy_api::promotion::{PromotionPhase, PromotionStatus, StepExecutionMetadata, StepStatus};

/// The end of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// A terminal phase.
    pub phase: PromotionPhase,
    /// What the step that decided it said.
    pub message: Option<String>,
}

/// The worst of the steps' statuses, and what the first step of that status said. Steps that may fail do not count.
#[must_use]
pub fn verdict(status: &PromotionStatus) -> Verdict {
    let counted = status
        .step_execution_metadata
        .iter()
        .filter(|entry| !entry.continue_on_error);
    let mut worst: Option<&StepExecutionMetadata> = None;
    for entry in counted {
        if worst.is_none_or(|worst| worst.status < entry.status) {
            worst = Some(entry);
        }
    }
    let Some(worst) = worst else {
        return Verdict {
            phase: PromotionPhase::Succeeded,
            message: None,
        };
    };
    let phase = match worst.status {
        None | Some(StepStatus::Succeeded | StepStatus::Skipped) => {
            return Verdict {
                phase: PromotionPhase::Succeeded,
                message: None,
            };
        }
        // No step is left running when a promotion ends.
        Some(StepStatus::Running | StepStatus::Errored) => PromotionPhase::Errored,
        Some(StepStatus::Aborted) => PromotionPhase::Aborted,
        Some(StepStatus::Failed) => PromotionPhase::Failed,
    };
    Verdict {
        phase,
        message: worst.message.clone(),
    }
}

/// Whether a step that may not fail has failed: steps without `if` are passed over from there on.
#[must_use]
pub fn earlier_failure(status: &PromotionStatus) -> bool {
    status.step_execution_metadata.iter().any(|entry| {
        !entry.continue_on_error
            && matches!(entry.status, Some(StepStatus::Failed | StepStatus::Errored))
    })
}
