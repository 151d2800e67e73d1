//! What can come of a step.

use argosy_api::step::HealthCheckStep;
use jiff::SignedDuration;
use serde_json::{Map, Value};

/// What came of one move on a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its `if` said no, or an earlier step failed and it has no `if`.
    Skipped,
    /// Its `if` could not be evaluated, for this reason.
    ConditionFault(String),
    /// Nothing runs steps of its kind; the text says so.
    UnknownKind(String),
    /// It starts.
    Started,
    /// Its variables or configuration could not be evaluated, for this reason.
    ConfigFault(String),
    /// It ran and did not fail.
    Ran(Ran),
    /// It ran and failed.
    Faulted(Fault),
    /// It had its time.
    TimedOut,
}

/// What a run that did not fail came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// Whether the step is through.
    pub progress: Progress,
    /// What later steps see as `outputs.<alias>`.
    pub output: Option<Map<String, Value>>,
    /// A check that the Stage makes of its health from now on. Kept only if the step succeeded.
    pub health_check: Option<HealthCheckStep>,
    /// One line for people: what was left undone, or what is being waited for.
    pub message: Option<String>,
}

/// Whether a step is through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Done.
    Succeeded,
    /// There was nothing to do.
    Skipped,
    /// Not done yet.
    Running {
        /// Run it again after this time, or when it is woken.
        retry_after: SignedDuration,
    },
}

/// Why a run failed, and whether another one may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// How the step is called once it gives up.
    pub kind: FaultKind,
    /// Whether the step's `errorThreshold` applies.
    pub retry: Retry,
    /// For people. It ends up in the promotion's status, so it holds no secrets.
    pub message: String,
}

/// How a step that gave up is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It did its work, and the answer is no.
    Failed,
    /// It could not do its work.
    Errored,
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Until the step's `errorThreshold` or its timeout is met.
    Allowed,
    /// The same input will fail again.
    Never,
}

impl Ran {
    /// The step is done.
    #[must_use]
    pub fn succeeded() -> Self {
        Self {
            progress: Progress::Succeeded,
            output: None,
            health_check: None,
            message: None,
        }
    }

    /// There was nothing to do, for this reason.
    #[must_use]
    pub fn skipped(message: impl Into<String>) -> Self {
        let message = Some(message.into());
        Self {
            progress: Progress::Skipped,
            message,
            ..Self::succeeded()
        }
    }

    /// The step waits for something outside, which the message names.
    #[must_use]
    pub fn running(retry_after: SignedDuration, message: impl Into<String>) -> Self {
        let message = Some(message.into());
        Self {
            progress: Progress::Running { retry_after },
            message,
            ..Self::succeeded()
        }
    }

    /// Adds one output.
    #[must_use]
    pub fn with_output(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.output
            .get_or_insert_default()
            .insert(name.to_owned(), value.into());
        self
    }

    /// Adds a health check.
    #[must_use]
    pub fn with_health_check(mut self, check: HealthCheckStep) -> Self {
        self.health_check = Some(check);
        self
    }
}

impl Fault {
    /// The answer is no, and will stay no.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Failed,
            retry: Retry::Never,
            message: message.into(),
        }
    }

    /// The step cannot work with this input, now or later.
    pub fn broken(message: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Errored,
            retry: Retry::Never,
            message: message.into(),
        }
    }

    /// The world did not answer as it should; next time it may.
    pub fn errored(message: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Errored,
            retry: Retry::Allowed,
            message: message.into(),
        }
    }

    /// Whether another attempt may help.
    #[must_use]
    pub fn may_help(&self) -> bool {
        self.retry == Retry::Allowed
    }

    /// The answer is no, but may change: a condition outside is not met.
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Failed,
            retry: Retry::Allowed,
            message: message.into(),
        }
    }
}
