//! Which objects a controller still has to look at, and the loop that looks at them.
//!
//! A controller is a subscription that turns changes into keys, and a function that brings one key up to date:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use argosy::cache::Key;
//! # use argosy::context::Context;
//! # use argosy::queue::{Again, Controller, Queue};
//! # use k8s_openapi::api::core::v1::Namespace;
//! # use tokio_util::sync::CancellationToken;
//! # #[derive(Debug, thiserror::Error)] enum Error {}
//! # struct Seen { name: String }
//! # async fn observe(_: &Context, key: Key) -> Result<Option<Seen>, Error> { Ok(Some(Seen { name: key.name })) }
//! # fn decide(_: &Seen) {}
//! # async fn apply(_: &Context, _: &Seen, _: ()) -> Result<(), Error> { Ok(()) }
//! /// Runs while this process leads; dropping the future stops it at once.
//! pub async fn run(context: Arc<Context>, stop: CancellationToken) {
//!     let queue = Queue::default();
//!     // Called for all that there is, then for every change. Quick: it only names keys.
//!     let due = queue.clone();
//!     let _namespaces = context.caches.namespaces.subscribe(move |change| due.add(change.key.clone()));
//!     let controller = Controller { name: "namespace", concurrency: 4, timeout: None };
//!     controller
//!         .drive(&context.metrics, &queue, stop, |key| reconcile(Arc::clone(&context), key))
//!         .await;
//! }
//!
//! async fn reconcile(context: Arc<Context>, key: Key) -> Result<Again, Error> {
//!     let Some(seen) = observe(&context, key).await? else { return Ok(Again::Rest) };
//!     let decision = decide(&seen);
//!     apply(&context, &seen, decision).await?;
//!     Ok(Again::Rest)
//! }
//! ```

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cache::Key;
use crate::metrics::{Metrics, Reconciled};
use crate::telemetry::chain;

/// When to look at a key again, provided that nothing changes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// When something changes.
    Rest,
    /// At this time.
    At(Timestamp),
    /// At once, after those that wait already.
    Now,
}

/// Keys that wait, each with a time. A key is in it once, at the earliest time asked for, and is given to one worker
/// at a time; asked for while a worker has it, it comes again afterwards. Clones share the same content.
pub struct Queue<T = Key>(Arc<Shared<T>>);

/// How the keys of a queue are worked on.
#[derive(Clone, Copy, Debug)]
pub struct Controller {
    /// Names it in logs and metrics.
    pub name: &'static str,
    /// So many keys at a time.
    pub concurrency: usize,
    /// Longer than this and the attempt counts as failed. Two minutes if absent.
    pub timeout: Option<Duration>,
}

/// The first delay after a failure; it doubles each time.
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// Delays grow no further than this.
const LAST_RETRY: Duration = Duration::from_secs(60);
/// The longest delay when the object changed during the failed attempt.
const RETRY_CHANGED: Duration = Duration::from_secs(1);
/// An attempt makes a handful of requests, each with its own time limit. This catches what has none.
const TIMEOUT: Duration = Duration::from_secs(120);

struct Shared<T> {
    state: Mutex<State<T>>,
    /// Told when the earliest time may have changed.
    earlier: Notify,
}

struct State<T> {
    due: BTreeMap<(Instant, u64), T>,
    entries: HashMap<T, Entry>,
    /// Makes times unique, and equal times first come, first served.
    sequence: u64,
}

#[derive(Default)]
struct Entry {
    waiting: Option<(Instant, u64)>,
    running: bool,
    failures: u32,
}

impl<T: Clone + Eq + Hash> Queue<T> {
    /// Asks for a key as soon as a worker is free.
    pub fn add(&self, key: T) {
        self.add_after(key, Duration::ZERO);
    }

    /// Asks for a key at a time; one that has passed means now.
    pub fn add_at(&self, key: T, at: Timestamp) {
        self.add_after(key, until(at));
    }

    /// Asks for a key after a delay.
    pub fn add_after(&self, key: T, delay: Duration) {
        self.lock().schedule(key, Instant::now() + delay);
        self.0.earlier.notify_one();
    }

    /// How many keys wait for a worker or are with one; those with a time in the future do not count.
    #[must_use]
    pub fn depth(&self) -> usize {
        let state = self.lock();
        let running = state.entries.values().filter(|entry| entry.running).count();
        running + state.due.range(..=(Instant::now(), u64::MAX)).count()
    }

    /// The next key that is due; waits for one. It belongs to the caller until `done`.
    async fn next(&self) -> T {
        loop {
            let earliest = {
                let mut state = self.lock();
                match state.take(Instant::now()) {
                    Ok(key) => return key,
                    Err(earliest) => earliest,
                }
            };
            let told = self.0.earlier.notified();
            match earliest {
                Some(at) => drop(tokio::time::timeout_at(at, told).await),
                None => told.await,
            }
        }
    }

    /// A worker gives a key back; without an outcome it has failed.
    fn done(&self, key: &T, outcome: Option<Again>) {
        let mut state = self.lock();
        let Some(entry) = state.entries.get_mut(key) else {
            return;
        };
        let now = Instant::now();
        entry.running = false;
        let asked = entry.waiting.take().map(|(at, _)| at);
        let next = match outcome {
            Some(again) => {
                entry.failures = 0;
                let own = again.delay().map(|delay| now + delay);
                asked.into_iter().chain(own).min()
            }
            None => {
                entry.failures = entry.failures.saturating_add(1);
                let delay = retry_delay(entry.failures);
                // What changed meanwhile may have cured it, or may be what the attempt itself has written.
                Some(
                    now + if asked.is_some() {
                        delay.min(RETRY_CHANGED)
                    } else {
                        delay
                    },
                )
            }
        };
        match next {
            Some(at) => state.schedule(key.clone(), at),
            None => drop(state.entries.remove(key)),
        }
        drop(state);
        self.0.earlier.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone + Eq + Hash> State<T> {
    fn schedule(&mut self, key: T, at: Instant) {
        self.sequence += 1;
        let place = (at, self.sequence);
        let entry = self.entries.entry(key.clone()).or_default();
        if let Some(known) = entry.waiting {
            if known.0 <= at {
                return;
            }
            self.due.remove(&known);
        }
        entry.waiting = Some(place);
        // A key that a worker has is put in line when the worker gives it back.
        if !entry.running {
            self.due.insert(place, key);
        }
    }

    /// The first key that is due, or else the time at which one will be.
    fn take(&mut self, now: Instant) -> Result<T, Option<Instant>> {
        let Some(first) = self.due.first_entry() else {
            return Err(None);
        };
        let at = first.key().0;
        if now < at {
            return Err(Some(at));
        }
        let key = first.remove();
        let entry = self.entries.entry(key.clone()).or_default();
        entry.waiting = None;
        entry.running = true;
        Ok(key)
    }
}

impl Again {
    fn delay(self) -> Option<Duration> {
        match self {
            Self::Rest => None,
            Self::At(at) => Some(until(at)),
            Self::Now => Some(Duration::ZERO),
        }
    }
}

impl Controller {
    /// Works on the keys of `queue` until `stop`, then drops what is under way and returns. An error or a panic is
    /// logged and counted, and the key comes again after a delay that doubles each time.
    pub async fn drive<T, F, Fut, E>(
        &self,
        metrics: &Metrics,
        queue: &Queue<T>,
        stop: CancellationToken,
        reconcile: F,
    ) where
        T: Clone + Eq + Hash + Display + Send + 'static,
        F: Fn(T) -> Fut,
        Fut: Future<Output = Result<Again, E>> + Send + 'static,
        E: std::error::Error + Send + 'static,
    {
        let Self {
            name,
            concurrency,
            timeout,
        } = *self;
        let timeout = timeout.unwrap_or(TIMEOUT);
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = running.join_next() => {
                    if let Ok((key, outcome)) = ended {
                        queue.done(&key, outcome);
                    }
                }
                key = queue.next(), if running.len() < concurrency.max(1) => {
                    let attempt = attempt(name, timeout, metrics.clone(), key.clone(), reconcile(key));
                    running.spawn(attempt);
                }
            }
            metrics.queue_depth(name, queue.depth());
        }
        // Whoever leads now may be working on the same keys already.
        running.shutdown().await;
    }
}

async fn attempt<T: Display, E: std::error::Error + 'static>(
    controller: &'static str,
    timeout: Duration,
    metrics: Metrics,
    key: T,
    reconcile: impl Future<Output = Result<Again, E>>,
) -> (T, Option<Again>) {
    let began = Instant::now();
    let guarded = AssertUnwindSafe(reconcile).catch_unwind();
    let (outcome, again) = match tokio::time::timeout(timeout, guarded).await {
        Ok(Ok(Ok(Again::Rest))) => (Reconciled::Rested, Some(Again::Rest)),
        Ok(Ok(Ok(again))) => (Reconciled::Rescheduled, Some(again)),
        Ok(Ok(Err(error))) if is_conflict(&error) => {
            tracing::debug!(controller, key = %key, "`{key}` changed meanwhile, trying again");
            (Reconciled::Conflicted, None)
        }
        Ok(Ok(Err(error))) => {
            tracing::warn!(controller, key = %key, error = %chain(&error), "cannot bring {controller} `{key}` up to date");
            (Reconciled::Failed, None)
        }
        Ok(Err(_panic)) => {
            tracing::error!(controller, key = %key, "panic while bringing {controller} `{key}` up to date");
            (Reconciled::Panicked, None)
        }
        Err(_elapsed) => {
            let seconds = timeout.as_secs();
            tracing::warn!(controller, key = %key, "gave up on {controller} `{key}` after {seconds} s");
            (Reconciled::TimedOut, None)
        }
    };
    metrics.reconciled(controller, outcome, began.elapsed());
    (key, again)
}

/// Whether somebody else wrote first, which another look cures.
fn is_conflict(error: &(dyn std::error::Error + 'static)) -> bool {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut statuses = chain.filter_map(|error| match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) => Some(status),
        _ => None,
    });
    statuses.any(|status| status.code == 409 && status.reason == "Conflict")
}

fn retry_delay(failures: u32) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(1 << failures.saturating_sub(1).min(16));
    // Spread, so that keys that failed together do not come back together.
    doubled.min(LAST_RETRY).mul_f64(0.8 + fastrand::f64() * 0.4)
}

fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let state = State {
            due: BTreeMap::new(),
            entries: HashMap::new(),
            sequence: 0,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            earlier: Notify::new(),
        }))
    }
}

#[cfg(test)]
mod tests;
