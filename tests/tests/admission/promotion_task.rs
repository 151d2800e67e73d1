use crate::ask::{accepts, rejects};

fn tasks(spec: &str) -> [String; 2] {
    ["PromotionTask", "ClusterPromotionTask"].map(|kind| {
        format!("{{apiVersion: kargo.akuity.io/v1alpha1, kind: {kind}, metadata: {{name: t}}, spec: {spec}}}")
    })
}

async fn accepts_both(spec: &str) {
    for task in tasks(spec) {
        accepts(&task).await;
    }
}

async fn rejects_both(spec: &str, words: &str) {
    for task in tasks(spec) {
        rejects(&task, words).await;
    }
}

#[tokio::test]
async fn a_task_has_steps_and_inputs() {
    accepts_both("{vars: [{name: needed}, {name: given, value: x}], steps: [{uses: fail, as: a, config: {b: 1}}]}").await;
    rejects_both("{}", "steps: Required").await;
    rejects_both("{steps: []}", "should have at least 1 items").await;
}

#[tokio::test]
async fn tasks_do_not_nest() {
    rejects_both("{steps: [{task: {name: other}}]}", "cannot be a task").await;
}

#[tokio::test]
async fn names_of_steps_are_unique_and_not_reserved() {
    rejects_both(
        "{steps: [{uses: a, as: b}, {uses: a, as: b}]}",
        "two steps have the same name",
    )
    .await;
    rejects_both(
        "{steps: [{uses: a, as: task-1}]}",
        "cannot be step-<number>",
    )
    .await;
}

#[tokio::test]
async fn one_of_a_project_lives_in_its_namespace() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: PromotionTask, metadata: {name: t, namespace: elsewhere}, spec: {steps: [{uses: a}]}}";
    rejects(manifest, "does not belong to a Project").await;
}
