use crate::ask::{accepts, accepts_from, rejects, rejects_change, rejects_from};
use crate::ground::PROMOTER;

fn request(spec: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: PromotionRequest, metadata: {{name: r}}, spec: {spec}}}"
    )
}

#[tokio::test]
async fn targets_are_named_once() {
    accepts(&request(
        "{stage: dev, freight: f, targets: [{name: a}, {name: b}]}",
    ))
    .await;
    rejects(
        &request("{stage: dev, freight: f, targets: [{name: a}, {name: a}]}"),
        "a Target is named twice",
    )
    .await;
    rejects(
        &request("{stage: dev, targets: [{name: a}]}"),
        "freight: Required",
    )
    .await;
}

#[tokio::test]
async fn stage_and_freight_never_change() {
    let some = request("{stage: dev, freight: f}");
    rejects_change(
        &some,
        "{spec: {stage: prod}}",
        "the Stage of a PromotionRequest never changes",
    )
    .await;
    rejects_change(
        &some,
        "{spec: {freight: g}}",
        "the Freight of a PromotionRequest never changes",
    )
    .await;
}

#[tokio::test]
async fn it_takes_the_verb_promote_on_the_stage() {
    accepts_from(PROMOTER, &request("{stage: dev, freight: f}")).await;
    rejects_from(
        PROMOTER,
        &request("{stage: prod, freight: f}"),
        "needs the verb promote on Stage \"prod\"",
    )
    .await;
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: PromotionRequest, metadata: {name: r, namespace: elsewhere}, spec: {stage: dev, freight: f}}";
    rejects(manifest, "does not belong to a Project").await;
}
