//! What every controller and request handler is given.

use kube::Client;

use crate::caches::Caches;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::telemetry::traces::Traces;

/// The world as one process sees it. Shared behind an `Arc`.
pub struct Context {
    /// For writes, and for the few reads that must not come from a cache. Every call ends within 30 seconds.
    pub client: Client,
    /// What the API server holds.
    pub caches: Caches,
    /// Tells what happened.
    pub events: Events,
    /// Tells how long promotions and steps took.
    pub traces: Traces,
    /// What is counted.
    pub metrics: Metrics,
    /// What the operator has chosen.
    pub settings: Settings,
}
