use crate::ask::{accepts, rejects};

fn config(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: ClusterConfig, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

#[tokio::test]
async fn there_is_one_and_its_name_is_cluster() {
    accepts(&config("cluster", "{}")).await;
    rejects(&config("other", "{}"), "its name is `cluster`").await;
}

#[tokio::test]
async fn who_commits_has_name_and_address() {
    accepts(&config(
        "cluster",
        "{gitClient: {name: A, email: a@b, signingKeySecret: {name: s}}}",
    ))
    .await;
    rejects(
        &config("cluster", "{gitClient: {name: A}}"),
        "email: Required",
    )
    .await;
}

#[tokio::test]
async fn receivers_are_checked_as_those_of_projects() {
    rejects(
        &config("cluster", "{webhookReceivers: [{name: a}]}"),
        "exactly one service",
    )
    .await;
}

#[tokio::test]
async fn a_field_that_is_not_known_is_refused() {
    rejects(
        &config("cluster", "{promotionPolicies: []}"),
        "unknown field",
    )
    .await;
}
