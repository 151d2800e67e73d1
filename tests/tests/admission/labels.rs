//! What the server writes itself, where it can: `manifests/policies/mutating`.

use serde_json::Value;

use crate::ask::{accepts, accepts_from};
use crate::ground::PROMOTER;

const SHARD: &str = "kargo.akuity.io/shard";
const STAGE: &str = "kargo.akuity.io/stage";
const ACTOR: &str = "kargo.akuity.io/create-actor";

fn manifest(kind: &str, metadata: &str, fields: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: {kind}, metadata: {{name: x{metadata}}}, {fields}}}"
    )
}

fn warehouse(metadata: &str, shard: &str) -> String {
    let fields = format!("spec: {{{shard}subscriptions: [{{image: {{repoURL: a/b}}}}]}}");
    manifest("Warehouse", metadata, &fields)
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"][key].as_str()
}

#[tokio::test]
async fn the_shard_is_a_label_and_other_labels_stay() {
    let stored = accepts(&warehouse("", "shard: east, ")).await;
    assert_eq!(label(&stored, SHARD), Some("east"));
    let stored = accepts(&warehouse(
        ", labels: {team: a, kargo.akuity.io/shard: west}",
        "shard: east, ",
    ))
    .await;
    assert_eq!(
        (label(&stored, SHARD), label(&stored, "team")),
        (Some("east"), Some("a"))
    );
}

#[tokio::test]
async fn without_a_shard_the_label_goes() {
    let stored = accepts(&warehouse(
        ", labels: {team: a, kargo.akuity.io/shard: west}",
        "",
    ))
    .await;
    assert_eq!(
        (label(&stored, SHARD), label(&stored, "team")),
        (None, Some("a"))
    );
    let stored = accepts(&warehouse("", "")).await;
    assert!(stored["metadata"].get("labels").is_none());
}

#[tokio::test]
async fn stages_and_freight_are_labelled_too() {
    let spec = "spec: {shard: east, requestedFreight: [{origin: {kind: Warehouse, name: w}, sources: {direct: true}}]}";
    assert_eq!(
        label(&accepts(&manifest("Stage", "", spec)).await, SHARD),
        Some("east")
    );
    let fields =
        "alias: frozen-fox, origin: {kind: Warehouse, name: w}, images: [{repoURL: a/b, tag: '1'}]";
    let stored = accepts(&manifest("Freight", "", fields)).await;
    assert_eq!(label(&stored, "kargo.akuity.io/alias"), Some("frozen-fox"));
}

#[tokio::test]
async fn a_promotion_says_who_made_it_and_for_which_stage() {
    let stored = accepts_from(
        PROMOTER,
        &manifest("Promotion", "", "spec: {stage: dev, freight: f}"),
    )
    .await;
    let annotations = &stored["metadata"]["annotations"];
    assert_eq!(annotations[ACTOR], format!("kubernetes:{PROMOTER}"));
    assert_eq!(
        (annotations[STAGE].as_str(), label(&stored, STAGE)),
        (Some("dev"), Some("dev"))
    );
}

#[tokio::test]
async fn the_actor_that_argosy_gives_stays() {
    let metadata = ", annotations: {kargo.akuity.io/create-actor: 'email:a@example.com'}";
    let stored = accepts(&manifest(
        "Promotion",
        metadata,
        "spec: {stage: dev, freight: f}",
    ))
    .await;
    assert_eq!(
        stored["metadata"]["annotations"][ACTOR],
        "email:a@example.com"
    );
}

#[tokio::test]
async fn a_stage_whose_name_is_too_long_for_a_label_is_only_annotated() {
    let stage = "a".repeat(64);
    let stored = accepts(&manifest(
        "Promotion",
        "",
        &format!("spec: {{stage: {stage}, freight: f}}"),
    ))
    .await;
    assert_eq!(label(&stored, STAGE), None);
    assert_eq!(stored["metadata"]["annotations"][STAGE], stage.as_str());
}
