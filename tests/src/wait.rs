//! Waiting for the world to get where it should.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Repeat `attempt` until it succeeds, at short but growing intervals.
///
/// `what` completes the sentence "… did not happen". An attempt that fails says why not yet.
///
/// # Errors
/// When the time is over; the cause is what the last attempt said.
pub async fn wait_for<T, F>(
    what: &str,
    within: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let begin = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        match attempt().await {
            Ok(found) => return Ok(found),
            Err(reason) if within <= begin.elapsed() => {
                return Err(reason).with_context(|| format!("not within {within:?}: {what}"));
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 3 / 2).min(Duration::from_millis(250));
    }
}
