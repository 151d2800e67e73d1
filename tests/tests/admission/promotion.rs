use crate::ask::{
    accepts, accepts_change, accepts_change_from, accepts_from, deletion, rejects, rejects_change,
    rejects_change_from, rejects_from,
};
use crate::ground::{COLLECTOR, PROMOTER};

fn promotion(spec: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Promotion, metadata: {{name: p}}, spec: {spec}}}"
    )
}

fn made_by(actor: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Promotion, metadata: {{name: p, annotations: {{kargo.akuity.io/create-actor: '{actor}'}}}}, spec: {{stage: dev, freight: f}}}}"
    )
}

const TO_DEV: &str = "{stage: dev, freight: f}";
const TO_PROD: &str = "{stage: prod, freight: f}";
const RUNNING: &str = "{stage: dev, freight: f, steps: [{uses: fail, as: step-1, config: {a: 1}}]}, status: {phase: Running}";

#[tokio::test]
async fn it_promotes_freight_or_what_an_origin_has() {
    accepts(&promotion(TO_DEV)).await;
    accepts(&promotion(
        "{stage: dev, origin: {kind: Warehouse, name: w}}",
    ))
    .await;
    rejects(
        &promotion("{stage: dev}"),
        "freight or origin must be given",
    )
    .await;
    rejects(
        &promotion("{stage: dev, freight: f, origin: {kind: Warehouse, name: w}}"),
        "exclude each other",
    )
    .await;
    rejects(&promotion("{freight: f}"), "stage: Required").await;
    rejects(&promotion("{stage: 'Dev!', freight: f}"), "stage").await;
}

#[tokio::test]
async fn its_steps_are_no_tasks() {
    accepts(&promotion(
        "{stage: dev, freight: f, steps: [{uses: fail, as: step-1}]}",
    ))
    .await;
    rejects(
        &promotion("{stage: dev, freight: f, steps: [{task: {name: t}}]}"),
        "cannot be a task",
    )
    .await;
    rejects(
        &promotion("{stage: dev, freight: f, steps: []}"),
        "should have at least 1 items",
    )
    .await;
}

#[tokio::test]
async fn the_controller_completes_it_before_it_runs() {
    let given = promotion("{stage: dev, origin: {kind: Warehouse, name: w}}");
    accepts_change(
        &given,
        "{spec: {origin: null, freight: f, steps: [{uses: fail}], vars: [{name: a}]}}",
    )
    .await;
}

#[tokio::test]
async fn its_spec_never_changes_once_it_runs() {
    let running = promotion(RUNNING);
    let words = "never changes once it has its steps";
    rejects_change(&running, "{spec: {steps: [{uses: fail}]}}", words).await;
    // Fields that the schema does not know count as well.
    rejects_change(
        &running,
        "{spec: {steps: [{uses: fail, as: step-1, config: {a: 2}}]}}",
        words,
    )
    .await;
    rejects_change(&running, "{spec: {vars: [{name: a}]}}", words).await;
    rejects_change(
        &promotion(TO_DEV),
        "{spec: {stage: prod}}",
        "the Stage of a Promotion never changes",
    )
    .await;
    rejects_change(
        &promotion(TO_DEV),
        "{spec: {freight: g}}",
        "the Freight of a Promotion never changes",
    )
    .await;
    accepts_change(
        &running,
        "{metadata: {annotations: {kargo.akuity.io/abort: terminate}}}",
    )
    .await;
}

#[tokio::test]
async fn promoting_takes_the_verb_promote_on_the_stage() {
    let words = "needs the verb promote on Stage \"prod\"";
    accepts_from(PROMOTER, &promotion(TO_DEV)).await;
    rejects_from(PROMOTER, &promotion(TO_PROD), words).await;
    let abort = "{metadata: {annotations: {kargo.akuity.io/abort: terminate}}}";
    accepts_change_from(PROMOTER, &promotion(TO_DEV), "", abort).await;
    rejects_change_from(PROMOTER, &promotion(TO_PROD), "", abort, words).await;
    deletion(Some(PROMOTER), &promotion(TO_DEV)).await.unwrap();
    let said = deletion(Some(PROMOTER), &promotion(TO_PROD))
        .await
        .unwrap_err();
    assert!(said.contains(words), "{said}");
}

#[tokio::test]
async fn kubernetes_cleans_up_without_it() {
    deletion(Some(COLLECTOR), &promotion(TO_PROD))
        .await
        .unwrap();
    rejects_from(COLLECTOR, &promotion(TO_PROD), "needs the verb promote").await;
}

#[tokio::test]
async fn people_cannot_bring_their_own_steps() {
    let words = "come from its Stage, leave them out";
    rejects_from(
        PROMOTER,
        &promotion("{stage: dev, freight: f, steps: [{uses: fail}]}"),
        words,
    )
    .await;
    rejects_from(
        PROMOTER,
        &promotion("{stage: dev, freight: f, vars: [{name: a, value: b}]}"),
        words,
    )
    .await;
    rejects_change_from(
        PROMOTER,
        &promotion(TO_DEV),
        "",
        "{spec: {steps: [{uses: fail}]}}",
        "the spec of a Promotion never",
    )
    .await;
}

#[tokio::test]
async fn nobody_promotes_in_the_name_of_another() {
    let words = "says who created it, and nobody else";
    rejects_from(PROMOTER, &made_by("email:boss@example.com"), words).await;
    accepts_from(PROMOTER, &made_by(&format!("kubernetes:{PROMOTER}"))).await;
    accepts(&made_by("email:boss@example.com")).await;
    let rename =
        "{metadata: {annotations: {kargo.akuity.io/create-actor: 'email:boss@example.com'}}}";
    rejects_change_from(PROMOTER, &made_by("admin"), "", rename, words).await;
    let forget = "{metadata: {annotations: {kargo.akuity.io/create-actor: null}}}";
    rejects_change_from(PROMOTER, &made_by("admin"), "", forget, words).await;
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: Promotion, metadata: {name: p, namespace: elsewhere}, spec: {stage: dev, freight: f}}";
    rejects(manifest, "does not belong to a Project").await;
}
