//! What the API server holds, kept in memory by watches and answered by index.
//!
//! Nothing in Argosy polls the API server: a [`Cache`] is fed by one list and one watch, tells its subscribers what
//! changed, and answers look-ups without a request. It never writes.
//!
//! ```no_run
//! # use argosy::cache::{Cache, Index, Report};
//! # use k8s_openapi::api::core::v1::ConfigMap;
//! static BY_COLOUR: Index<ConfigMap> = Index {
//!     name: "colour",
//!     keys: |map| map.data.iter().flat_map(|data| data.get("colour").cloned()).collect(),
//! };
//! # async fn example(client: kube::Client) {
//! let cache: Cache<ConfigMap> = Cache::new(&[&BY_COLOUR]);
//! tokio::spawn(cache.clone().feed(client, None, Report::default()));
//! cache.synced(false).await;
//! let blue = cache.by(&BY_COLOUR, "blue"); // Vec<Arc<ConfigMap>>, sorted by namespace and name
//! # }
//! ```
//!
//! Objects come without `managedFields` and without kubectl's copy of what was applied last. So patch them; never
//! send one back whole.

mod feed;
mod lenient;
mod store;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use kube::Resource;
use tokio::sync::{Notify, watch};

pub use self::feed::Report;
use self::store::Store;

/// Where an object is: its namespace (empty for a cluster-scoped kind) and its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The namespace, or an empty text.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// A named look-up: which texts an object is found by. `keys` must depend on the object alone.
pub struct Index<K: 'static> {
    /// Tells one index from another; unique within a cache.
    pub name: &'static str,
    /// The texts by which [`Cache::by`] finds the object, often made with [`scoped`].
    pub keys: fn(&K) -> Vec<String>,
}

/// What a cache leaves out of objects that need it no longer, to save memory.
pub struct Trim<K> {
    /// Whether an object is to be trimmed. Not any more once it is.
    pub due: fn(&K) -> bool,
    /// Leaves out what is not needed. What an index looks at must stay.
    pub trim: fn(&mut K),
}

/// What happened to one object. Created: no `before`. Deleted or no longer readable: no `after`.
pub struct Change<K> {
    /// Which object.
    pub key: Key,
    /// The object until now.
    pub before: Option<Arc<K>>,
    /// The object from now on.
    pub after: Option<Arc<K>>,
}

/// All objects of one kind, by key and by index. Clones share the same content.
pub struct Cache<K: 'static>(Arc<Inner<K>>);

/// Ends a subscription when dropped.
#[must_use = "dropping it ends the subscription"]
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

type Subscriber<K> = Arc<dyn Fn(&Change<K>) + Send + Sync>;

struct Inner<K: 'static> {
    store: RwLock<Store<K>>,
    subscribers: RwLock<Vec<(u64, Subscriber<K>)>>,
    next: AtomicU64,
    progress: watch::Sender<Progress>,
    /// Whether the watch has failed since it last brought anything, so that we may have missed something.
    doubtful: AtomicBool,
    /// Asks for a new listing.
    list_again: Notify,
    /// How many listings are complete.
    listings: watch::Sender<u64>,
}

/// How far a cache has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The first listing is not complete.
    Listing,
    /// The cluster does not know this kind (yet).
    Unknown,
    /// Complete, and followed by a watch.
    Synced,
}

/// An index key that is unique within a namespace only.
#[must_use]
pub fn scoped(namespace: &str, key: &str) -> String {
    format!("{namespace}/{key}")
}

impl<K: Resource + 'static> Cache<K> {
    /// An empty cache. Feed it with [`Cache::feed`], or with [`Cache::observe`] in a test.
    #[must_use]
    pub fn new(indexes: &[&'static Index<K>]) -> Self {
        Self::made(indexes, None)
    }

    /// An empty cache that keeps less of some objects.
    #[must_use]
    pub fn trimmed(indexes: &[&'static Index<K>], trim: Trim<K>) -> Self {
        Self::made(indexes, Some(trim))
    }

    fn made(indexes: &[&'static Index<K>], trim: Option<Trim<K>>) -> Self {
        Self(Arc::new(Inner {
            store: RwLock::new(Store::new(indexes, trim)),
            subscribers: RwLock::default(),
            next: AtomicU64::new(0),
            progress: watch::Sender::new(Progress::Listing),
            doubtful: AtomicBool::new(false),
            list_again: Notify::new(),
            listings: watch::Sender::new(0),
        }))
    }

    /// One object. An unreadable one is not there, see [`Cache::unreadable`].
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.at(&Key::new(namespace, name))
    }

    /// One object.
    #[must_use]
    pub fn at(&self, key: &Key) -> Option<Arc<K>> {
        self.read(|store| store.get(key))
    }

    /// The objects that `index` files under `key`, sorted by namespace and name. An index that the cache was not made
    /// with is answered all the same, by looking at everything.
    #[must_use]
    pub fn by(&self, index: &Index<K>, key: &str) -> Vec<Arc<K>> {
        self.read(|store| store.by(index, key))
    }

    /// The objects of a namespace, sorted by name.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Vec<Arc<K>> {
        self.read(|store| store.within(namespace))
    }

    /// All objects, sorted by namespace and name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<K>> {
        self.read(Store::all)
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read(Store::len)
    }

    /// Whether there is no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects that exist but cannot be read, for example because a newer version wrote them, with the reason.
    #[must_use]
    pub fn unreadable(&self) -> Vec<(Key, String)> {
        self.read(Store::unreadable)
    }

    /// Whether this object exists but cannot be read; [`Cache::at`] does not return it then.
    #[must_use]
    pub fn is_unreadable(&self, key: &Key) -> bool {
        self.read(|store| store.is_unreadable(key))
    }

    /// Takes in what the API server answered to a create or patch, so that the next look-up sees it without waiting
    /// for the watch. The newest revision wins, whichever way it comes, and what the watch has deleted stays deleted.
    pub fn observe(&self, object: K) {
        self.change(|store| store.observe(object));
    }

    /// Drops an object that the API server no longer knows (404), or whose deletion it has just confirmed.
    pub fn forget(&self, key: &Key) {
        self.change(|store| store.forget(key));
    }

    /// Trims what has become due since it came.
    pub fn trim(&self)
    where
        K: Clone,
    {
        write(&self.0.store).trim();
    }

    /// Calls `notify` with every object that there is, then with every change, until the subscription is dropped.
    /// It may be told of an object twice. `notify` must be quick: it puts a key into a queue.
    pub fn subscribe(&self, notify: impl Fn(&Change<K>) + Send + Sync + 'static) -> Subscription
    where
        K: Send + Sync,
    {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let notify: Subscriber<K> = Arc::new(notify);
        write(&self.0.subscribers).push((id, Arc::clone(&notify)));
        for object in self.all() {
            notify(&Change {
                key: Key::of(&*object),
                before: None,
                after: Some(object),
            });
        }
        let inner: Weak<Inner<K>> = Arc::downgrade(&self.0);
        Subscription(Some(Box::new(move || {
            if let Some(inner) = inner.upgrade() {
                write(&inner.subscribers).retain(|(other, _)| *other != id);
            }
        })))
    }

    /// How far the first listing has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.0.progress.borrow()
    }

    /// Returns when the first listing is complete; with `optional`, also when the cluster does not know the kind.
    pub async fn synced(&self, optional: bool) {
        let mut progress = self.0.progress.subscribe();
        let there = |progress: &Progress| match progress {
            Progress::Synced => true,
            Progress::Unknown => optional,
            Progress::Listing => false,
        };
        // The sender lives in `self`, so the wait cannot fail.
        let _ = progress.wait_for(there).await;
    }

    /// Returns when nothing can be missing that happened before the call: at once, unless the watch has failed since it
    /// last brought anything. Then everything is listed anew.
    pub async fn catch_up(&self) {
        if !self.0.doubtful.load(Ordering::Relaxed) || self.progress() == Progress::Unknown {
            return;
        }
        let mut listings = self.0.listings.subscribe();
        let before = *listings.borrow_and_update();
        self.0.list_again.notify_one();
        let _ = listings.wait_for(|listings| before < *listings).await;
    }

    fn read<T>(&self, read: impl FnOnce(&Store<K>) -> T) -> T {
        read(&self.0.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store and tells the subscribers, without holding a lock while it tells them.
    fn change<C: IntoIterator<Item = Change<K>>>(&self, change: impl FnOnce(&mut Store<K>) -> C) {
        let changes = change(&mut write(&self.0.store));
        let mut subscribers: Option<Vec<Subscriber<K>>> = None;
        for change in changes {
            let subscribers = subscribers.get_or_insert_with(|| {
                let registered = self
                    .0
                    .subscribers
                    .read()
                    .unwrap_or_else(PoisonError::into_inner);
                registered
                    .iter()
                    .map(|(_, notify)| Arc::clone(notify))
                    .collect()
            });
            for notify in subscribers {
                notify(&change);
            }
        }
    }
}

impl Key {
    /// A key from its two parts.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The key of an object.
    #[must_use]
    pub fn of<K: Resource>(object: &K) -> Self {
        let meta = object.meta();
        Self {
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl<K> Clone for Trim<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Trim<K> {}

impl<K> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
