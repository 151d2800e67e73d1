//! The outcome of a step as the journal keeps it, so that a step that is through is never run again.

use argosy_api::step::HealthCheckStep;
use argosy_core::promotion::{Fault, FaultKind, Outcome, Progress, Ran, Retry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::steps::{Journal, JournalError};

const OUTCOME: &str = "outcome";

/// An outcome after which a step is through.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    end: Ended,
    /// The work directory that it was left with, see [`super::folder::Folder`].
    work: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health_check: Option<HealthCheckStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Ended {
    Succeeded,
    Skipped,
    Failed,
    Errored,
}

/// Notes the outcome of the journal's step, if the step is through with it. `work` names the work directory.
pub(super) async fn keep(
    journal: &Journal,
    work: &str,
    outcome: &Outcome,
) -> Result<(), JournalError> {
    let Some(kept) = kept(work.to_owned(), outcome) else {
        return Ok(());
    };
    let value = serde_json::to_value(kept).map_err(std::io::Error::from)?;
    journal.note(OUTCOME, value).await
}

/// The outcome that was noted of the journal's step. With `work`, only one that was left in this work directory.
pub(super) fn find(journal: &Journal, work: Option<&str>) -> Option<Outcome> {
    let kept: Kept = serde_json::from_value(journal.noted(OUTCOME)?).ok()?;
    if work.is_some_and(|work| work != kept.work) {
        return None;
    }
    let Kept {
        end,
        output,
        health_check,
        message,
        ..
    } = kept;
    let ran = |progress, message| {
        Outcome::Ran(Ran {
            progress,
            output,
            health_check,
            message,
        })
    };
    let fault = |kind, message: Option<String>| {
        Outcome::Faulted(Fault {
            kind,
            retry: Retry::Never,
            message: message.unwrap_or_default(),
        })
    };
    Some(match end {
        Ended::Succeeded => ran(Progress::Succeeded, message),
        Ended::Skipped => ran(Progress::Skipped, message),
        Ended::Failed => fault(FaultKind::Failed, message),
        Ended::Errored => fault(FaultKind::Errored, message),
    })
}

fn kept(work: String, outcome: &Outcome) -> Option<Kept> {
    match outcome {
        Outcome::Ran(ran) => {
            let end = match ran.progress {
                Progress::Succeeded => Ended::Succeeded,
                Progress::Skipped => Ended::Skipped,
                Progress::Running { .. } => return None,
            };
            let Ran {
                output,
                health_check,
                message,
                ..
            } = ran.clone();
            Some(Kept {
                end,
                work,
                output,
                health_check,
                message,
            })
        }
        Outcome::Faulted(Fault {
            kind,
            retry: Retry::Never,
            message,
        }) => {
            let end = match kind {
                FaultKind::Failed => Ended::Failed,
                FaultKind::Errored => Ended::Errored,
            };
            Some(Kept {
                end,
                work,
                output: None,
                health_check: None,
                message: Some(message.clone()),
            })
        }
        Outcome::Faulted(Fault {
            retry: Retry::Allowed,
            ..
        })
        | Outcome::Skipped
        | Outcome::ConditionFault(_)
        | Outcome::UnknownKind(_)
        | Outcome::Started
        | Outcome::ConfigFault(_)
        | Outcome::TimedOut => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn only_what_ends_a_step_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal")).unwrap();
        let check = HealthCheckStep {
            uses: "argocd-update".to_owned(),
            config: None,
        };
        let wait = Ran::running(Duration::from_secs(1).try_into().unwrap(), "waiting");
        let outcomes = [
            (
                Outcome::Ran(
                    Ran::succeeded()
                        .with_output("a", 1)
                        .with_health_check(check),
                ),
                true,
            ),
            (Outcome::Ran(Ran::skipped("nothing to commit")), true),
            (Outcome::Faulted(Fault::failed("no")), true),
            (Outcome::Faulted(Fault::broken("torn")), true),
            (Outcome::Faulted(Fault::errored("away")), false),
            (Outcome::Ran(wait), false),
            (Outcome::TimedOut, false),
        ];
        for (at, (outcome, is_kept)) in outcomes.into_iter().enumerate() {
            let journal = journal.of_step(&at.to_string());
            keep(&journal, "work", &outcome).await.unwrap();
            assert_eq!(find(&journal, Some("other")), None);
            assert_eq!(
                find(&journal, Some("work")),
                is_kept.then_some(outcome.clone())
            );
            assert_eq!(find(&journal, None), is_kept.then_some(outcome));
        }
    }
}
