//! What Argosy counts, for Prometheus. Every metric is spelt here or in `collected`, and listed in `docs/metrics.md`.
//!
//! Values that can be read off the caches (queues, ages) are computed when somebody asks, not kept up to date.

mod collected;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

pub use self::collected::{Observed, Samples};

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted. Clones share the same counts.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

/// How an attempt to bring an object up to date ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// Nothing to do until something changes.
    Rested,
    /// Fine, and to be looked at again later.
    Rescheduled,
    /// The world did not answer.
    Failed,
    /// Somebody else wrote first.
    Conflicted,
    /// It took too long.
    TimedOut,
    /// A defect.
    Panicked,
}

/// A metric as users see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The full name, without the suffixes that a histogram adds.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: Vec<&'static str>,
    /// What it says. A sentence without its full stop.
    pub help: &'static str,
}

/// From a cached answer to a step that waits for a large clone, in seconds.
const SECONDS: [f64; 12] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 1800.0,
];

type Count = Counter<u64, AtomicU64>;

#[derive(Debug)]
struct Inner {
    registry: Mutex<Registry>,
    described: Vec<Described>,
    promotions: Labelled<Count, 3>,
    promotion_duration: Labelled<Histogram, 1>,
    step_duration: Labelled<Histogram, 2>,
    discovery_duration: Labelled<Histogram, 2>,
    registry_duration: Labelled<Histogram, 2>,
    git_duration: Labelled<Histogram, 3>,
    reconciles: Labelled<Count, 2>,
    reconcile_duration: Labelled<Histogram, 1>,
    queue_depth: Labelled<Gauge, 1>,
    events: Labelled<Count, 1>,
    leading: Gauge,
}

impl Metrics {
    /// A promotion has ended. `result` is its phase in lower case.
    pub fn promotion_ended(&self, project: &str, stage: &str, result: &str, took: Duration) {
        self.0.promotions.with([project, stage, result]).inc();
        self.0
            .promotion_duration
            .with([result])
            .observe(took.as_secs_f64());
    }

    /// A step has ended. `kind` is what `uses` names, `result` the step's status in lower case.
    pub fn step_ended(&self, kind: &str, result: &str, took: Duration) {
        self.0
            .step_duration
            .with([kind, result])
            .observe(took.as_secs_f64());
    }

    /// A subscription has been looked up. `kind` is `git`, `image` or `chart`; `result` is `ok` or `error`.
    pub fn discovered(&self, kind: &str, result: &str, took: Duration) {
        self.0
            .discovery_duration
            .with([kind, result])
            .observe(took.as_secs_f64());
    }

    /// A registry has answered, or not. `host` has no path and no user; `result` is the HTTP status or `unreachable`.
    pub fn registry_call(&self, host: &str, result: &str, took: Duration) {
        self.0
            .registry_duration
            .with([host, result])
            .observe(took.as_secs_f64());
    }

    /// A Git server has answered, or not. `operation` is `fetch`, `list` or `push`; `result` is `ok` or the kind of
    /// error.
    pub fn git_call(&self, host: &str, operation: &str, result: &str, took: Duration) {
        self.0
            .git_duration
            .with([host, operation, result])
            .observe(took.as_secs_f64());
    }

    /// A controller has looked at an object.
    pub fn reconciled(&self, controller: &str, outcome: Reconciled, took: Duration) {
        self.0.reconciles.with([controller, outcome.label()]).inc();
        self.0
            .reconcile_duration
            .with([controller])
            .observe(took.as_secs_f64());
    }

    /// So many objects wait for a controller or are with it.
    pub fn queue_depth(&self, controller: &str, depth: usize) {
        self.0
            .queue_depth
            .with([controller])
            .set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// A Kubernetes Event was `written`, `merged` into an earlier one, `dropped` or `refused` by the API server.
    pub fn event(&self, result: &str) {
        self.0.events.with([result]).inc();
    }

    /// Whether this process runs the controllers.
    pub fn leading(&self, leading: bool) {
        self.0.leading.set(i64::from(leading));
    }

    /// From now on, also tells what the caches hold.
    pub fn observe(&self, observed: Observed) {
        self.registry().register_collector(Box::new(observed));
    }

    /// All values as text in the `OpenMetrics` format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut answer = String::new();
        // Writing to a String does not fail.
        let _ = text::encode(&mut answer, &self.registry());
        answer
    }

    /// All metrics that there are, in the order of their names.
    #[must_use]
    pub fn described() -> Vec<Described> {
        let mut described = Self::default().0.described.clone();
        described.extend(collected::described());
        described.sort_by(|a, b| a.name.cmp(&b.name));
        described
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut add = Registering {
            registry: Registry::default(),
            described: Vec::new(),
        };
        let promotions = add.counts(
            "argosy_promotions",
            ["project", "stage", "result"],
            "Promotions that have ended, by result: succeeded, failed, errored or aborted",
        );
        let promotion_duration = add.seconds(
            "argosy_promotion_duration_seconds",
            ["result"],
            "Time from a promotion's start to its end",
        );
        let step_duration = add.seconds(
            "argosy_step_duration_seconds",
            ["step", "result"],
            "Time from a step's start to its end, by what it uses",
        );
        let discovery_duration = add.seconds(
            "argosy_discovery_duration_seconds",
            ["kind", "result"],
            "Time to look up one subscription of a warehouse",
        );
        let registry_duration = add.seconds(
            "argosy_registry_request_duration_seconds",
            ["host", "result"],
            "Requests to registries, by HTTP status",
        );
        let git_duration = add.seconds(
            "argosy_git_operation_duration_seconds",
            ["host", "operation", "result"],
            "Conversations with Git servers",
        );
        let reconciles = add.counts(
            "argosy_reconciles",
            ["controller", "outcome"],
            "Attempts to bring an object up to date, by outcome: rested, rescheduled, failed, conflicted, timed_out or panicked",
        );
        let reconcile_duration = add.seconds(
            "argosy_reconcile_duration_seconds",
            ["controller"],
            "Time to bring an object up to date",
        );
        let queue_depth = add.gauges(
            "argosy_reconcile_queue_depth",
            ["controller"],
            "Objects that wait for a controller or are with it",
        );
        let events = add.counts(
            "argosy_events",
            ["result"],
            "Kubernetes Events: written, merged into an earlier one, dropped because there were too many, or refused",
        );
        let leading = add.one(
            "argosy_leader",
            "Whether this replica runs the controllers: 1 if it does",
            Gauge::default(),
        );
        let Registering {
            registry,
            described,
        } = add;
        Self(Arc::new(Inner {
            registry: Mutex::new(registry),
            described,
            promotions,
            promotion_duration,
            step_duration,
            discovery_duration,
            registry_duration,
            git_duration,
            reconciles,
            reconcile_duration,
            queue_depth,
            events,
            leading,
        }))
    }
}

impl Reconciled {
    fn label(self) -> &'static str {
        match self {
            Self::Rested => "rested",
            Self::Rescheduled => "rescheduled",
            Self::Failed => "failed",
            Self::Conflicted => "conflicted",
            Self::TimedOut => "timed_out",
            Self::Panicked => "panicked",
        }
    }
}

/// A family whose labels are given by position, so that no call can misspell one.
#[derive(Clone, Debug)]
struct Labelled<M, const N: usize> {
    family: Series<M, N>,
    labels: [&'static str; N],
}

type Series<M, const N: usize> = Family<[(&'static str, String); N], M, fn() -> M>;

impl<M: Clone, const N: usize> Labelled<M, N> {
    fn with(&self, values: [&str; N]) -> M {
        let mut values = values.into_iter();
        let labels = self
            .labels
            .map(|label| (label, values.next().unwrap_or_default().to_owned()));
        self.family.get_or_create_owned(&labels)
    }
}

struct Registering {
    registry: Registry,
    described: Vec<Described>,
}

impl Registering {
    fn counts<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Count, N> {
        self.describe(&format!("{name}_total"), "counter", &labels, help);
        self.family(name, labels, help, Count::default)
    }

    fn gauges<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Gauge, N> {
        self.describe(name, "gauge", &labels, help);
        self.family(name, labels, help, Gauge::default)
    }

    fn seconds<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
    ) -> Labelled<Histogram, N> {
        self.describe(name, "histogram", &labels, help);
        self.family(name, labels, help, || Histogram::new(SECONDS))
    }

    fn one(&mut self, name: &'static str, help: &'static str, gauge: Gauge) -> Gauge {
        self.describe(name, "gauge", &[], help);
        self.registry.register(name, help, gauge.clone());
        gauge
    }

    fn family<M: Metric + Clone, const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        help: &'static str,
        make: fn() -> M,
    ) -> Labelled<M, N>
    where
        Series<M, N>: Metric,
    {
        let family = Family::new_with_constructor(make);
        self.registry.register(name, help, family.clone());
        Labelled { family, labels }
    }

    fn describe(
        &mut self,
        name: &str,
        kind: &'static str,
        labels: &[&'static str],
        help: &'static str,
    ) {
        let name = name.to_owned();
        self.described.push(Described {
            name,
            kind,
            labels: labels.to_vec(),
            help,
        });
    }
}

#[cfg(test)]
mod tests;
