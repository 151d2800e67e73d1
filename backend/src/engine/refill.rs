//! Fills a work directory again that was lost with its volume.

use std::time::Duration;

use argosy_api::promotion::{PromotionStatus, StepStatus};
use argosy_api::step::PromotionStep;
use argosy_core::promotion::{Fault, Outcome, Progress, Ran, alias_of, deadline};
use jiff::Timestamp;
use serde_json::Value;

use super::attempt::Stopped;
use super::drive::{Drive, VOLUME_REST, fills_workdir, unless};
use super::folder::Folder;

/// So often a step that fills the work directory again may fail.
const ERRORS: u32 = 5;
/// Steps that look at no files.
const WITHOUT_FILES: &[&str] = &["argocd-update", "compose-output", "fail"];

impl Drive<'_> {
    /// Runs those steps again whose whole work was in the lost work directory. What they leave now counts from now on,
    /// unless something was done with it outside already.
    pub(super) async fn refill(&mut self, folder: &Folder) -> Result<(), Stopped> {
        let steps = self.steps;
        let through = |at: usize, step: &PromotionStep, status: &PromotionStatus| {
            is_through(status, &alias_of(at, step))
        };
        let mut open = steps
            .iter()
            .enumerate()
            .filter(|(at, step)| !through(*at, step, &self.status));
        if open.all(|(_, step)| WITHOUT_FILES.contains(&step.uses.as_deref().unwrap_or_default())) {
            return Ok(());
        }
        for (index, step) in steps.iter().enumerate() {
            if !fills_workdir(step) || !through(index, step, &self.status) {
                continue;
            }
            let alias = alias_of(index, step);
            tracing::info!("the work directory was lost; step {alias:?} runs again");
            let later = steps.iter().enumerate().skip(index + 1);
            let used = later
                .clone()
                .any(|(at, step)| !fills_workdir(step) && through(at, step, &self.status));
            match self.again(index, step, folder).await? {
                Ok(Ran {
                    output: Some(output),
                    ..
                }) if !used => {
                    self.status.state.insert(alias, Value::Object(output));
                }
                Ok(_) => {}
                Err(reason) => {
                    let message = format!(
                        "the work directory was lost, and step {alias:?} could not run again: {reason}"
                    );
                    let at = usize::try_from(self.status.current_step).unwrap_or(0);
                    self.record(at, &Outcome::Faulted(Fault::broken(message)));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Runs a step once more, with some patience.
    async fn again(
        &mut self,
        index: usize,
        step: &PromotionStep,
        folder: &Folder,
    ) -> Result<Result<Ran, String>, Stopped> {
        let mut errors = 0;
        loop {
            let message = Some("the work directory was lost and is being filled again".to_owned());
            self.reporter.send(&PromotionStatus {
                message,
                ..self.status.clone()
            });
            let deadline = deadline(step, Timestamp::now());
            let rest = match self.execute((index, step), folder, deadline).await? {
                Outcome::Ran(Ran {
                    progress: Progress::Running { retry_after },
                    ..
                }) => Duration::try_from(retry_after).unwrap_or(VOLUME_REST),
                Outcome::Ran(ran) => return Ok(Ok(ran)),
                Outcome::Faulted(fault) if fault.may_help() && errors < ERRORS => {
                    errors += 1;
                    VOLUME_REST
                }
                Outcome::Faulted(fault) => return Ok(Err(fault.message)),
                Outcome::ConfigFault(reason)
                | Outcome::UnknownKind(reason)
                | Outcome::ConditionFault(reason) => return Ok(Err(reason)),
                Outcome::TimedOut => return Ok(Err("timed out".to_owned())),
                Outcome::Skipped | Outcome::Started => return Ok(Ok(Ran::succeeded())),
            };
            unless(&self.stop, tokio::time::sleep(rest)).await?;
        }
    }
}

/// Whether the step ran and did its work, so that it is not run for its own sake.
fn is_through(status: &PromotionStatus, alias: &str) -> bool {
    status.step_execution_metadata.iter().any(|entry| {
        let well = matches!(
            entry.status,
            Some(StepStatus::Succeeded | StepStatus::Skipped)
        );
        entry.alias == alias && well && entry.started_at.is_some() && entry.finished_at.is_some()
    })
}
