//! Drives one promotion: asks what comes next, does it, folds what came of it into the status.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use argosy_api::labels;
use argosy_api::promotion::PromotionStatus;
use argosy_api::step::PromotionStep;
use argosy_core::promotion::{
    Fault, Next, Outcome, Ran, Recorded, Seen, abort, alias_of, begin, deadline, decide, finish,
    record,
};
use argosy_core::{stage_check, steps as kinds};
use jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tracing::Instrument as _;

use super::attempt::{Attempt, Stopped, attempt};
use super::evaluate::Evaluator;
use super::folder::Folder;
use super::report::{Report, Reporter};
use super::stop::{Reason, Stop};
use super::{Job, Services, kept, volume};
use crate::steps::{self, PromotionId, StepRun, Turn};

/// The largest output of a step, in bytes of JSON. All outputs together are part of one object.
const MAX_OUTPUT: usize = 256 << 10;
/// How long to rest before a volume that refuses is tried again.
pub(super) const VOLUME_REST: Duration = Duration::from_secs(5);

/// How a promotion left the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It ended, and its status says how.
    Over,
    /// It was deleted, or is somebody else's now.
    Gone,
    /// It goes on later, where it is.
    Left,
}

/// One promotion on its way.
pub(super) struct Drive<'a> {
    services: Arc<Services>,
    folders: PathBuf,
    pub(super) job: &'a Job,
    pub(super) steps: &'a [PromotionStep],
    pub(super) status: PromotionStatus,
    not_before: Option<Timestamp>,
    since: Timestamp,
    pub(super) stop: Stop,
    wake: Arc<Notify>,
    turn: Turn,
    pub(super) reporter: Reporter,
    evaluator: Evaluator,
}

impl<'a> Drive<'a> {
    pub(super) fn new(
        services: Arc<Services>,
        folders: &Path,
        job: &'a Job,
        stop: Stop,
        wake: Arc<Notify>,
        turn: Turn,
    ) -> Self {
        let status = begin(&job.status, Timestamp::now());
        let reporter = Report::new(Arc::clone(&services), job).in_background(&status, &stop);
        let evaluator = Evaluator::new(Arc::clone(&services), job);
        Self {
            services,
            folders: folders.to_owned(),
            steps: &job.promotion.spec.steps,
            job,
            status,
            not_before: None,
            since: Timestamp::now(),
            stop,
            wake,
            turn,
            reporter,
            evaluator,
        }
    }

    pub(super) async fn run(mut self) -> End {
        let ended = self.steps().await;
        let status = match (ended, self.stop.reason()) {
            (Ok(status), _) => status,
            (Err(Stopped), Some(Reason::Abort(message))) => {
                abort(&self.status, message, Timestamp::now())
            }
            (Err(Stopped), Some(Reason::Forget | Reason::Lost)) => return End::Gone,
            (Err(Stopped), Some(Reason::Leave) | None) => return End::Left,
        };
        self.turn.give_back().await;
        self.reporter.send(&status);
        self.reporter.flush(&self.stop).await;
        match self.stop.reason() {
            Some(Reason::Forget | Reason::Lost) => End::Gone,
            Some(Reason::Leave) => End::Left,
            Some(Reason::Abort(_)) | None => {
                super::links::note(&self.services, self.job, &status).await;
                super::tell::ended(&self.services, self.job, &status);
                End::Over
            }
        }
    }

    async fn steps(&mut self) -> Result<PromotionStatus, Stopped> {
        let folder = self.open().await?;
        if folder.fresh {
            self.refill(&folder).await?;
        }
        loop {
            let seen = Seen {
                now: Timestamp::now(),
                steps: self.steps,
                status: &self.status,
                not_before: self.not_before,
                driven_since: self.since,
            };
            match decide(&seen) {
                Next::Skip(index) => self.record(index, &Outcome::Skipped),
                Next::Begin(index) => {
                    let outcome = self.begin(index).await?;
                    self.record(index, &outcome);
                }
                Next::Expire(index) => self.record(index, &Outcome::TimedOut),
                Next::Run(index) => {
                    self.reporter.send(&self.status);
                    let outcome = self.work(index, &folder).await?;
                    self.record(index, &outcome);
                    if !self.steps.get(index).is_some_and(fills_workdir) {
                        // What was done outside must be known even if the volume is lost next.
                        self.reporter.send(&self.status);
                        self.reporter.flush(&self.stop).await;
                    }
                }
                Next::Wait(until) => self.rest(until).await?,
                Next::Finish(verdict) => {
                    return Ok(finish(&self.status, &verdict, Timestamp::now()));
                }
            }
        }
    }

    pub(super) fn record(&mut self, index: usize, outcome: &Outcome) {
        let Some(step) = self.steps.get(index) else {
            return;
        };
        let now = Timestamp::now();
        let Recorded { status, not_before } = record(&self.status, (index, step), outcome, now);
        self.status = status;
        self.not_before = not_before;
        super::tell::step(
            &self.services,
            &self.job.promotion,
            &self.status,
            (index, step),
            now,
        );
    }

    /// Evaluates the step's `if`, and looks whether anything can run it.
    async fn begin(&mut self, index: usize) -> Result<Outcome, Stopped> {
        let Some(step) = self.steps.get(index) else {
            return Ok(Outcome::Skipped);
        };
        let condition = self.evaluator.condition(index, &self.status);
        match unless(&self.stop, condition).await? {
            Err(reason) => return Ok(Outcome::ConditionFault(reason)),
            Ok(false) => return Ok(Outcome::Skipped),
            Ok(true) => {}
        }
        let uses = step.uses.as_deref().unwrap_or_default();
        Ok(match steps::runner(uses) {
            Some(_) => Outcome::Started,
            None => Outcome::UnknownKind(stage_check::unknown_kind(uses)),
        })
    }

    /// Runs the step in hand, or takes its outcome from the journal.
    async fn work(&mut self, index: usize, folder: &Folder) -> Result<Outcome, Stopped> {
        let Some(step) = self.steps.get(index) else {
            return Ok(Outcome::Skipped);
        };
        let alias = alias_of(index, step);
        let journal = folder.journal.of_step(&alias);
        // What a step left in a work directory that is lost does not count.
        let work = fills_workdir(step).then_some(folder.id.as_str());
        if let Some(outcome) = kept::find(&journal, work) {
            return Ok(outcome);
        }
        let since = self
            .status
            .step_execution_metadata
            .iter()
            .find(|entry| entry.alias == alias);
        let since = since
            .and_then(|entry| entry.started_at.as_ref())
            .map_or(self.since, |time| time.0.max(self.since));
        let span = tracing::info_span!("step", step.alias = %alias, step.kind = step.uses.as_deref().unwrap_or_default());
        let outcome = self
            .execute((index, step), folder, deadline(step, since))
            .instrument(span)
            .await?;
        if let Err(error) = kept::keep(&journal, &folder.id, &outcome).await {
            // Without the note a crash would run the step again; that is safe, only slower.
            tracing::warn!(%error, "the outcome of step {alias:?} is not in the journal");
        }
        Ok(outcome)
    }

    pub(super) async fn execute(
        &mut self,
        (index, step): (usize, &PromotionStep),
        folder: &Folder,
        deadline: Timestamp,
    ) -> Result<Outcome, Stopped> {
        let alias = alias_of(index, step);
        let uses = step.uses.as_deref().unwrap_or_default();
        let Some(runner) = steps::runner(uses) else {
            return Ok(Outcome::UnknownKind(stage_check::unknown_kind(uses)));
        };
        let evaluated = self.evaluator.config(index, &self.status);
        let config = match unless(&self.stop, evaluated).await? {
            Ok(config) => config,
            Err(reason) => return Ok(Outcome::ConfigFault(reason)),
        };
        unless(&self.stop, self.turn.take()).await?;
        self.turn.hush();
        let run = self.step_run(runner.kind(), alias, config, folder);
        let status = &self.status;
        let reporter = &mut self.reporter;
        let tell = |message: &str| {
            let message = Some(message.to_owned());
            reporter.send(&PromotionStatus {
                message,
                ..status.clone()
            });
        };
        let (cancel, said) = (run.cancel.clone(), run.turn.said());
        let within = Attempt {
            deadline,
            stop: &self.stop,
            cancel,
            said,
        };
        let outcome = attempt(async move { runner.run(&run).await }, within, tell).await?;
        Ok(volume::or_wait(bounded(outcome), folder.workdir.root()))
    }

    fn step_run(
        &self,
        kind: &'static str,
        alias: String,
        config: Value,
        folder: &Folder,
    ) -> StepRun {
        let promotion = &self.job.promotion;
        StepRun {
            kind,
            config,
            workdir: folder.workdir.clone(),
            project: promotion.namespace().unwrap_or_default(),
            stage: promotion.spec.stage.clone(),
            promotion: PromotionId {
                name: promotion.name_any(),
                uid: promotion.uid().unwrap_or_default(),
                actor: promotion.annotations().get(labels::CREATE_ACTOR).cloned(),
            },
            freight: self.status.freight_collection.clone().unwrap_or_default(),
            outputs: self.status.state.clone(),
            previous: self
                .status
                .state
                .get(&alias)
                .and_then(Value::as_object)
                .cloned(),
            services: Arc::clone(&self.services),
            cancel: self.stop.token(),
            journal: folder.journal.of_step(&alias),
            turn: self.turn.clone(),
            alias,
        }
    }

    /// Waits until the time has come, or something wakes the promotion.
    async fn rest(&mut self, until: Timestamp) -> Result<(), Stopped> {
        self.turn.give_back().await;
        self.reporter.send(&self.status);
        let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
        let wake = Arc::clone(&self.wake);
        let rest = async {
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = wake.notified() => {}
            }
        };
        unless(&self.stop, rest).await?;
        self.not_before = None;
        Ok(())
    }

    /// Opens the promotion's folder. A volume that is full or away is waited for; the status says so.
    async fn open(&mut self) -> Result<Folder, Stopped> {
        loop {
            let (folders, uid) = (
                self.folders.clone(),
                self.job.promotion.uid().unwrap_or_default(),
            );
            let opened = tokio::task::spawn_blocking(move || Folder::open(&folders, &uid)).await;
            let error = match opened {
                Ok(Ok(folder)) => return Ok(folder),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            tracing::warn!(%error, "cannot open the promotion's folder; trying again");
            let message = Some(format!(
                "waiting for the volume of work directories: {error}"
            ));
            self.reporter.send(&PromotionStatus {
                message,
                ..self.status.clone()
            });
            unless(&self.stop, tokio::time::sleep(VOLUME_REST)).await?;
        }
    }
}

/// Whether all that the step does is in the work directory.
pub(super) fn fills_workdir(step: &PromotionStep) -> bool {
    step.uses
        .as_deref()
        .and_then(kinds::find)
        .is_some_and(|kind| kind.fills_workdir)
}

/// The result of `work`, unless the task has to stop first.
pub(super) async fn unless<T>(stop: &Stop, work: impl Future<Output = T>) -> Result<T, Stopped> {
    tokio::select! {
        biased;
        () = stop.asked() => Err(Stopped),
        result = work => Ok(result),
    }
}

/// Refuses an output that does not fit into an object of the API server.
fn bounded(outcome: Outcome) -> Outcome {
    let size = |output: &Map<String, Value>| {
        serde_json::to_vec(output).map_or(usize::MAX, |text| text.len())
    };
    match outcome {
        Outcome::Ran(Ran {
            output: Some(output),
            ..
        }) if MAX_OUTPUT < size(&output) => {
            let message = format!("the output is larger than {MAX_OUTPUT} bytes");
            Outcome::Faulted(Fault::broken(message))
        }
        outcome => outcome,
    }
}
