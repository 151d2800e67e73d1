//! Keeps a cache equal to what the API server holds.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::watcher::{self, Event as Watched, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::lenient::Lenient;
use super::{Cache, Change, Key, Progress};
use crate::events::{Event, Events};
use crate::telemetry::chain;

/// A listing comes in pages of this many objects, which bounds what a restart holds in memory at once.
const PAGE: u32 = 250;
/// The API server ends a watch after this many seconds; a connection that is silently dead is noticed soon after.
const WATCH_SECONDS: u32 = 240;
/// Back-off while the API server does not answer: short, because everything stands still until it does.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(3);
/// A kind that the cluster does not know is looked for this rarely in the end.
const LAST_LOOK: Duration = Duration::from_secs(20);
/// Reason of the event at an object that cannot be read.
const UNREADABLE: &str = "Unreadable";
/// Who tells of it.
const SOURCE: &str = "argosy";

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    /// Lists and watches all namespaces for ever, in pages, with back-off. `labels` is a label selector. The feeds of
    /// one API server share `report`.
    pub async fn feed(self, client: Client, labels: Option<&'static str>, report: Report) {
        let kind = K::kind(&());
        let api: Api<Lenient<K>> = Api::all(client);
        let mut config = watcher::Config::default()
            .page_size(PAGE)
            .timeout(WATCH_SECONDS);
        if let Some(labels) = labels {
            config = config.labels(labels);
        }
        let begin = || watcher(api.clone(), config.clone()).boxed();
        let mut events = begin();
        let mut tries = 0;
        let mut refused = false;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = self.0.list_again.notified() => None,
            };
            let error = match event {
                None => {
                    events = begin();
                    continue;
                }
                // Only says that a listing is about to be asked for.
                Some(Ok(Watched::Init)) => {
                    self.take_in(Watched::Init, &report);
                    continue;
                }
                Some(Ok(event)) => {
                    (tries, refused) = (0, false);
                    report.answers();
                    self.0.doubtful.store(false, Ordering::Relaxed);
                    self.take_in(event, &report);
                    continue;
                }
                Some(Err(error)) => error,
            };
            self.0.doubtful.store(true, Ordering::Relaxed);
            match Fault::of(&error) {
                // Too much happened meanwhile; the next thing that the watcher does is to list.
                Fault::Expired => continue,
                Fault::Unknown => {
                    if self.advance(Progress::Unknown) {
                        tracing::info!(kind = %kind, "the cluster has no `{kind}`, looking again from time to time");
                    }
                    report.answers();
                    tokio::time::sleep(delay(tries, LAST_LOOK)).await;
                }
                Fault::Refused => {
                    if !std::mem::replace(&mut refused, true) {
                        tracing::warn!(kind = %kind, error = %chain(&error), "cannot watch `{kind}`, trying again");
                    }
                    report.answers();
                    tokio::time::sleep(delay(tries, LAST_RETRY)).await;
                }
                Fault::Away => {
                    report.is_silent(&error);
                    tokio::time::sleep(delay(tries, LAST_RETRY)).await;
                }
            }
            tries += 1;
        }
    }

    /// Says whether that is news.
    fn advance(&self, to: Progress) -> bool {
        self.0
            .progress
            .send_if_modified(|progress| std::mem::replace(progress, to) != to)
    }

    fn take_in(&self, event: Watched<Lenient<K>>, report: &Report) {
        match event {
            Watched::Apply(object) | Watched::InitApply(object) => match object {
                Lenient(Ok(object)) => self.change(|store| store.apply(object)),
                Lenient(Err(found)) => {
                    let mut news = false;
                    self.change(|store| {
                        let (change, first) = store.apply_unreadable((*found).clone());
                        news = first;
                        change
                    });
                    if news {
                        let reason = found.reason.clone();
                        report.unreadable(&Lenient::<K>(Err(found)), &reason);
                    }
                }
            },
            Watched::Delete(object) => self.change(|store| store.delete(&object)),
            Watched::Init => self.change(|store| {
                store.list_begins();
                None::<Change<K>>
            }),
            Watched::InitDone => {
                self.change(super::Store::list_ends);
                self.advance(Progress::Synced);
                self.0.listings.send_modify(|listings| *listings += 1);
            }
        }
    }
}

/// What the feeds of one API server tell together. That it is away is told once, and once that it is back, not by each
/// kind. An object that cannot be read is told once for each reason.
#[derive(Clone, Default)]
pub struct Report {
    away: Arc<AtomicBool>,
    events: Option<Events>,
}

impl Report {
    /// Also as events at the objects, where users look.
    #[must_use]
    pub fn with_events(events: Events) -> Self {
        Self {
            events: Some(events),
            ..Self::default()
        }
    }

    fn unreadable<K: Resource<DynamicType = ()>>(&self, object: &Lenient<K>, reason: &str) {
        let (kind, name) = (K::kind(&()), Key::of(object));
        tracing::warn!(kind = %kind, object = %name, reason, "cannot read {kind} `{name}`: {reason}");
        if let Some(events) = &self.events {
            let message = format!("This version of Argosy cannot read the object: {reason}");
            events.send(Event::warning(object, SOURCE, UNREADABLE, message).once());
        }
    }

    fn is_silent(&self, error: &watcher::Error) {
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!(error = %chain(error), "the API server does not answer, trying again");
        }
    }

    fn answers(&self) {
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the API server answers again");
        }
    }
}

/// What an error of a watch means.
enum Fault {
    /// The revision that was to be followed is too old.
    Expired,
    /// The cluster does not know the kind.
    Unknown,
    /// The API server answered, and said no.
    Refused,
    /// There was no answer, or it broke off.
    Away,
}

impl Fault {
    fn of(error: &watcher::Error) -> Self {
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => match error {
                kube::Error::Api(status) if status.code == 404 => Self::Unknown,
                // What a server says that is stopping or overloaded, or a proxy in front of one.
                kube::Error::Api(status) if 500 <= status.code => Self::Away,
                kube::Error::Api(_) => Self::Refused,
                _ => Self::Away,
            },
            watcher::Error::WatchError(status) if status.code == 410 => Self::Expired,
            watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => Self::Refused,
        }
    }
}

/// Doubles up to `last`. Spread, so that all kinds do not knock at the same instant.
fn delay(tries: u32, last: Duration) -> Duration {
    let delay = FIRST_RETRY.saturating_mul(1 << tries.min(8)).min(last);
    delay.mul_f64(0.75 + fastrand::f64() / 2.0)
}
