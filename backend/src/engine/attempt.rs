//! One run of a step: with a deadline, stoppable at any moment, and its panics caught.

use std::time::Duration;

use argosy_core::promotion::Outcome;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::stop::Stop;
use crate::steps::{Fault, Ran};

/// A step that is told to stop may tidy up so long; then it is dropped where it stands.
const GRACE: Duration = Duration::from_millis(500);
/// What a step waits for is told once it takes as long as this, and not more often.
const TELLING: Duration = Duration::from_secs(2);

/// The task has to stop; the reason is with [`Stop`].
pub(super) struct Stopped;

/// What holds for one run of a step.
pub(super) struct Attempt<'a> {
    /// Then it has had its time.
    pub(super) deadline: Timestamp,
    /// Tells the task to stop.
    pub(super) stop: &'a Stop,
    /// Tells the step to stop.
    pub(super) cancel: CancellationToken,
    /// What the step says it waits for.
    pub(super) said: watch::Receiver<Option<String>>,
}

/// Runs a step until it ends, its deadline comes or the task has to stop. `tell` gets what the step waits for.
pub(super) async fn attempt(
    step: impl Future<Output = Result<Ran, Fault>> + Send + 'static,
    within: Attempt<'_>,
    mut tell: impl FnMut(&str),
) -> Result<Outcome, Stopped> {
    let Attempt {
        deadline,
        stop,
        cancel,
        mut said,
    } = within;
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use argosy_core::promotion::{FaultKind, Retry};
    use jiff::SignedDuration;

    use super::super::stop::Reason;
    use super::*;

    /// What becomes of a step that has so many seconds, and what it says it waits for meanwhile.
    async fn tried(
        step: impl Future<Output = Result<Ran, Fault>> + Send + 'static,
        seconds: i64,
        stop: &Stop,
    ) -> (Option<Outcome>, Vec<String>) {
        let (say, said) = watch::channel(None);
        say.send_replace(Some("waiting for morning".to_owned()));
        let deadline = Timestamp::now() + SignedDuration::from_secs(seconds);
        let within = Attempt {
            deadline,
            stop,
            cancel: stop.token(),
            said,
        };
        let mut told = Vec::new();
        let outcome = attempt(step, within, |message| told.push(message.to_owned())).await;
        (outcome.ok(), told)
    }

    #[tokio::test]
    async fn a_panic_ends_the_step_and_nothing_else() {
        let (outcome, _) = tried(async { panic!("as told") }, 60, &Stop::default()).await;
        let Some(Outcome::Faulted(fault)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (fault.kind, fault.retry),
            (FaultKind::Errored, Retry::Never)
        );
    }

    #[tokio::test]
    async fn a_step_is_stopped_at_its_deadline_and_tells_what_it_waits_for() {
        let (outcome, told) = tried(std::future::pending(), 3, &Stop::default()).await;
        assert_eq!(
            (outcome, told),
            (
                Some(Outcome::TimedOut),
                vec!["waiting for morning".to_owned()]
            )
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_step_that_blocks_its_thread_is_left_behind() {
        let stop = Stop::default();
        let later = stop.clone();
        let blocks = async move {
            later.now(Reason::Leave);
            std::thread::sleep(Duration::from_secs(3));
            Ok(Ran::succeeded())
        };
        let begin = Instant::now();
        let (outcome, _) = tried(blocks, 60, &stop).await;
        assert!(
            outcome.is_none() && begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
    }
}
