//! A promotion's share of what may run at a time, and its voice.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};

/// Held while a step works; given back while it only waits. Clones are the same turn.
#[derive(Clone, Debug)]
pub struct Turn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
    said: watch::Sender<Option<String>>,
}

impl Turn {
    /// A turn among those that `limit` lets run; not taken yet.
    #[must_use]
    pub fn new(limit: Arc<Semaphore>) -> Self {
        Self(Arc::new(Inner {
            limit,
            held: Mutex::default(),
            said: watch::Sender::default(),
        }))
    }

    /// Waits until the promotion may work.
    pub async fn take(&self) {
        let mut held = self.0.held.lock().await;
        if held.is_none() {
            // The limit is never closed; if it were, everybody might work.
            *held = Arc::clone(&self.0.limit).acquire_owned().await.ok();
        }
    }

    /// Lets another promotion work.
    pub async fn give_back(&self) {
        self.0.held.lock().await.take();
    }

    /// Waits for something outside, and lets others work meanwhile.
    pub async fn waiting<T>(&self, what: impl Future<Output = T>) -> T {
        self.give_back().await;
        let result = what.await;
        self.take().await;
        result
    }

    /// Tells people what the step waits for; shown in the promotion's status if it takes a while.
    pub fn say(&self, message: impl Into<String>) {
        self.0.said.send_replace(Some(message.into()));
    }

    /// What the step said last.
    #[must_use]
    pub fn said(&self) -> watch::Receiver<Option<String>> {
        self.0.said.subscribe()
    }

    /// Forgets what the step before said.
    pub(crate) fn hush(&self) {
        self.0.said.send_replace(None);
    }
}
