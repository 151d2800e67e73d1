use serde_json::json;

use crate::ask::{accepts, rejects};

#[tokio::test]
async fn parameters_are_whatever_they_are() {
    let stored = accepts(
        "{apiVersion: kargo.akuity.io/v1alpha1, kind: Target, metadata: {name: t}, spec: {params: {a: 1, b: [{c: d}], e: {f: true}}}}",
    )
    .await;
    assert_eq!(
        stored["spec"]["params"],
        json!({ "a": 1, "b": [{ "c": "d" }], "e": { "f": true } })
    );
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: Target, metadata: {name: t, namespace: elsewhere}}";
    rejects(manifest, "does not belong to a Project").await;
}
