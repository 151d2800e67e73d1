//! Kubernetes Events: what happened, told where `kubectl describe` looks.
//!
//! Telling never blocks and never fails: events wait in a bounded queue, and what comes too fast is dropped and counted.
//! Repetitions become one event with a count.

mod about;
mod flow;
mod writer;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Client, Resource};
use tokio::sync::mpsc;

use crate::metrics::Metrics;

pub use self::about::{
    PROMOTION_CONTROLLER, PROMOTION_WEBHOOK, STAGE_CONTROLLER, WAREHOUSE_CONTROLLER,
    freight_created, promotion_created, promotion_ended, verification_ended,
    verification_succeeded,
};

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The object.
    pub about: ObjectReference,
    /// Whether somebody should look.
    pub level: Level,
    /// `CamelCase`; people filter and alert by it.
    pub reason: &'static str,
    /// For people. No secrets.
    pub message: String,
    /// Who tells.
    pub source: &'static str,
    /// Facts for machines, with full keys.
    pub annotations: BTreeMap<String, String>,
    /// Whether it is told once even if several replicas tell it.
    once: bool,
}

/// Whether somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// For the record.
    Normal,
    /// Somebody should look.
    Warning,
}

/// Takes events. Clones feed the same queue.
#[derive(Clone)]
pub struct Events {
    queue: mpsc::Sender<Event>,
    metrics: Metrics,
}

/// As many as a burst of a thousand promotions brings, created and ended.
const WAITING: usize = 2_000;

impl Events {
    /// A queue, and the task that writes what is in it. The task ends, with all written, when the last `Events` is gone.
    pub fn new(client: Client, metrics: Metrics) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(WAITING);
        let writer = writer::write(client, waiting, metrics.clone());
        (Self { queue, metrics }, writer)
    }

    /// Tells that something happened. Never waits.
    pub fn send(&self, event: Event) {
        if self.queue.try_send(event).is_err() {
            self.metrics.event("dropped");
        }
    }
}

impl Event {
    /// For the record.
    pub fn normal<K: Resource<DynamicType = ()>>(
        about: &K,
        source: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            about: about.object_ref(&()),
            level: Level::Normal,
            reason,
            message: message.into(),
            source,
            annotations: BTreeMap::new(),
            once: false,
        }
    }

    /// Somebody should look.
    pub fn warning<K: Resource<DynamicType = ()>>(
        about: &K,
        source: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Warning,
            ..Self::normal(about, source, reason, message)
        }
    }

    /// Is told once even if several replicas tell it, and again after a restart.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Adds a fact, unless it is empty.
    #[must_use]
    pub fn fact(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.annotations
                .insert(format!("{}{key}", argosy_api::labels::EVENT_PREFIX), value);
        }
        self
    }
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}
