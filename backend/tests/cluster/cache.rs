use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use argosy::cache::{Cache, Key, Progress, Report};
use argosy::events::Events;
use argosy::metrics::Metrics;
use argosy_tests::kubernetes::fresh;
use argosy_tests::{Needs, World};
use k8s_openapi::api::core::v1::{ConfigMap, Event as Written};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::{NamespaceResourceScope, ObjectMeta};
use kube::{Api, Client, Resource};
use serde::Deserialize;
use serde_json::json;

use super::{cluster, project, until};

/// A `ConfigMap` as a program sees it that wants numbers in it.
#[derive(Clone, Debug, Deserialize)]
struct Numbers {
    metadata: ObjectMeta,
    data: BTreeMap<String, Number>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Number(u32);

impl TryFrom<String> for Number {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Resource for Numbers {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "ConfigMap".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "configmaps".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// A cache of the numbers with a label of this test's own, filled.
async fn numbers(client: &Client, label: &'static str) -> Cache<Numbers> {
    let cache = Cache::new(&[]);
    tokio::spawn(
        cache
            .clone()
            .feed(client.clone(), Some(label), Report::default()),
    );
    cache.synced(false).await;
    cache
}

fn map(name: &str, label: &str, value: &str) -> ConfigMap {
    serde_json::from_value(json!({
        "metadata": { "name": name, "labels": { label: "yes" } },
        "data": { "n": value },
    }))
    .unwrap()
}

async fn create(api: &Api<ConfigMap>, name: &str, label: &str, value: &str) {
    api.create(&PostParams::default(), &map(name, label, value))
        .await
        .unwrap();
}

async fn set(api: &Api<ConfigMap>, name: &str, value: &str) {
    let patch = Patch::Merge(json!({ "data": { "n": value } }));
    api.patch(name, &PatchParams::default(), &patch)
        .await
        .unwrap();
}

fn number(cache: &Cache<Numbers>, namespace: &str, name: &str) -> Option<u32> {
    cache
        .get(namespace, name)
        .and_then(|found| found.data.get("n").map(|number| number.0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_follows_the_cluster_and_tells_what_changes() {
    let (cluster, label) = (cluster().await, "follows");
    let namespace = project(cluster).await;
    let client = cluster.client().await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    create(&api, "first", label, "1").await;
    let cache = numbers(&client, label).await;
    assert_eq!(
        number(&cache, &namespace, "first"),
        Some(1),
        "it was there before"
    );

    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let notes = Arc::clone(&told);
    let subscription = cache.subscribe(move |change| {
        let numbers =
            [&change.before, &change.after].map(|side| side.as_ref().map(|it| it.data["n"].0));
        notes
            .lock()
            .unwrap()
            .push(format!("{} {numbers:?}", change.key.name));
    });
    create(&api, "second", label, "2").await;
    set(&api, "first", "10").await;
    until("both changes are seen", || {
        cache.len() == 2 && number(&cache, &namespace, "first") == Some(10)
    })
    .await;
    api.delete("second", &DeleteParams::default())
        .await
        .unwrap();
    until("the deletion is seen", || cache.len() == 1).await;
    let expected = [
        "first [None, Some(1)]",
        "second [None, Some(2)]",
        "first [Some(1), Some(10)]",
        "second [Some(2), None]",
    ];
    until("all is told", || {
        told.lock().unwrap().len() == expected.len()
    })
    .await;
    assert_eq!(*told.lock().unwrap(), expected);
    drop(subscription);
    set(&api, "first", "11").await;
    until("the change is seen", || {
        number(&cache, &namespace, "first") == Some(11)
    })
    .await;
    assert_eq!(
        told.lock().unwrap().len(),
        expected.len(),
        "nobody listens any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unreadable_object_does_not_keep_the_others_away() {
    let (cluster, label) = (cluster().await, "unreadable");
    let namespace = project(cluster).await;
    let client = cluster.client().await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    create(&api, "odd", label, "many").await;
    create(&api, "plain", label, "1").await;
    let (events, writing) = Events::new(client.clone(), Metrics::default());
    let cache: Cache<Numbers> = Cache::new(&[]);
    let feed = cache
        .clone()
        .feed(client.clone(), Some(label), Report::with_events(events));
    let feeding = tokio::spawn(feed);
    cache.synced(false).await;
    let odd = Key::new(&namespace, "odd");
    assert_eq!(
        number(&cache, &namespace, "plain"),
        Some(1),
        "listed beside an unreadable one"
    );
    assert!(cache.at(&odd).is_none() && cache.is_unreadable(&odd));
    assert!(
        cache.unreadable()[0].1.starts_with("data.n: "),
        "{:?}",
        cache.unreadable()
    );
    set(&api, "plain", "none").await;
    set(&api, "odd", "7").await;
    until("the cured one is seen", || {
        number(&cache, &namespace, "odd") == Some(7)
    })
    .await;
    assert!(
        cache.is_unreadable(&Key::new(&namespace, "plain")),
        "watched after an unreadable one"
    );

    feeding.abort();
    writing.await;
    let told: Api<Written> = Api::namespaced(client, &namespace);
    let mut told = told.list(&ListParams::default()).await.unwrap().items;
    told.sort_by_key(|event| event.involved_object.name.clone());
    let [odd, plain] = told.as_slice() else {
        panic!("{} events", told.len())
    };
    assert_eq!(odd.involved_object.name.as_deref(), Some("odd"));
    assert!(
        odd.message.as_ref().unwrap().contains("data.n: "),
        "{odd:?}"
    );
    assert_eq!(plain.reason.as_deref(), Some("Unreadable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_the_cluster_does_not_know_is_found_once_it_does() {
    let cluster = cluster().await;
    let client = cluster.client().await.unwrap();
    let cache: Cache<Gadget> = Cache::new(&[]);
    tokio::spawn(cache.clone().feed(client.clone(), None, Report::default()));
    cache.synced(true).await;
    assert_eq!(cache.progress(), Progress::Unknown);
    cache.catch_up().await;
    let definition = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: gadgets, singular: gadget, kind: Gadget, listKind: GadgetList }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
"#;
    cluster.apply(definition).await.unwrap();
    until("the kind is known", || cache.progress() == Progress::Synced).await;
}

#[derive(Clone, Debug, Deserialize)]
struct Gadget {
    metadata: ObjectMeta,
}

impl Resource for Gadget {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Gadget".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "example.com".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "gadgets".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_outlives_the_api_server() {
    let world = World::start(Needs::default().cluster()).await.unwrap();
    let cluster = world.cluster().await.unwrap();
    let Some(server) = cluster.api_server() else {
        return;
    };
    let (namespace, label) = (fresh("away"), "away");
    cluster
        .kubectl(&["create", "namespace", &namespace])
        .await
        .unwrap();
    let client = cluster.client().await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    create(&api, "kept", label, "1").await;
    create(&api, "gone", label, "1").await;
    let cache = numbers(&client, label).await;
    server.kill();
    let url = cluster.url().unwrap();
    let address = url.trim_start_matches("https://");
    until("the port is free", || TcpListener::bind(address).is_ok()).await;
    server.restart().unwrap();
    cluster.ready().await.unwrap();
    api.delete("gone", &DeleteParams::default()).await.unwrap();
    set(&api, "kept", "2").await;
    cache.catch_up().await;
    until("what happened meanwhile is seen", || {
        cache.len() == 1 && number(&cache, &namespace, "kept") == Some(2)
    })
    .await;
}
