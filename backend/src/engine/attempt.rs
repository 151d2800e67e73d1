//! One run of a step: with a deadline, stoppable at any moment, and its panics caught.

use std::sync::Arc;
use std::time::Duration;

use argosy_core::promotion::Outcome;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::stop::Stop;
use crate::steps::{Fault, Ran, Runner, StepRun};

/// A step that is told to stop may tidy up so long; then it is dropped where it stands.
const GRACE: Duration = Duration::from_millis(500);
/// What a step waits for is told once it takes as long as this, and not more often.
const TELLING: Duration = Duration::from_secs(2);

/// The task has to stop; the reason is with [`Stop`].
pub(super) struct Stopped;

/// Runs a step until it ends, its deadline comes or the task has to stop. `tell` gets what the step says it waits for.
pub(super) async fn attempt(
    runner: &'static dyn Runner,
    run: StepRun,
    deadline: Timestamp,
    stop: &Stop,
    mut tell: impl FnMut(&str),
) -> Result<Outcome, Stopped> {
    let cancel = run.cancel.clone();
    let mut said = run.turn.said();
    let run = Arc::new(run);
    let step = async move { runner.run(&run).await };
    let mut step = Task(tokio::spawn(step.in_current_span()));
    let left = Duration::try_from(deadline.duration_since(Timestamp::now())).unwrap_or_default();
    let expired = tokio::time::sleep(left);
    tokio::pin!(expired);
    let telling = async {
        loop {
            tokio::time::sleep(TELLING).await;
            if said.has_changed().unwrap_or(false) {
                return said.borrow_and_update().clone();
            }
        }
    };
    tokio::pin!(telling);
    let mut told = false;
    loop {
        tokio::select! {
            biased;
            () = stop.asked() => {
                step.end(&cancel).await;
                return Err(Stopped);
            }
            ended = &mut step.0 => return Ok(outcome(ended)),
            () = &mut expired => {
                step.end(&cancel).await;
                return Ok(Outcome::TimedOut);
            }
            message = &mut telling, if !told => {
                told = true;
                if let Some(message) = message {
                    tell(&message);
                }
            }
        }
    }
}

/// A step in a task of its own, so that a step that blocks its thread cannot keep the promotion from being stopped.
struct Task(JoinHandle<Result<Ran, Fault>>);

impl Task {
    async fn end(&mut self, cancel: &CancellationToken) {
        cancel.cancel();
        if tokio::time::timeout(GRACE, &mut self.0).await.is_err() {
            self.0.abort();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn outcome(ended: Result<Result<Ran, Fault>, tokio::task::JoinError>) -> Outcome {
    match ended {
        Ok(Ok(ran)) => Outcome::Ran(ran),
        Ok(Err(fault)) => Outcome::Faulted(fault),
        Err(error) => {
            tracing::error!(%error, "a step ended early");
            Outcome::Faulted(Fault::broken(
                "the step ended early, which is a defect; the log says where",
            ))
        }
    }
}
