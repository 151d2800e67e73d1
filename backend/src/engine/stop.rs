//! Why a promotion's task has to stop.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Tells a task to stop, once. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    reason: OnceLock<Reason>,
    token: CancellationToken,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody wants the promotion to end; the text says who.
    Abort(String),
    /// The promotion was deleted.
    Forget,
    /// Somebody else has ended it, or drives it.
    Lost,
    /// This process ends, or no longer leads.
    Leave,
}

impl Stop {
    /// Stops the task. Only the first reason counts.
    pub(super) fn now(&self, reason: Reason) {
        let _ = self.0.reason.set(reason);
        self.0.token.cancel();
    }

    /// The reason, if it is to stop.
    pub(super) fn reason(&self) -> Option<&Reason> {
        self.0.reason.get()
    }

    /// Returns when it is to stop.
    pub(super) async fn asked(&self) {
        self.0.token.cancelled().await;
    }

    /// A token for a step, cancelled with the task.
    pub(super) fn token(&self) -> CancellationToken {
        self.0.token.child_token()
    }
}
