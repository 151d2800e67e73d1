//! Limits to waiting for a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::address::Endpoint;
use super::http::Limits;

/// Notices silence and cancellation.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) repository: String,
    limit: Duration,
    cancel: CancellationToken,
    began: Instant,
    // Milliseconds from `began` to the last sign of life.
    heard: Arc<AtomicU64>,
}

impl Watch {
    /// Begins to watch what a server does.
    pub(super) fn new(to: &Endpoint, limits: &Limits, cancel: &CancellationToken) -> Self {
        Self {
            repository: to.repository.clone(),
            limit: limits.stall,
            cancel: cancel.clone(),
            began: Instant::now(),
            heard: Arc::default(),
        }
    }

    /// Notes a sign of life.
    pub(super) fn alive(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(since, Ordering::Relaxed);
    }

    /// Waits for `work`, but not for a server that is silent for too long, nor when cancelled.
    pub(super) async fn guard<T>(
        &self,
        work: impl Future<Output = Result<T, GitError>>,
    ) -> Result<T, GitError> {
        tokio::pin!(work);
        loop {
            let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
            let deadline = self.began + heard + self.limit;
            if deadline <= Instant::now() {
                return Err(GitError::Stalled {
                    repository: self.repository.clone(),
                    seconds: self.limit.as_secs(),
                });
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(GitError::Cancelled),
                done = &mut work => return done,
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }
}
