//! The content of a cache: a fold over what the watch and our own writes bring. No I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use kube::Resource;

use super::lenient::{Unreadable, strip};
use super::{Change, Index, Key, Trim};

/// Objects with their indexes.
///
/// Three rules keep watch and own writes together. They need revisions to be numbers that grow, as the API server's
/// do; one that is not a number counts as newer than all.
///
/// 1. An object never goes back to an earlier revision.
/// 2. The watch brings revisions in order. So an own write at or below what the watch has brought is already known,
///    or deleted since: it changes nothing.
/// 3. When a listing ends, what it did not name is gone, unless we wrote it after the listing began.
pub(super) struct Store<K: 'static> {
    objects: BTreeMap<Key, Arc<K>>,
    indexes: Vec<(&'static Index<K>, Entries)>,
    unreadable: BTreeMap<Key, String>,
    /// The highest revision that the watch has brought.
    seen: u64,
    /// What a listing has named so far, while there is one.
    listed: Option<HashSet<Key>>,
    trim: Option<Trim<K>>,
}

/// What an index files under each text.
type Entries = HashMap<String, BTreeSet<Key>>;

impl<K: Resource> Store<K> {
    pub(super) fn new(indexes: &[&'static Index<K>], trim: Option<Trim<K>>) -> Self {
        Self {
            objects: BTreeMap::new(),
            indexes: indexes
                .iter()
                .map(|index| (*index, HashMap::new()))
                .collect(),
            unreadable: BTreeMap::new(),
            seen: 0,
            listed: None,
            trim,
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.objects.get(key).cloned()
    }

    pub(super) fn by(&self, index: &Index<K>, key: &str) -> Vec<Arc<K>> {
        match self
            .indexes
            .iter()
            .find(|(known, _)| known.name == index.name)
        {
            Some((_, entries)) => {
                let keys = entries.get(key).into_iter().flatten();
                keys.filter_map(|key| self.objects.get(key).cloned())
                    .collect()
            }
            None => {
                let filed = |object: &&Arc<K>| (index.keys)(object).iter().any(|at| at == key);
                self.objects.values().filter(filed).cloned().collect()
            }
        }
    }

    pub(super) fn within(&self, namespace: &str) -> Vec<Arc<K>> {
        let from = self.objects.range(Key::new(namespace, "")..);
        from.take_while(|(key, _)| key.namespace == namespace)
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<K>> {
        self.objects.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(super) fn unreadable(&self) -> Vec<(Key, String)> {
        self.unreadable
            .iter()
            .map(|(key, reason)| (key.clone(), reason.clone()))
            .collect()
    }

    pub(super) fn is_unreadable(&self, key: &Key) -> bool {
        self.unreadable.contains_key(key)
    }

    /// The watch brings an object, or a listing names it.
    pub(super) fn apply(&mut self, object: K) -> Option<Change<K>> {
        let key = Key::of(&object);
        self.name(&key);
        self.seen = self.seen.max(revision(&object).unwrap_or(0));
        self.unreadable.remove(&key);
        self.put(key, object)
    }

    /// The watch brings an object that cannot be read. It is as good as gone, but remembered. Says whether the
    /// reason is news.
    pub(super) fn apply_unreadable(&mut self, found: Unreadable) -> (Option<Change<K>>, bool) {
        let Unreadable { metadata, reason } = found;
        let key = Key::new(
            metadata.namespace.unwrap_or_default(),
            metadata.name.unwrap_or_default(),
        );
        self.name(&key);
        let at = metadata
            .resource_version
            .and_then(|version| version.parse().ok());
        self.seen = self.seen.max(at.unwrap_or(0));
        let news = self.unreadable.insert(key.clone(), reason.clone()) != Some(reason);
        (self.take(&key), news)
    }

    /// The watch brings a deletion.
    pub(super) fn delete<T: Resource>(&mut self, object: &T) -> Option<Change<K>> {
        let key = Key::of(object);
        let at = revision(object);
        self.seen = self.seen.max(at.unwrap_or(0));
        self.unreadable.remove(&key);
        // An object that was created anew under the same name, and observed before this deletion came.
        let newer =
            self.objects.get(&key).and_then(|known| revision(&**known)) > at && at.is_some();
        if newer { None } else { self.take(&key) }
    }

    /// A listing begins.
    pub(super) fn list_begins(&mut self) {
        self.listed = Some(HashSet::new());
    }

    /// A listing is complete.
    pub(super) fn list_ends(&mut self) -> Vec<Change<K>> {
        let Some(listed) = self.listed.take() else {
            return Vec::new();
        };
        self.unreadable.retain(|key, _| listed.contains(key));
        let gone: Vec<Key> = self
            .objects
            .keys()
            .filter(|key| !listed.contains(key))
            .cloned()
            .collect();
        gone.iter().filter_map(|key| self.take(key)).collect()
    }

    /// The API server answered a write of ours with this object.
    pub(super) fn observe(&mut self, object: K) -> Option<Change<K>> {
        let key = Key::of(&object);
        if revision(&object).is_some_and(|at| at <= self.seen) {
            return None;
        }
        self.name(&key);
        self.unreadable.remove(&key);
        self.put(key, object)
    }

    /// The API server says that the object is not there.
    pub(super) fn forget(&mut self, key: &Key) -> Option<Change<K>> {
        self.unreadable.remove(key);
        self.take(key)
    }

    /// Trims what has become due since it came. Nobody is told: what an index looks at stays.
    pub(super) fn trim(&mut self)
    where
        K: Clone,
    {
        let Some(trim) = self.trim else { return };
        for object in self
            .objects
            .values_mut()
            .filter(|object| (trim.due)(object))
        {
            (trim.trim)(Arc::make_mut(object));
        }
    }

    fn name(&mut self, key: &Key) {
        if let Some(listed) = &mut self.listed {
            listed.insert(key.clone());
        }
    }

    fn put(&mut self, key: Key, mut object: K) -> Option<Change<K>> {
        let before = self.objects.get(&key).cloned();
        if let (Some(before), Some(at)) = (&before, revision(&object))
            && revision(&**before).is_some_and(|known| at <= known)
        {
            return None;
        }
        strip(object.meta_mut());
        if let Some(trim) = self.trim.filter(|trim| (trim.due)(&object)) {
            (trim.trim)(&mut object);
        }
        let after = Arc::new(object);
        self.reindex(&key, before.as_deref(), Some(&after));
        self.objects.insert(key.clone(), Arc::clone(&after));
        Some(Change {
            key,
            before,
            after: Some(after),
        })
    }

    fn take(&mut self, key: &Key) -> Option<Change<K>> {
        let before = self.objects.remove(key)?;
        self.reindex(key, Some(&before), None);
        Some(Change {
            key: key.clone(),
            before: Some(before),
            after: None,
        })
    }

    fn reindex(&mut self, key: &Key, before: Option<&K>, after: Option<&K>) {
        for (index, entries) in &mut self.indexes {
            let left = before.map(index.keys).unwrap_or_default();
            let entered = after.map(index.keys).unwrap_or_default();
            for at in left.iter().filter(|at| !entered.contains(at)) {
                if let Some(keys) = entries.get_mut(at) {
                    keys.remove(key);
                    if keys.is_empty() {
                        entries.remove(at);
                    }
                }
            }
            for at in entered {
                if !left.contains(&at) {
                    entries.entry(at).or_default().insert(key.clone());
                }
            }
        }
    }
}

fn revision<K: Resource>(object: &K) -> Option<u64> {
    object.meta().resource_version.as_ref()?.parse().ok()
}

#[cfg(test)]
mod tests;
