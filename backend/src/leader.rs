//! One replica at a time runs the controllers: the one that holds the Lease.
//!
//! A replica that is gone is replaced within 15 seconds; one that is asked to stop hands over at once. Followers watch
//! the Lease and send nothing. Correctness rests on the API server alone: a Lease is only ever replaced in the version
//! that was seen, so of two that take it one is refused. No clock of another machine is believed; an age is measured
//! from when this replica saw the Lease change.

use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryFutureExt as _};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::core::ObjectMeta;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::telemetry::chain;

/// Who competes for which Lease.
pub struct Election {
    /// Reads and writes the Lease.
    pub client: Client,
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub lease: String,
    /// Tells this replica from all others, also from an earlier life of its own.
    pub identity: String,
    /// Where it is told who leads.
    pub metrics: Metrics,
}

/// Others may take the Lease when it has not been renewed for this long. With the time to notice and to take it, a
/// successor works within 15 seconds.
const DURATION: Duration = Duration::from_secs(10);
/// The holder renews this often.
const RENEW: Duration = Duration::from_secs(3);
/// The holder stops working when it could not renew for this long, two seconds before others may begin.
const GIVE_UP: Duration = Duration::from_secs(8);
/// One request takes no longer, so that several fit before giving up.
const CALL: Duration = Duration::from_millis(2_500);
/// Between attempts that the API server does not answer.
const RETRY: Duration = Duration::from_millis(500);
/// Work that does not stop in this time after the Lease was lost is aborted.
const STOPPING: Duration = Duration::from_secs(1);
/// As long may it take when the process is to stop: the Lease is still ours.
const FAREWELL: Duration = Duration::from_secs(6);

/// Why the Lease could not be written or read.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("somebody else was faster")]
    Outrun,
    #[error("the API server did not answer in time")]
    Silent,
    #[error(transparent)]
    Api(kube::Error),
}

enum End {
    /// The process is to stop.
    Asked,
    /// The Lease is somebody else's, or could not be renewed.
    Lost,
    /// The work ended by itself, which it should not.
    Idle,
}

impl Election {
    /// Runs `work` whenever this replica leads, until `stop`. `work` ends when its token is cancelled: at once, because
    /// another replica may be about to begin. Then the competition starts anew.
    pub async fn lead<F, Fut>(&self, stop: &CancellationToken, work: F)
    where
        F: Fn(CancellationToken) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        loop {
            let taken = tokio::select! {
                () = stop.cancelled() => return,
                taken = self.acquire() => taken,
            };
            tracing::info!(lease = self.lease, identity = self.identity, "leading");
            self.metrics.leading(true);
            let running = CancellationToken::new();
            let mut task = tokio::spawn(work(running.clone()));
            let (end, held) = self.hold(taken, stop, &mut task).await;
            running.cancel();
            let patience = match end {
                End::Asked => FAREWELL,
                End::Lost | End::Idle => STOPPING,
            };
            if tokio::time::timeout(patience, &mut task).await.is_err() {
                task.abort();
            }
            self.metrics.leading(false);
            match end {
                End::Asked => return self.release(held).await,
                End::Lost => tracing::warn!(lease = self.lease, "no longer leading"),
                End::Idle => {
                    tracing::error!(
                        lease = self.lease,
                        "the controllers ended by themselves, starting them again"
                    );
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Waits until the Lease is free, and takes it. Gives it with the time at which that was asked for.
    async fn acquire(&self) -> (Lease, Instant) {
        let mut events = self.watch();
        let mut known = Known::default();
        loop {
            let free_at = known.free_at(&self.identity);
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => known.take_in(event),
                    Some(Err(error)) => {
                        tracing::debug!(error = %chain(&error), "cannot watch the lease, trying again");
                        tokio::time::sleep(spread(RETRY)).await;
                    }
                    None => events = self.watch(),
                },
                () = sleep_until(free_at) => {
                    let asked = Instant::now();
                    match self.take(known.lease()).await {
                        Ok(lease) => return (lease, asked),
                        Err(refused) => {
                            tracing::debug!(error = %chain(&refused), "cannot take the lease");
                            // What made the attempt fail comes by the watch; this covers a watch that lags.
                            tokio::time::sleep(spread(RETRY)).await;
                            if let Ok(lease) = self.read().await {
                                known.see(lease);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Renews the Lease until there is a reason to stop.
    async fn hold(
        &self,
        (mut lease, mut renewed): (Lease, Instant),
        stop: &CancellationToken,
        work: &mut JoinHandle<()>,
    ) -> (End, Lease) {
        let mut pause = RENEW;
        let mut told = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return (End::Asked, lease),
                _ = &mut *work => return (End::Idle, lease),
                () = tokio::time::sleep(pause) => {}
            }
            let asked = Instant::now();
            let renewal = tokio::time::timeout_at(renewed + GIVE_UP, self.renew(&lease));
            match renewal.await.unwrap_or(Err(Refused::Silent)) {
                Ok(newer) => {
                    (lease, renewed, pause, told) = (newer, asked, RENEW, false);
                    continue;
                }
                Err(Refused::Outrun) => return (End::Lost, lease),
                Err(refused) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(error = %chain(&refused), lease = self.lease, "cannot renew the lease, trying again");
                    }
                    pause = RETRY;
                }
            }
            if GIVE_UP <= renewed.elapsed() + pause {
                return (End::Lost, lease);
            }
        }
    }

    async fn take(&self, known: Option<&Lease>) -> Result<Lease, Refused> {
        let spec = known
            .and_then(|lease| lease.spec.clone())
            .unwrap_or_default();
        let now = Some(MicroTime(Timestamp::now()));
        let changes = spec.holder_identity.as_deref() != Some(self.identity.as_str());
        let spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: now.clone(),
            renew_time: now,
            lease_transitions: Some(
                spec.lease_transitions
                    .unwrap_or(0)
                    .saturating_add(i32::from(changes)),
            ),
            ..spec
        };
        match known {
            Some(lease) => {
                self.replace(Lease {
                    spec: Some(spec),
                    ..lease.clone()
                })
                .await
            }
            None => {
                let metadata = ObjectMeta {
                    name: Some(self.lease.clone()),
                    ..ObjectMeta::default()
                };
                let lease = Lease {
                    metadata,
                    spec: Some(spec),
                };
                call(async { self.api().create(&PostParams::default(), &lease).await }).await
            }
        }
    }

    /// Says again that we are here. Somebody who changed a label of the Lease meanwhile does no harm.
    async fn renew(&self, lease: &Lease) -> Result<Lease, Refused> {
        let renewed = |lease: &Lease| {
            let spec = lease.spec.clone().unwrap_or_default();
            let spec = LeaseSpec {
                renew_time: Some(MicroTime(Timestamp::now())),
                ..spec
            };
            Lease {
                spec: Some(spec),
                ..lease.clone()
            }
        };
        match self.replace(renewed(lease)).await {
            Err(Refused::Outrun) => {}
            answer => return answer,
        }
        match self.read().await? {
            Some(lease) if holder(&lease) == Some(self.identity.as_str()) => {
                self.replace(renewed(&lease)).await
            }
            Some(_) | None => Err(Refused::Outrun),
        }
    }

    /// Gives the Lease back, so that a follower need not wait until it is too old.
    async fn release(&self, lease: Lease) {
        let spec = LeaseSpec {
            holder_identity: None,
            ..lease.spec.clone().unwrap_or_default()
        };
        match self
            .replace(Lease {
                spec: Some(spec),
                ..lease
            })
            .await
        {
            Ok(_) => tracing::info!(lease = self.lease, "handed over"),
            Err(refused) => {
                tracing::warn!(error = %chain(&refused),
                    lease = self.lease,
                    "cannot hand over; a follower takes over later"
                );
            }
        }
    }

    async fn read(&self) -> Result<Option<Lease>, Refused> {
        call(async { self.api().get_opt(&self.lease).await }).await
    }

    async fn replace(&self, lease: Lease) -> Result<Lease, Refused> {
        call(async {
            self.api()
                .replace(&self.lease, &PostParams::default(), &lease)
                .await
        })
        .await
    }

    fn watch(&self) -> BoxStream<'static, watcher::Result<Event<Lease>>> {
        let only = format!("metadata.name={}", self.lease);
        watcher(self.api(), watcher::Config::default().fields(&only)).boxed()
    }

    fn api(&self) -> Api<Lease> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

/// What a follower knows of the Lease.
#[derive(Default)]
struct Known {
    state: State,
    /// Whether the listing in progress has named it.
    listed: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Unknown,
    Absent,
    /// As it was when it last changed, and when that was seen.
    There(Box<Lease>, Instant),
}

impl Known {
    fn take_in(&mut self, event: Event<Lease>) {
        match event {
            Event::Init => self.listed = false,
            Event::InitApply(lease) => {
                self.listed = true;
                self.see(Some(lease));
            }
            Event::InitDone if self.listed => {}
            Event::InitDone | Event::Delete(_) => self.see(None),
            Event::Apply(lease) => self.see(Some(lease)),
        }
    }

    fn see(&mut self, found: Option<Lease>) {
        let version = |lease: &Lease| lease.metadata.resource_version.clone();
        self.state = match (std::mem::take(&mut self.state), found) {
            // Seen again, it is as old as it was.
            (State::There(known, since), Some(found)) if version(&known) == version(&found) => {
                State::There(known, since)
            }
            (_, Some(found)) => State::There(Box::new(found), Instant::now()),
            (_, None) => State::Absent,
        };
    }

    fn lease(&self) -> Option<&Lease> {
        match &self.state {
            State::There(lease, _) => Some(lease),
            State::Absent | State::Unknown => None,
        }
    }

    /// When the Lease may be taken; `None`: not as long as nothing more is known.
    fn free_at(&self, identity: &str) -> Option<Instant> {
        match &self.state {
            State::Unknown => None,
            State::Absent => Some(Instant::now()),
            State::There(lease, since) => match holder(lease) {
                None => Some(Instant::now()),
                Some(holder) if holder == identity => Some(Instant::now()),
                Some(_) => Some(*since + duration(lease)),
            },
        }
    }
}

/// Who holds it; an empty name is nobody.
fn holder(lease: &Lease) -> Option<&str> {
    let holder = lease.spec.as_ref()?.holder_identity.as_deref()?;
    (!holder.is_empty()).then_some(holder)
}

/// How long its holder asked to be waited for; within reason.
fn duration(lease: &Lease) -> Duration {
    let seconds = lease
        .spec
        .as_ref()
        .and_then(|spec| spec.lease_duration_seconds);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(DURATION, |seconds| {
        Duration::from_secs(seconds.clamp(1, 60))
    })
}

async fn call<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Refused> {
    let request = request.map_err(|error| match error {
        kube::Error::Api(status) if status.code == 409 => Refused::Outrun,
        error => Refused::Api(error),
    });
    tokio::time::timeout(CALL, request)
        .await
        .unwrap_or(Err(Refused::Silent))
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// So that two followers do not keep running into each other.
fn spread(delay: Duration) -> Duration {
    delay.mul_f64(0.75 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lease(version: u64, holder: Option<&str>, seconds: i32) -> Lease {
        serde_json::from_value(json!({
            "metadata": { "name": "argosy", "resourceVersion": version.to_string() },
            "spec": { "holderIdentity": holder, "leaseDurationSeconds": seconds },
        }))
        .unwrap()
    }

    fn waits(known: &Known) -> Option<u64> {
        let at = known.free_at("me")?;
        Some(
            at.saturating_duration_since(Instant::now())
                .as_secs_f64()
                .round() as u64,
        )
    }

    #[tokio::test]
    async fn a_lease_is_free_when_absent_released_our_own_or_old() {
        let mut known = Known::default();
        assert_eq!(waits(&known), None, "nothing is known");
        known.take_in(Event::Init);
        known.take_in(Event::InitDone);
        assert_eq!(waits(&known), Some(0), "there is none");
        known.take_in(Event::Apply(lease(1, Some("other"), 10)));
        assert_eq!(waits(&known), Some(10));
        known.take_in(Event::Apply(lease(2, None, 10)));
        assert_eq!(waits(&known), Some(0), "given back");
        known.take_in(Event::Apply(lease(3, Some("me"), 10)));
        assert_eq!(waits(&known), Some(0), "held by us");
        known.take_in(Event::Apply(lease(4, Some("other"), 0)));
        assert_eq!(waits(&known), Some(1), "no holder is overrun at once");
    }

    #[tokio::test]
    async fn a_lease_that_is_seen_again_grows_old() {
        let mut known = Known::default();
        known.see(Some(lease(1, Some("other"), 10)));
        if let State::There(_, since) = &mut known.state {
            *since -= Duration::from_secs(6);
        }
        known.take_in(Event::Init);
        known.take_in(Event::InitApply(lease(1, Some("other"), 10)));
        known.take_in(Event::InitDone);
        assert_eq!(waits(&known), Some(4));
        known.take_in(Event::Apply(lease(2, Some("other"), 10)));
        assert_eq!(waits(&known), Some(10), "renewed");
    }

    #[test]
    fn a_successor_never_works_beside_its_predecessor_and_begins_in_time() {
        assert!(
            RENEW + FAREWELL < DURATION,
            "the Lease is ours until the end"
        );
        assert!(GIVE_UP + STOPPING < DURATION, "the old leader has stopped");
        assert!(
            DURATION + RETRY + CALL < Duration::from_secs(15),
            "the new one has begun"
        );
    }
}
