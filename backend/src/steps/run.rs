//! What one run of a step is given.

use std::ffi::OsString;
use std::sync::Arc;

use argosy_api::collection::FreightCollection;
use argosy_core::steps::ConfigError;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::files::reason;
use super::{Fault, Journal, Turn, WorkDir};
use crate::caches::Caches;
use crate::events::Events;
use crate::git::Git;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::telemetry::traces::Traces;
use crate::tools::{Call, Program, ToolError, Tools};

/// Everything that one run of a step is given.
pub struct StepRun {
    /// The name in `uses`.
    pub kind: &'static str,
    /// The configuration, expressions evaluated. [`StepRun::config`] checks and reads it.
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
    /// The promotion's share of what runs at a time.
    pub turn: Turn,
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
    /// For writes, and for the few reads that must not come from a cache. Every call ends within 30 seconds.
    pub client: kube::Client,
    /// What the API server holds.
    pub caches: Caches,
    /// Tells what happened.
    pub events: Events,
    /// What is counted.
    pub metrics: Metrics,
    /// Takes the spans of promotions.
    pub traces: Traces,
    /// What the operator has chosen.
    pub settings: Settings,
    /// Git.
    pub git: Git,
    /// `kustomize` and `helm`.
    pub tools: Tools,
}

impl StepRun {
    /// The configuration as the step's own type, by the step's `parse` in core. What does not fit is terminal.
    ///
    /// # Errors
    /// Worded as Kargo words it.
    pub fn config<C>(&self, parse: fn(&Value) -> Result<C, ConfigError>) -> Result<C, Fault> {
        let wrong = |error| Fault::failed(format!("invalid {} config: {error}", self.kind));
        parse(&self.config).map_err(wrong)
    }

    /// Runs file work on a thread that may block. The closure gets the work directory.
    ///
    /// # Errors
    /// Those of the closure.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&WorkDir) -> Result<T, Fault> + Send + 'static,
    {
        let workdir = self.workdir.clone();
        let done = tokio::task::spawn_blocking(move || work(&workdir)).await;
        done.unwrap_or_else(|error| Err(Fault::broken(format!("file work ended early: {error}"))))
    }

    /// A folder outside the work directory for what lies between, removed when dropped.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn scratch(&self) -> Result<TempDir, Fault> {
        let cannot = |error| {
            Fault::errored(format!(
                "cannot make a temporary folder: {}",
                reason(&error)
            ))
        };
        tempfile::tempdir().map_err(cannot)
    }

    /// Runs a program in the work directory and returns what it prints.
    ///
    /// # Errors
    /// What the program says.
    pub async fn program(&self, program: Program, args: Vec<OsString>) -> Result<String, Fault> {
        self.program_at(&self.scratch()?, program, args, &[]).await
    }

    /// As [`StepRun::program`], with a home that several runs share, and bytes on standard input.
    ///
    /// # Errors
    /// What the program says.
    pub async fn program_at(
        &self,
        home: &TempDir,
        program: Program,
        args: Vec<OsString>,
        stdin: &[u8],
    ) -> Result<String, Fault> {
        let call = Call {
            program,
            args,
            folder: self.workdir.root(),
            home: home.path(),
            stdin,
        };
        let printed = self
            .services
            .tools
            .run(call)
            .await
            .map_err(|error| self.of_program(&error))?;
        String::from_utf8(printed)
            .map_err(|_| Fault::broken("what the program printed is not UTF-8 text"))
    }

    fn of_program(&self, error: &ToolError) -> Fault {
        // Where the work directory lies means nothing to the reader.
        let root = format!("{}/", self.workdir.root().display());
        let message = error.to_string().replace(&root, "");
        match error {
            ToolError::TooMuch { .. } => Fault::broken(message),
            ToolError::Start { .. } | ToolError::Refused { .. } | ToolError::Read { .. } => {
                Fault::errored(message)
            }
        }
    }
}
