use crate::ask::{accepts, rejects};

fn project(name: &str, rest: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Project, metadata: {{name: {name}}}{rest}}}"
    )
}

fn policies(policies: &str) -> String {
    project("p", &format!(", spec: {{promotionPolicies: {policies}}}"))
}

#[tokio::test]
async fn a_project_needs_no_spec() {
    accepts(&project("silly-demo", "")).await;
}

#[tokio::test]
async fn its_name_must_be_good_for_a_namespace() {
    accepts(&project(&"a".repeat(63), "")).await;
    rejects(&project(&"a".repeat(64), ""), "that of its namespace").await;
    rejects(&project("team.shop", ""), "that of its namespace").await;
}

#[tokio::test]
async fn policies_of_old_manifests_are_kept() {
    let stored = accepts(&policies("[{stage: dev, autoPromotionEnabled: true}]")).await;
    assert_eq!(stored["spec"]["promotionPolicies"][0]["stage"], "dev");
}

#[tokio::test]
async fn policies_of_old_manifests_are_checked() {
    rejects(
        &policies("[{stage: dev}, {stage: dev}]"),
        "about the same Stage",
    )
    .await;
    rejects(
        &policies("[{autoPromotionEnabled: true}]"),
        "exactly one of stage and",
    )
    .await;
}
