//! What every controller and request handler is given.

use jiff::Timestamp;
use kube::Client;

use crate::caches::Caches;
use crate::credentials::Rules;
use crate::engine::Engine;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::settings::Settings;

/// The world as one process sees it. Shared behind an `Arc`.
pub struct Context {
    /// For writes, and for the few reads that must not come from a cache. Every call ends within 30 seconds.
    pub client: Client,
    /// What the API server holds.
    pub caches: Caches,
    /// Where credentials are looked for.
    pub credentials: Rules,
    /// Asks registries.
    pub registry: Registry,
    /// Runs the steps of promotions.
    pub engine: Engine,
    /// Tells what happened.
    pub events: Events,
    /// What is counted.
    pub metrics: Metrics,
    /// What the operator has chosen.
    pub settings: Settings,
}

impl Context {
    /// The present, in whole seconds, as Kubernetes writes times.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }
}
