//! Folds what came of a move into the status.

use argosy_api::promotion::{PromotionPhase, PromotionStatus, StepExecutionMetadata, StepStatus};
use argosy_api::step::PromotionStep;
use argosy_api::{GoDuration, Time};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{
    Fault, FaultKind, Outcome, Patience, Progress, Ran, Retry, Verdict, alias_of, backoff,
    is_in_hand,
};

/// A status after a move.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The whole new status.
    pub status: PromotionStatus,
    /// When the step in hand may run again; none if nothing is to be waited for.
    pub not_before: Option<Timestamp>,
}

/// The shortest rest of a step that polls.
const SHORTEST_POLL: SignedDuration = SignedDuration::from_secs(1);

/// The status of a promotion that starts to run.
#[must_use]
pub fn begin(status: &PromotionStatus, now: Timestamp) -> PromotionStatus {
    let mut status = status.clone();
    status.phase = Some(PromotionPhase::Running);
    status.started_at.get_or_insert(whole_seconds(now));
    status.message = None;
    status
}

/// Folds the outcome of a move on the step at `index` into the status.
#[must_use]
pub fn record(
    status: &PromotionStatus,
    (index, step): (usize, &PromotionStep),
    outcome: &Outcome,
    now: Timestamp,
) -> Recorded {
    let mut fold = Fold::at(status, index, step, now);
    match outcome {
        Outcome::Skipped => fold.entry().status = Some(StepStatus::Skipped),
        Outcome::ConditionFault(reason) => {
            let message = format!(
                "error checking if step {:?} should be skipped: {reason}",
                fold.alias
            );
            fold.unfinished(StepStatus::Errored, message);
        }
        Outcome::UnknownKind(reason) => {
            let message = format!("step {:?}: {reason}", fold.alias);
            fold.unfinished(StepStatus::Errored, message);
        }
        Outcome::Started => fold.start(),
        Outcome::ConfigFault(reason) => fold.config_fault(reason),
        Outcome::Ran(ran) => fold.ran(ran),
        Outcome::Faulted(fault) => fold.faulted(fault),
        Outcome::TimedOut => fold.timed_out(),
    }
    Recorded {
        status: fold.status,
        not_before: fold.not_before,
    }
}

/// The status of a promotion whose steps are all through.
#[must_use]
pub fn finish(status: &PromotionStatus, verdict: &Verdict, now: Timestamp) -> PromotionStatus {
    let mut status = status.clone();
    status.phase = Some(verdict.phase);
    status.message.clone_from(&verdict.message);
    status.finished_at = Some(whole_seconds(now));
    status
}

/// The status of a promotion that is stopped by someone: the step in hand is `Aborted`, later ones get no entry.
#[must_use]
pub fn abort(status: &PromotionStatus, message: &str, now: Timestamp) -> PromotionStatus {
    let mut status = status.clone();
    for entry in &mut status.step_execution_metadata {
        if is_in_hand(entry) {
            entry.status = Some(StepStatus::Aborted);
            entry.finished_at = Some(whole_seconds(now));
            entry.message = Some(message.to_owned());
        }
    }
    let verdict = Verdict {
        phase: PromotionPhase::Aborted,
        message: Some(message.to_owned()),
    };
    finish(&status, &verdict, now)
}

struct Fold<'a> {
    status: PromotionStatus,
    not_before: Option<Timestamp>,
    step: &'a PromotionStep,
    alias: String,
    now: Timestamp,
    entry: usize,
}

impl<'a> Fold<'a> {
    fn at(status: &PromotionStatus, index: usize, step: &'a PromotionStep, now: Timestamp) -> Self {
        let alias = alias_of(index, step);
        let mut status = status.clone();
        status.current_step = i64::try_from(index).unwrap_or(i64::MAX);
        status.message = None;
        let entries = &mut status.step_execution_metadata;
        let entry = entries
            .iter()
            .position(|entry| entry.alias == alias)
            .unwrap_or_else(|| {
                entries.push(StepExecutionMetadata {
                    alias: alias.clone(),
                    continue_on_error: step.continue_on_error,
                    ..StepExecutionMetadata::default()
                });
                entries.len() - 1
            });
        Self {
            status,
            not_before: None,
            step,
            alias,
            now,
            entry,
        }
    }

    fn entry(&mut self) -> &mut StepExecutionMetadata {
        &mut self.status.step_execution_metadata[self.entry]
    }

    fn start(&mut self) {
        let now = whole_seconds(self.now);
        let entry = self.entry();
        entry.status = Some(StepStatus::Running);
        entry.started_at.get_or_insert(now);
    }

    fn unfinished(&mut self, status: StepStatus, message: String) {
        let entry = self.entry();
        entry.status = Some(status);
        entry.message = Some(message);
    }

    fn finished(&mut self, status: StepStatus, message: Option<String>) {
        let now = whole_seconds(self.now);
        let entry = self.entry();
        entry.status = Some(status);
        entry.message = message;
        entry.finished_at = Some(now);
    }

    fn config_fault(&mut self, reason: &str) {
        let message = format!("failed to build step context: failed to get step config: {reason}");
        if self.entry().error_count == 0 {
            // Kargo leaves `finishedAt` out here.
            self.unfinished(StepStatus::Errored, message);
        } else {
            self.finished(StepStatus::Errored, Some(message));
        }
    }

    fn ran(&mut self, ran: &Ran) {
        self.keep_output(ran.output.as_ref());
        match ran.progress {
            Progress::Succeeded => {
                self.finished(StepStatus::Succeeded, ran.message.clone());
                let checks = &mut self.status.health_checks;
                checks.extend(
                    ran.health_check
                        .iter()
                        .filter(|check| !checks.contains(check))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
            Progress::Skipped => self.finished(StepStatus::Skipped, ran.message.clone()),
            Progress::Running { retry_after } => {
                let entry = self.entry();
                entry.status = Some(StepStatus::Running);
                entry.message.clone_from(&ran.message);
                self.rest(retry_after.max(SHORTEST_POLL), ran.message.as_deref());
            }
        }
    }

    fn faulted(&mut self, fault: &Fault) {
        let status = match fault.kind {
            FaultKind::Failed => StepStatus::Failed,
            FaultKind::Errored => StepStatus::Errored,
        };
        let alias = self.alias.clone();
        let errors = self.entry().error_count.saturating_add(1);
        match (fault.retry, fault.kind) {
            (Retry::Never, FaultKind::Failed) => {
                self.finished(status, Some(format!("step {alias:?}: {}", fault.message)));
            }
            (Retry::Never, FaultKind::Errored) => {
                self.finished(
                    status,
                    Some(format!("step {alias:?} cannot go on: {}", fault.message)),
                );
            }
            (Retry::Allowed, _) => {
                self.entry().error_count = errors;
                let error = format!("error running step {alias:?}: {}", fault.message);
                let threshold = Patience::of(self.step).error_threshold;
                if threshold <= errors {
                    let message =
                        format!("step {alias:?} met error threshold of {threshold}: {error}");
                    return self.finished(status, Some(message));
                }
                self.unfinished(status, format!("{error}; step will be retried"));
                self.rest(backoff(errors), Some(&error));
            }
        }
    }

    fn timed_out(&mut self) {
        let timeout = GoDuration::from_signed(Patience::of(self.step).timeout);
        let said = self
            .entry()
            .message
            .take()
            .map(|said| format!(": {said}"))
            .unwrap_or_default();
        let message = format!("step {:?} timed out after {timeout}{said}", self.alias);
        self.finished(StepStatus::Errored, Some(message));
    }

    /// The promotion's own message says what is waited for, and until when.
    fn rest(&mut self, rest: SignedDuration, why: Option<&str>) {
        let until = self.now.saturating_add(rest).unwrap_or(Timestamp::MAX);
        self.not_before = Some(until);
        let until = until.strftime("%H:%M:%S UTC");
        self.status.message = Some(match why {
            Some(why) => format!("{why}; next attempt at {until}"),
            None => format!("step {:?} is tried again at {until}", self.alias),
        });
    }

    fn keep_output(&mut self, output: Option<&Map<String, Value>>) {
        let state = &mut self.status.state;
        let Some(output) = output else {
            state.remove(&self.alias);
            return;
        };
        if let Some((task, _)) = self
            .alias
            .split_once("::")
            .filter(|_| self.step.uses.as_deref() == Some("compose-output"))
        {
            let merged = state
                .entry(task)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(merged) = merged {
                merged.extend(output.clone());
            }
        }
        state.insert(self.alias.clone(), Value::Object(output.clone()));
    }
}

/// Kubernetes' times have whole seconds; a finer one would read back differently.
fn whole_seconds(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}
