//! A promotion is a fold over the outcomes of its steps.
//!
//! [`decide`] says what comes next, [`record()`] folds what came of it into the status. Neither runs anything, and
//! neither remembers: the status is the whole memory, so a promotion goes on wherever it was left.

mod outcome;
mod patience;
mod record;
mod verdict;

use argosy_api::promotion::{PromotionStatus, StepExecutionMetadata, StepStatus};
use argosy_api::step::PromotionStep;
use jiff::{SignedDuration, Timestamp};

pub use outcome::{Fault, FaultKind, Outcome, Progress, Ran, Retry};
pub use patience::{Patience, backoff};
pub use record::{Recorded, abort, begin, finish, record};
pub use verdict::{Verdict, earlier_failure, verdict};

/// Everything that the next move depends on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The present.
    pub now: Timestamp,
    /// The promotion's steps, tasks expanded.
    pub steps: &'a [PromotionStep],
    /// How far it is.
    pub status: &'a PromotionStatus,
    /// The step in hand rests until then.
    pub not_before: Option<Timestamp>,
    /// Since when somebody drives the promotion. Time before that, as after a crash, does not count against its steps.
    pub driven_since: Timestamp,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Reach this step: evaluate its `if` and record [`Outcome::Started`], [`Outcome::Skipped`] or
    /// [`Outcome::ConditionFault`].
    Begin(usize),
    /// This step is passed over, since an earlier one failed: record [`Outcome::Skipped`].
    Skip(usize),
    /// Run this step, which has started.
    Run(usize),
    /// The step in hand had its time: record [`Outcome::TimedOut`].
    Expire(usize),
    /// Nothing to do until then, unless something wakes the promotion.
    Wait(Timestamp),
    /// All steps are through.
    Finish(Verdict),
}

/// Says what comes next for a promotion that is not finished.
#[must_use]
pub fn decide(seen: &Seen<'_>) -> Next {
    let mut at = usize::try_from(seen.status.current_step).unwrap_or(0);
    loop {
        let Some(step) = seen.steps.get(at) else {
            return Next::Finish(verdict(seen.status));
        };
        match stand(seen.status, &alias_of(at, step)) {
            Stand::Through => at += 1,
            Stand::Ahead if step.condition.is_none() && earlier_failure(seen.status) => {
                return Next::Skip(at);
            }
            Stand::Ahead => return Next::Begin(at),
            Stand::InHand { since } => return go_on(seen, at, step, since),
        }
    }
}

fn go_on(seen: &Seen<'_>, at: usize, step: &PromotionStep, since: Timestamp) -> Next {
    let deadline = deadline(step, since.max(seen.driven_since));
    match seen.not_before {
        _ if deadline <= seen.now => Next::Expire(at),
        Some(rest) if seen.now < rest => Next::Wait(rest.min(deadline)),
        Some(_) | None => Next::Run(at),
    }
}

/// When a step whose time counts from `since` has had its time.
#[must_use]
pub fn deadline(step: &PromotionStep, since: Timestamp) -> Timestamp {
    // The status has whole seconds, so the step may have started almost a second later.
    let time = Patience::of(step).timeout + SignedDuration::from_secs(1);
    since.saturating_add(time).unwrap_or(Timestamp::MAX)
}

/// Where a step is.
enum Stand {
    /// It has not been reached.
    Ahead,
    /// It has started and is not through.
    InHand { since: Timestamp },
    /// Nothing more will happen to it.
    Through,
}

fn stand(status: &PromotionStatus, alias: &str) -> Stand {
    let Some(entry) = entry(status, alias) else {
        return Stand::Ahead;
    };
    match &entry.started_at {
        Some(since) if is_in_hand(entry) => Stand::InHand { since: since.0 },
        Some(_) | None => Stand::Through,
    }
}

/// Whether a step has started and is not through.
fn is_in_hand(entry: &StepExecutionMetadata) -> bool {
    let open = entry.started_at.is_some() && entry.finished_at.is_none();
    open && match entry.status {
        None | Some(StepStatus::Running) => true,
        // Kargo leaves `finishedAt` out when a configuration cannot be evaluated; what is tried again counts errors.
        Some(StepStatus::Failed | StepStatus::Errored) => 0 < entry.error_count,
        Some(StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Aborted) => false,
    }
}

fn entry<'a>(status: &'a PromotionStatus, alias: &str) -> Option<&'a StepExecutionMetadata> {
    status
        .step_execution_metadata
        .iter()
        .find(|entry| entry.alias == alias)
}

/// The alias of the step at `index`, which is `step-<n>` where none is written.
#[must_use]
pub fn alias_of(index: usize, step: &PromotionStep) -> String {
    step.alias
        .clone()
        .unwrap_or_else(|| format!("step-{}", index + 1))
}

#[cfg(test)]
mod tests;
