use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

fn object<K: DeserializeOwned>(name: &str, revision: u64, mut body: Value) -> K {
    body["metadata"] =
        json!({ "namespace": "shop", "name": name, "resourceVersion": revision.to_string() });
    serde_json::from_value(body).unwrap()
}

fn names<K: Resource>(found: &[Arc<K>]) -> Vec<String> {
    found.iter().map(|object| Key::of(&**object).name).collect()
}

fn origin(name: &str) -> Value {
    json!({ "kind": "Warehouse", "name": name })
}

#[test]
fn freight_is_found_by_where_it_comes_from_and_where_it_is() {
    let caches = Caches::default();
    let status = json!({ "currentlyIn": { "dev": {} }, "verifiedIn": { "dev": {}, "test": {} }, "approvedFor": { "prod": {} } });
    caches.freight.observe(object(
        "a",
        1,
        json!({ "origin": origin("app"), "status": status }),
    ));
    caches
        .freight
        .observe(object("b", 2, json!({ "origin": origin("app") })));
    assert_eq!(names(&caches.freight_from("shop", "app")), ["a", "b"]);
    assert_eq!(names(&caches.freight_in("shop", "dev")), ["a"]);
    assert_eq!(names(&caches.freight_verified_in("shop", "test")), ["a"]);
    assert_eq!(names(&caches.freight_approved_for("shop", "prod")), ["a"]);
    assert!(caches.freight_from("other", "app").is_empty());
}

#[test]
fn promotions_are_found_by_stage_until_they_end() {
    let caches = Caches::default();
    let spec = |freight: &str| json!({ "stage": "dev", "freight": freight, "steps": [] });
    caches
        .promotions
        .observe(object("dev.1", 1, json!({ "spec": spec("a") })));
    caches.promotions.observe(object(
        "dev.2",
        2,
        json!({ "spec": spec("b"), "status": { "phase": "Running" } }),
    ));
    assert_eq!(
        names(&caches.unfinished_promotions("shop", "dev")),
        ["dev.1", "dev.2"]
    );
    caches.promotions.observe(object(
        "dev.2",
        3,
        json!({ "spec": spec("b"), "status": { "phase": "Failed" } }),
    ));
    assert_eq!(
        names(&caches.unfinished_promotions("shop", "dev")),
        ["dev.1"]
    );
    assert_eq!(
        names(&caches.promotions_of("shop", "dev")),
        ["dev.1", "dev.2"]
    );
    assert_eq!(
        names(&caches.promotions_of_freight("shop", "dev", "b")),
        ["dev.2"]
    );
}

#[test]
fn stages_are_found_by_what_they_take_and_hold() {
    let caches = Caches::default();
    let request = json!({ "origin": origin("app"), "sources": { "stages": ["dev"] } });
    let history = json!([{ "id": "1", "items": { "Warehouse/app": { "name": "a" } } }, { "id": "0", "items": { "Warehouse/app": { "name": "old" } } }]);
    caches.stages.observe(object("prod", 1, json!({ "spec": { "requestedFreight": [request] }, "status": { "freightHistory": history } })));
    assert_eq!(names(&caches.stages_of("shop", "app")), ["prod"]);
    assert_eq!(names(&caches.stages_after("shop", "dev")), ["prod"]);
    assert_eq!(names(&caches.stages_with("shop", "a")), ["prod"]);
    assert!(caches.stages_with("shop", "old").is_empty());
}

#[test]
fn a_warehouse_is_found_by_what_it_subscribes_to_and_an_application_by_its_stage() {
    let caches = Caches::default();
    let image = json!({ "image": { "repoURL": "ghcr.io/acme/app" } });
    caches.warehouses.observe(object(
        "app",
        1,
        json!({ "spec": { "subscriptions": [image] } }),
    ));
    assert_eq!(
        names(&caches.warehouses_subscribed("ghcr.io/acme/app")),
        ["app"]
    );
    let mut application: Application = object("dev", 2, json!({}));
    application.metadata.annotations =
        Some([(labels::AUTHORIZED_STAGE.into(), "shop:dev".into())].into());
    caches.applications.observe(application);
    assert_eq!(names(&caches.applications_of("shop", "dev")), ["dev"]);
}

#[test]
fn the_metrics_tell_queues_and_ages() {
    let caches = Caches::default();
    caches.stages.observe(object(
        "dev",
        1,
        json!({ "spec": { "requestedFreight": [] } }),
    ));
    caches.promotions.observe(object(
        "dev.1",
        1,
        json!({ "spec": { "stage": "dev", "steps": [] } }),
    ));
    let hour_ago = (Timestamp::now() - std::time::Duration::from_secs(3600)).to_string();
    caches.freight.observe(object(
        "a",
        1,
        json!({ "origin": origin("app"), "discoveredAt": hour_ago, "status": { "currentlyIn": { "dev": {} } } }),
    ));
    let samples = caches.samples();
    let dev = ["shop".to_owned(), "dev".to_owned()];
    assert_eq!(samples.unfinished_promotions, [(dev.clone(), 1.0)]);
    let (labels, age) = &samples.freight_age[0];
    assert!(*labels == dev && (3600.0..3700.0).contains(age), "{age}");
}

#[test]
fn every_kind_is_missed_until_it_is_there() {
    let caches = Caches::default();
    assert_eq!(caches.missing().len(), caches.all().len());
    assert!(caches.missing().contains(&"Stage".to_owned()));
}

#[test]
fn promotions_that_ended_long_ago_weigh_little() {
    let caches = Caches::default();
    let promotion = |name: &str, revision: u64, ended: &str| {
        let steps = json!([{ "uses": "git-clone" }]);
        let status =
            json!({ "phase": "Failed", "message": "no", "finishedAt": ended, "state": { "a": 1 } });
        object::<Promotion>(
            name,
            revision,
            json!({ "spec": { "stage": "dev", "steps": steps }, "status": status }),
        )
    };
    caches
        .promotions
        .observe(promotion("old", 1, "2026-01-01T00:00:00Z"));
    caches
        .promotions
        .observe(promotion("new", 2, &Timestamp::now().to_string()));
    let (old, new) = (
        caches.promotions.get("shop", "old").unwrap(),
        caches.promotions.get("shop", "new").unwrap(),
    );
    assert!(old.spec.steps.is_empty() && old.status.as_ref().unwrap().state.is_empty());
    assert_eq!(old.status.as_ref().unwrap().message.as_deref(), Some("no"));
    assert!(!new.spec.steps.is_empty() && !new.status.as_ref().unwrap().state.is_empty());
}
