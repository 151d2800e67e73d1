//! The runners of promotion steps: one file for each kind, named like the step.
//! Whether a step runs, and what becomes of its outcome, is decided in `argosy_core::promotion`; a runner only acts.

mod compose_output;
mod copy;
mod delete;
mod fail;
mod files;
mod journal;
mod workdir;

use std::sync::Arc;

use argosy_api::collection::FreightCollection;
use argosy_core::steps::ConfigError;
use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

pub use argosy_core::promotion::{Fault, Progress, Ran};
pub use journal::{Journal, JournalError};
pub use workdir::WorkDir;

use crate::tools::Tools;

/// Every runner there is. A test compares them with the kinds that `argosy_core::steps` knows.
static RUNNERS: &[&dyn Runner] = &[
    &compose_output::ComposeOutput,
    &copy::Copy,
    &delete::Delete,
    &fail::Fail,
];

/// What runs steps of this kind.
#[must_use]
pub fn runner(kind: &str) -> Option<&'static dyn Runner> {
    RUNNERS.iter().find(|runner| runner.kind() == kind).copied()
}

/// Runs one kind of step.
///
/// A runner must be safe to repeat: after a crash it is called again with the same [`StepRun`], and it cannot know how
/// far the first call came. So it looks at the world before it changes it (the remote head, the pull request of the
/// branch, the operation keyed by the promotion), and what it cannot see again it notes in the [`Journal`] beforehand.
#[async_trait]
pub trait Runner: Send + Sync {
    /// The name in `uses`.
    fn kind(&self) -> &'static str;

    /// Runs the step once. The caller drops the future when the step times out or the promotion is aborted, so
    /// whatever must be tidied up then belongs into a guard, or listens to [`StepRun::cancel`].
    async fn run(&self, run: &StepRun) -> Result<Ran, Fault>;
}

/// Everything that one run of a step is given.
pub struct StepRun {
    /// The name in `uses`.
    pub kind: &'static str,
    /// The configuration, expressions evaluated, accepted by the step's schema.
    pub config: Value,
    /// The promotion's folder.
    pub workdir: WorkDir,
    /// The project, which is also the namespace.
    pub project: String,
    /// The name of the Stage.
    pub stage: String,
    /// The promotion that the step belongs to.
    pub promotion: PromotionId,
    /// The step's alias.
    pub alias: String,
    /// What is being promoted.
    pub freight: FreightCollection,
    /// The outputs of the earlier steps by alias.
    pub outputs: Map<String, Value>,
    /// What an earlier, unfinished run of this very step returned as its output.
    pub previous: Option<Map<String, Value>>,
    /// Clients and programs.
    pub services: Arc<Services>,
    /// Cancelled when the step has to stop at once.
    pub cancel: CancellationToken,
    /// What this step noted before a crash.
    pub journal: Journal,
}

impl StepRun {
    /// The configuration as the step's own type, by the step's `parse` in core. What does not fit is terminal.
    pub fn config<C>(&self, parse: fn(&Value) -> Result<C, ConfigError>) -> Result<C, Fault> {
        parse(&self.config)
            .map_err(|error| Fault::failed(format!("invalid {} config: {error}", self.kind)))
    }

    /// Runs file work on a thread that may block. The closure gets the work directory.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&WorkDir) -> Result<T, Fault> + Send + 'static,
    {
        let workdir = self.workdir.clone();
        tokio::task::spawn_blocking(move || work(&workdir))
            .await
            .unwrap_or_else(|error| Err(Fault::broken(format!("file work ended early: {error}"))))
    }
}

/// Names of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionId {
    /// The object's name.
    pub name: String,
    /// The object's uid.
    pub uid: String,
    /// Who asked for it, as `create-actor` says; none if the controller did.
    pub actor: Option<String>,
}

/// The clients and programs that runners use. One for the whole process.
pub struct Services {
    /// The client of the cluster in which Argo CD and the projects live.
    pub kube: kube::Client,
    /// `kustomize` and `helm`.
    pub tools: Tools,
    /// The namespace of Argo CD's Applications where a step names none.
    pub argocd_namespace: String,
}
