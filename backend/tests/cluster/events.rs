use argosy::events::{Event, Events};
use argosy::metrics::Metrics;
use k8s_openapi::api::core::v1::{ConfigMap, Event as Written};
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::json;

use super::{cluster, project};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_found_at_its_object_and_repetitions_are_counted() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let client = cluster.client().await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    let map = serde_json::from_value(json!({ "metadata": { "name": "map" } })).unwrap();
    let map = maps.create(&PostParams::default(), &map).await.unwrap();

    let metrics = Metrics::default();
    let (events, writing) = Events::new(client.clone(), metrics.clone());
    let event = Event::warning(&map, "stage-controller", "Odd", "something is odd")
        .fact("project", &*namespace);
    for _ in 0..3 {
        events.send(event.clone());
    }
    events.send(Event::normal(
        &map,
        "stage-controller",
        "Even",
        "something is even",
    ));
    drop(events);
    writing.await;

    let api: Api<Written> = Api::namespaced(client, &namespace);
    let about = ListParams::default().fields("involvedObject.name=map");
    let mut written = api.list(&about).await.unwrap().items;
    written.sort_by_key(|event| event.reason.clone());
    let [even, odd] = written.as_slice() else {
        panic!("{} events", written.len())
    };
    assert_eq!(
        (even.type_.as_deref(), even.count),
        (Some("Normal"), Some(1))
    );
    assert_eq!(
        (odd.type_.as_deref(), odd.count),
        (Some("Warning"), Some(3))
    );
    assert_eq!(odd.involved_object.uid, map.metadata.uid);
    let annotations = odd.metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations["event.kargo.akuity.io/project"], namespace);
    let text = metrics.render();
    assert!(
        text.contains(r#"argosy_events_total{result="merged"} 2"#),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_replicas_tell_is_told_once() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let client = cluster.client().await.unwrap();
    let mut map = ConfigMap::default();
    map.metadata.name = Some("map".into());
    map.metadata.namespace = Some(namespace.clone());
    for _ in 0..2 {
        let (events, writing) = Events::new(client.clone(), Metrics::default());
        events.send(Event::warning(&map, "argosy", "Unreadable", "it cannot be read").once());
        drop(events);
        writing.await;
    }
    let api: Api<Written> = Api::namespaced(client, &namespace);
    assert_eq!(
        api.list(&ListParams::default()).await.unwrap().items.len(),
        1
    );
}
