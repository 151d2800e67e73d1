//! How fast one registry is asked: a rate, a number of open requests, and silence after a 429.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// Open requests to one registry. More would not be faster and would upset small ones.
const OPEN_REQUESTS: usize = 32;
/// The first silence after a 429; it doubles up to [`LONGEST_SILENCE`]. `Retry-After` can only make
/// it longer: a registry that says "0" again and again is not asked ten times a second.
const FIRST_SILENCE: Duration = Duration::from_millis(500);
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// What a registry may ask for at most. A wrong header must not silence it for a week.
const LONGEST_ASKED: Duration = Duration::from_secs(6 * 60 * 60);

pub(super) struct Pace {
    rate: DefaultDirectRateLimiter,
    open: Semaphore,
    silence: Mutex<Silence>,
}

#[derive(Default)]
struct Silence {
    until: Option<Instant>,
    strikes: u32,
}

/// The registry wants to be left alone for longer than the caller waits.
#[derive(Debug, PartialEq)]
pub(super) struct TooLong(pub(super) Duration);

impl Pace {
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        Self {
            rate: RateLimiter::direct(Quota::per_second(per_second)),
            open: Semaphore::new(OPEN_REQUESTS),
            silence: Mutex::default(),
        }
    }

    /// Waits for one's turn. Silence longer than `patience` is an error at once, so that nobody
    /// sits in a queue for an hour; waiting for the rate alone has no bound but the queue's length.
    pub(super) async fn turn(&self, patience: Duration) -> Result<SemaphorePermit<'_>, TooLong> {
        loop {
            self.wait_out(patience).await?;
            let permit = self
                .open
                .acquire()
                .await
                .expect("the semaphore is never closed");
            self.rate.until_ready().await;
            if self.silent_until().is_none() {
                return Ok(permit);
            }
        }
    }

    /// Notes a 429 and returns how long everybody is silent now.
    pub(super) fn slow_down(&self, asked: Option<Duration>) -> Duration {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // Requests that were under way together are refused together: that is one strike, not ten.
        if silence.until.is_none_or(|until| until <= now) {
            silence.strikes += 1;
        }
        let doublings = silence.strikes.saturating_sub(1).min(7);
        let ours = (FIRST_SILENCE * 2_u32.pow(doublings)).min(LONGEST_SILENCE);
        let wait = asked.unwrap_or_default().min(LONGEST_ASKED).max(ours);
        let until = silence
            .until
            .map_or(now + wait, |until| until.max(now + wait));
        silence.until = Some(until);
        until - now
    }

    /// Notes an answer that is not a 429.
    pub(super) fn answered(&self) {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        if silence.until.is_some_and(|until| until <= Instant::now()) {
            *silence = Silence::default();
        }
    }

    async fn wait_out(&self, patience: Duration) -> Result<(), TooLong> {
        while let Some(until) = self.silent_until() {
            let left = until - Instant::now();
            if patience < left {
                return Err(TooLong(left));
            }
            sleep_until(until).await;
        }
        Ok(())
    }

    fn silent_until(&self) -> Option<Instant> {
        let silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        silence.until.filter(|until| Instant::now() < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(NonZeroU32::MIN.saturating_add(999))
    }

    #[tokio::test(start_paused = true)]
    async fn silence_doubles_until_an_answer() {
        let pace = pace();
        for expected in [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
            assert_eq!(pace.slow_down(None), Duration::from_millis(expected));
            drop(pace.turn(LONGEST_SILENCE).await.unwrap());
        }
        pace.answered();
        assert_eq!(pace.slow_down(None), FIRST_SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_that_come_together_count_once() {
        let pace = pace();
        for _ in 0..10 {
            assert_eq!(pace.slow_down(Some(Duration::ZERO)), FIRST_SILENCE);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_waits_until_the_registry_listens_again() {
        let pace = pace();
        pace.slow_down(Some(Duration::from_secs(30)));
        let before = Instant::now();
        drop(pace.turn(Duration::from_secs(60)).await.unwrap());
        assert_eq!(before.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_silence_than_our_patience_is_told_at_once() {
        let pace = pace();
        pace.slow_down(Some(Duration::from_secs(3600)));
        let before = Instant::now();
        let refused = pace.turn(Duration::from_secs(60)).await.err();
        assert_eq!(refused, Some(TooLong(Duration::from_secs(3600))));
        assert_eq!(before.elapsed(), Duration::ZERO);
    }
}
