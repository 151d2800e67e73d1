//! What is remembered: manifests and configurations by digest for ever, and for each repository
//! which digest a tag had when it was last looked at.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::manifest::{Config, Manifest};
use super::tags::Page;

/// Bounds of all memory together. A manifest or configuration takes about half a kilobyte.
const MOST_BYTES: u64 = 64 << 20;
const MOST_REPOSITORIES: u64 = 10_000;
/// What nobody asked for in this time is forgotten: its Warehouse is gone.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// What moka itself needs for an entry, about.
const OVERHEAD: usize = 256;

pub(super) struct Memory {
    /// By repository and digest: who may not read the repository learns nothing from the cache.
    contents: moka::sync::Cache<(Arc<str>, Box<str>), Content>,
    repositories: moka::sync::Cache<(Arc<str>, [u8; 32]), Arc<Remembered>>,
}

#[derive(Clone)]
pub(super) enum Content {
    Manifest(Arc<Manifest>),
    Config(Arc<Config>),
}

/// One repository as one set of credentials sees it.
pub(super) struct Remembered {
    key: Arc<str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pages: Vec<Page>,
    tags: HashMap<Box<str>, Sighting>,
}

/// What a tag pointed to, and when that was seen.
#[derive(Clone)]
pub(super) struct Sighting {
    pub(super) digest: Box<str>,
    pub(super) at: Instant,
}

impl Memory {
    pub(super) fn new() -> Self {
        let contents = moka::sync::Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(|(_, digest): &(Arc<str>, Box<str>), content: &Content| {
                u32::try_from(OVERHEAD + digest.len() + content.size()).unwrap_or(u32::MAX)
            })
            .time_to_idle(FORGOTTEN_AFTER)
            .build();
        let repositories = moka::sync::Cache::builder()
            .max_capacity(MOST_REPOSITORIES)
            .time_to_idle(FORGOTTEN_AFTER)
            .build();
        Self {
            contents,
            repositories,
        }
    }

    pub(super) fn repository(&self, key: &str, fingerprint: [u8; 32]) -> Arc<Remembered> {
        let key: Arc<str> = key.into();
        self.repositories
            .get_with((Arc::clone(&key), fingerprint), || {
                Arc::new(Remembered {
                    key,
                    state: Mutex::default(),
                })
            })
    }

    pub(super) fn get(&self, repository: &Remembered, digest: &str) -> Option<Content> {
        self.contents
            .get(&(Arc::clone(&repository.key), digest.into()))
    }

    pub(super) fn keep(&self, repository: &Remembered, digest: &str, content: Content) {
        self.contents
            .insert((Arc::clone(&repository.key), digest.into()), content);
    }

    /// Forgets which digests the tags of a repository had, for every set of credentials.
    pub(super) fn doubt(&self, key: &str) {
        for (place, repository) in &self.repositories {
            if *place.0 == *key {
                repository.state().tags.clear();
            }
        }
    }
}

impl Remembered {
    pub(super) fn pages(&self) -> Vec<Page> {
        self.state().pages.clone()
    }

    /// Keeps a complete list, and forgets the tags that are not in it any more.
    pub(super) fn keep(&self, pages: Vec<Page>, tags: &[Box<str>]) {
        let mut state = self.state();
        state.pages = pages;
        if !state.tags.is_empty() {
            let listed: HashSet<&str> = tags.iter().map(|tag| &**tag).collect();
            state.tags.retain(|tag, _| listed.contains(&**tag));
        }
    }

    pub(super) fn sighting(&self, tag: &str) -> Option<Sighting> {
        self.state().tags.get(tag).cloned()
    }

    pub(super) fn saw(&self, tag: &str, digest: &str) {
        let sighting = Sighting {
            digest: digest.into(),
            at: Instant::now(),
        };
        self.state().tags.insert(tag.into(), sighting);
    }

    pub(super) fn gone(&self, tag: &str) {
        self.state().tags.remove(tag);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    /// Bytes, about.
    fn size(&self) -> usize {
        match self {
            Self::Config(_) => size_of::<Config>(),
            Self::Manifest(manifest) => {
                let annotations = manifest.annotations().iter();
                let text: usize = annotations
                    .map(|(key, value)| key.len() + value.len() + 48)
                    .sum();
                let children = match &**manifest {
                    Manifest::Image { .. } => 1,
                    Manifest::Index { children, .. } => children.len(),
                };
                text + 200 * children
            }
        }
    }
}
