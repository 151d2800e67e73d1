use crate::ask::{accepts, rejects};
use crate::ground::ground;

async fn config(spec: &str) -> String {
    named(&ground().await.project, spec)
}

fn named(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: ProjectConfig, metadata: {{name: {name}}}, spec: {spec}}}"
    )
}

async fn policies(policies: &str) -> String {
    config(&format!("{{promotionPolicies: {policies}}}")).await
}

async fn receivers(receivers: &str) -> String {
    config(&format!("{{webhookReceivers: {receivers}}}")).await
}

#[tokio::test]
async fn its_name_is_that_of_the_project() {
    accepts(&config("{}").await).await;
    rejects(
        &named("other", "{}"),
        "a ProjectConfig has the name of its Project",
    )
    .await;
}

#[tokio::test]
async fn a_policy_is_about_a_stage_or_a_selector() {
    accepts(&policies("[{stage: dev, autoPromotionEnabled: true}]").await).await;
    accepts(&policies("[{stageSelector: {name: 'glob:prod-*', matchLabels: {a: b}}}]").await).await;
    accepts(
        &policies("[{stageSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}]")
            .await,
    )
    .await;
    rejects(
        &policies("[{stage: dev, stageSelector: {name: dev}}]").await,
        "exactly one of stage and",
    )
    .await;
    for nothing in ["{}", "{matchLabels: {}}", "{matchExpressions: []}"] {
        let manifest = policies(&format!("[{{stageSelector: {nothing}}}]")).await;
        rejects(&manifest, "must say which Stages").await;
    }
    rejects(
        &policies("[{autoPromotionEnabled: true}]").await,
        "exactly one of stage and",
    )
    .await;
    rejects(&policies("[{stage: Dev}]").await, "should match").await;
}

#[tokio::test]
async fn a_name_has_one_policy() {
    rejects(
        &policies("[{stage: dev}, {stageSelector: {name: dev}}]").await,
        "about the same Stage",
    )
    .await;
    rejects(
        &policies("[{stageSelector: {name: dev}}, {stageSelector: {name: dev}}]").await,
        "the same name in stageSelector",
    )
    .await;
    accepts(&policies("[{stageSelector: {name: dev}}, {stageSelector: {name: prod}}]").await).await;
}

#[tokio::test]
async fn label_operators_have_the_values_they_need() {
    let expression =
        |rest: &str| format!("[{{stageSelector: {{matchExpressions: [{{key: a, {rest}}}]}}}}]");
    accepts(&policies(&expression("operator: Exists")).await).await;
    rejects(
        &policies(&expression("operator: In")).await,
        "In and NotIn need values",
    )
    .await;
    rejects(
        &policies(&expression("operator: Exists, values: [b]")).await,
        "In and NotIn need values",
    )
    .await;
    rejects(
        &policies(&expression("operator: Like, values: [b]")).await,
        "Unsupported value",
    )
    .await;
}

#[tokio::test]
async fn rollback_follows_known_ends_once_each() {
    let rollback = |rest: &str| format!("[{{stage: dev, autoRollback: {rest}}}]");
    accepts(
        &policies(&rollback(
            "{onPromotion: [Failed, Errored], onVerification: [Failed, Error]}",
        ))
        .await,
    )
    .await;
    rejects(
        &policies(&rollback("{onPromotion: [Failed, Failed]}")).await,
        "Duplicate",
    )
    .await;
    rejects(
        &policies(&rollback("{onPromotion: [Aborted]}")).await,
        "Unsupported value",
    )
    .await;
}

#[tokio::test]
async fn a_receiver_is_for_one_service() {
    for service in [
        "bitbucket",
        "dockerhub",
        "github",
        "gitlab",
        "quay",
        "artifactory",
        "azure",
        "gitea",
        "harbor",
        "generic",
    ] {
        accepts(
            &receivers(&format!(
                "[{{name: one, {service}: {{secretRef: {{name: s}}}}}}]"
            ))
            .await,
        )
        .await;
    }
    rejects(&receivers("[{name: one}]").await, "exactly one service").await;
    let two = "[{name: one, harbor: {secretRef: {name: s}}, quay: {secretRef: {name: s}}}]";
    rejects(&receivers(two).await, "exactly one service").await;
}

#[tokio::test]
async fn receivers_have_names_of_their_own() {
    let two =
        "[{name: one, quay: {secretRef: {name: s}}}, {name: one, github: {secretRef: {name: s}}}]";
    rejects(&receivers(two).await, "two receivers have the same name").await;
}

#[tokio::test]
async fn a_generic_receiver_says_what_it_acts_on() {
    let generic = |criteria: &str| {
        format!(
            "[{{name: one, generic: {{secretRef: {{name: s}}, actions: [{{action: Refresh, targetSelectionCriteria: [{criteria}]}}]}}}}]"
        )
    };
    accepts(&receivers(&generic("{kind: Warehouse, name: shop}")).await).await;
    accepts(
        &receivers(&generic(
            "{kind: Warehouse, indexSelector: {matchIndices: [{key: subscribedURLs, operator: Equals, value: a}]}}",
        ))
        .await,
    )
    .await;
    rejects(
        &receivers(&generic("{kind: Warehouse}")).await,
        "at least one of name, labelSelector",
    )
    .await;
}

#[tokio::test]
async fn windows_have_names_of_their_own() {
    let windows = |second: &str| {
        format!("{{promotionWindows: [{{name: a, kind: Deny}}, {{name: {second}, kind: Allow}}]}}")
    };
    accepts(&config(&windows("b")).await).await;
    rejects(&config(&windows("a")).await, "Duplicate").await;
}

#[tokio::test]
async fn links_need_title_and_address() {
    accepts(&config("{stageLinks: [{title: Logs, url: 'https://logs/${{ ctx.stage }}'}]}").await)
        .await;
    rejects(
        &config("{freightLinks: [{title: Logs}]}").await,
        "url: Required",
    )
    .await;
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let name = &ground().await.elsewhere;
    let manifest = format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: ProjectConfig, metadata: {{name: {name}, namespace: elsewhere}}}}"
    );
    rejects(&manifest, "does not belong to a Project").await;
}
