use std::sync::atomic::{AtomicBool, Ordering};

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use super::*;

static BY_COLOUR: Index<ConfigMap> = Index {
    name: "colour",
    keys: colours,
};
static BY_SHAPE: Index<ConfigMap> = Index {
    name: "shape",
    keys: |map| {
        map.data
            .iter()
            .filter_map(|d| d.get("shape").cloned())
            .collect()
    },
};

fn colours(map: &ConfigMap) -> Vec<String> {
    let colours = map.data.iter().filter_map(|data| data.get("colour"));
    colours
        .flat_map(|text| text.split(',').map(str::to_owned))
        .collect()
}

fn map(name: &str, revision: u64, colour: &str) -> ConfigMap {
    serde_json::from_value(json!({
        "metadata": { "namespace": "team", "name": name, "resourceVersion": revision.to_string() },
        "data": { "colour": colour, "shape": "round" },
    }))
    .unwrap()
}

fn store() -> Store<ConfigMap> {
    Store::new(&[&BY_COLOUR], None)
}

/// The names filed under a colour.
fn named(store: &Store<ConfigMap>, colour: &str) -> String {
    let found = store.by(&BY_COLOUR, colour);
    found
        .iter()
        .map(|map| Key::of(&**map).name)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn an_index_follows_every_change() {
    let mut store = store();
    store.apply(map("b", 1, "red,blue"));
    store.apply(map("a", 2, "red"));
    assert_eq!(
        (named(&store, "red"), named(&store, "blue")),
        ("a b".into(), "b".into())
    );
    store.apply(map("b", 3, "blue,green"));
    assert_eq!(
        (named(&store, "red"), named(&store, "green")),
        ("a".into(), "b".into())
    );
    store.delete(&map("b", 4, "blue,green"));
    assert_eq!(
        (named(&store, "blue"), named(&store, "green")),
        (String::new(), String::new())
    );
    assert_eq!(store.indexes[0].1.len(), 1, "empty entries are dropped");
}

#[test]
fn an_index_that_was_not_declared_is_answered_all_the_same() {
    let mut store = store();
    store.apply(map("a", 1, "red"));
    assert_eq!(store.by(&BY_SHAPE, "round").len(), 1);
}

#[test]
fn a_late_watch_event_does_not_roll_back_an_own_write() {
    let mut store = store();
    store.apply(map("a", 1, "red"));
    let change = store.observe(map("a", 3, "blue")).unwrap();
    assert!(change.before.is_some());
    assert!(store.apply(map("a", 2, "green")).is_none(), "stale");
    assert!(store.apply(map("a", 3, "blue")).is_none(), "its own echo");
    assert_eq!(named(&store, "blue"), "a");
    assert!(store.apply(map("a", 4, "red")).is_some());
}

#[test]
fn an_own_write_that_was_deleted_meanwhile_stays_deleted() {
    let mut store = store();
    store.apply(map("a", 1, "red"));
    store.apply(map("a", 2, "blue"));
    store.delete(&map("a", 3, "blue"));
    assert!(store.observe(map("a", 2, "blue")).is_none());
    assert_eq!(store.len(), 0);
}

#[test]
fn a_deletion_before_the_object_was_created_anew_does_not_take_the_new_one() {
    let mut store = store();
    store.apply(map("a", 1, "red"));
    store.observe(map("a", 5, "blue"));
    assert!(store.delete(&map("a", 4, "red")).is_none());
    assert_eq!(named(&store, "blue"), "a");
}

#[test]
fn a_listing_removes_what_it_does_not_name_and_keeps_what_we_wrote_meanwhile() {
    let mut store = store();
    store.apply(map("gone", 7, "red"));
    store.apply(map("kept", 2, "red"));
    store.list_begins();
    store.apply(map("kept", 2, "red"));
    store.observe(map("ours", 9, "red"));
    let gone = store.list_ends();
    assert_eq!(gone.len(), 1);
    assert!(gone[0].after.is_none());
    assert_eq!(named(&store, "red"), "kept ours");
}

#[test]
fn an_unreadable_object_is_remembered_until_it_is_readable_or_gone() {
    let mut store = store();
    store.apply(map("a", 1, "red"));
    let broken = |revision: u64| Unreadable {
        metadata: map("a", revision, "").metadata,
        reason: "spec: unknown".into(),
    };
    let (change, news) = store.apply_unreadable(broken(2));
    assert!(change.is_some_and(|change| change.after.is_none()) && news);
    assert!(store.is_unreadable(&Key::new("team", "a")));
    assert!(!store.apply_unreadable(broken(3)).1, "reported once");
    store.apply(map("a", 4, "red"));
    assert!(!store.is_unreadable(&Key::new("team", "a")));
    store.apply_unreadable(broken(5));
    store.delete(&map("a", 6, ""));
    assert!(store.unreadable().is_empty());
}

#[test]
fn a_namespace_is_a_range() {
    let mut store = store();
    store.apply(map("a", 1, "red"));
    let mut other = map("b", 2, "red");
    other.metadata.namespace = Some("team-b".into());
    store.apply(other);
    assert_eq!(store.within("team").len(), 1);
    assert_eq!(store.within("tea").len(), 0);
}

#[test]
fn what_is_no_longer_needed_is_trimmed_when_it_comes_and_later() {
    static DUE: AtomicBool = AtomicBool::new(true);
    let trim = Trim {
        due: |map: &ConfigMap| DUE.load(Ordering::Relaxed) && map.binary_data.is_some(),
        trim: |map| map.binary_data = None,
    };
    let heavy = |name, revision| {
        let mut map = map(name, revision, "red");
        map.binary_data = Some(std::collections::BTreeMap::new());
        map
    };
    let mut store = Store::new(&[&BY_COLOUR], Some(trim));
    let is_heavy = |store: &Store<ConfigMap>, name| {
        store
            .get(&Key::new("team", name))
            .unwrap()
            .binary_data
            .is_some()
    };
    store.apply(heavy("old", 1));
    assert!(!is_heavy(&store, "old"));
    DUE.store(false, Ordering::Relaxed);
    store.apply(heavy("new", 2));
    assert!(is_heavy(&store, "new"));
    DUE.store(true, Ordering::Relaxed);
    store.trim();
    assert!(!is_heavy(&store, "new"));
    assert_eq!(named(&store, "red"), "new old");
}
