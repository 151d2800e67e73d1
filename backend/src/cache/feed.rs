//! Keeps a cache equal to what the API server holds.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::lenient::Lenient;
use super::{Cache, Change, Progress};

/// A listing comes in pages of this many objects, which bounds what a restart holds in memory at once.
const PAGE: u32 = 100;
/// The API server ends a watch after this many seconds; a connection that is silently dead is noticed soon after.
const WATCH_SECONDS: u32 = 240;
/// Back-off while the API server does not answer: short, because everything stands still until it does.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// How soon to look again for a kind that the cluster does not know.
const UNKNOWN_RETRY: Duration = Duration::from_secs(20);

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    /// Lists and watches all namespaces for ever, in pages, with back-off. `labels` is a label selector. Errors are
    /// logged, once for each time that the API server goes away.
    pub async fn feed(self, client: Client, labels: Option<&'static str>) {
        let kind = K::kind(&());
        let api: Api<Lenient<K>> = Api::all(client);
        let mut config = watcher::Config::default()
            .page_size(PAGE)
            .timeout(WATCH_SECONDS);
        if let Some(labels) = labels {
            config = config.labels(labels);
        }
        let mut events = watcher(api, config).boxed();
        let mut outage = Outage::default();
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    if outage.ends() {
                        tracing::info!(kind = %kind, "the watch of `{kind}` goes on");
                    }
                    self.take_in(event);
                }
                Err(error) => {
                    let unknown = unknown_kind(&error);
                    if unknown {
                        self.0.progress.send_if_modified(|progress| {
                            std::mem::replace(progress, Progress::Unknown) != Progress::Unknown
                        });
                    }
                    if outage.begins() && !unknown {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(kind = %kind, error, "cannot watch `{kind}`, trying again");
                    } else if outage.news {
                        tracing::info!(kind = %kind, "the cluster has no `{kind}`, looking again later");
                    }
                    tokio::time::sleep(if unknown {
                        UNKNOWN_RETRY
                    } else {
                        outage.delay()
                    })
                    .await;
                }
            }
        }
    }

    fn take_in(&self, event: Event<Lenient<K>>) {
        match event {
            Event::Apply(Lenient(Ok(object))) | Event::InitApply(Lenient(Ok(object))) => {
                self.change(|store| store.apply(object));
            }
            Event::Apply(Lenient(Err(found))) | Event::InitApply(Lenient(Err(found))) => {
                let (kind, reason) = (K::kind(&()), found.reason.clone());
                let name = super::Key::new(
                    found.metadata.namespace.clone().unwrap_or_default(),
                    found.metadata.name.clone().unwrap_or_default(),
                );
                let mut news = false;
                self.change(|store| {
                    let (change, first) = store.apply_unreadable(*found);
                    news = first;
                    change
                });
                if news {
                    tracing::warn!(kind = %kind, object = %name, reason, "cannot read {kind} `{name}`: {reason}");
                }
            }
            Event::Delete(object) => self.change(|store| store.delete(&object)),
            Event::Init => self.change(|store| {
                store.list_begins();
                None::<Change<K>>
            }),
            Event::InitDone => {
                self.change(super::Store::list_ends);
                self.0.progress.send_if_modified(|progress| {
                    std::mem::replace(progress, Progress::Synced) != Progress::Synced
                });
            }
        }
    }
}

fn unknown_kind(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 404,
        watcher::Error::InitialListFailed(_)
        | watcher::Error::WatchStartFailed(_)
        | watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => false,
    }
}

/// A series of errors without an event between them.
#[derive(Default)]
struct Outage {
    last: Option<Instant>,
    tries: u32,
    news: bool,
}

impl Outage {
    /// Counts an error; says whether it is the first of its series.
    fn begins(&mut self) -> bool {
        // A watch that works may bring no event for long, so time tells one series from the next as well.
        let apart = |last: Instant| last.elapsed() > 2 * UNKNOWN_RETRY;
        self.news = self.last.is_none_or(apart);
        self.tries = if self.news {
            0
        } else {
            self.tries.saturating_add(1)
        };
        self.last = Some(Instant::now());
        self.news
    }

    fn ends(&mut self) -> bool {
        self.tries = 0;
        self.last.take().is_some()
    }

    fn delay(&self) -> Duration {
        let delay = FIRST_RETRY
            .saturating_mul(1 << self.tries.min(8))
            .min(LAST_RETRY);
        // Spread, so that all kinds do not knock at the same instant.
        delay.mul_f64(0.75 + fastrand::f64() / 2.0)
    }
}
