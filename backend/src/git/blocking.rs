//! Work that blocks, on threads of its own.

use super::GitError;

/// Does work that blocks without keeping other tasks from running.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    // The work is not cancelled: that happens when the process ends, or it panicked.
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(GitError::Cancelled))
}
