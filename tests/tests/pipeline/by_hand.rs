//! What people do with `kubectl`.

use argosy_tests::pipeline::{Pipeline, message, phase};

const DONE: &str = "[{uses: compose-output, as: out, config: {stage: '${{ ctx.stage }}'}}]";

async fn two_stages(name: &str) -> (Pipeline<'static>, String) {
    let project = Pipeline::new(name, &[]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project.stage("dev", &["app"], "{direct: true}", DONE).await;
    project
        .stage("prod", &["app"], "{stages: [dev]}", DONE)
        .await;
    let freight = project.freight("app", "1.0.0").await;
    (project, freight)
}

#[tokio::test]
async fn a_promotion_made_by_hand_is_completed_and_runs() {
    let (project, freight) = two_stages("by-hand").await;
    let name = project.promote("dev", &freight).await;
    let promotion = project.ended(&name).await;
    assert_eq!(phase(&promotion), "Succeeded", "{promotion:#}");
    assert_eq!(promotion["spec"]["steps"][0]["as"], "out");
    assert_eq!(promotion["status"]["state"]["out"]["stage"], "dev");
    let labels = &promotion["metadata"]["labels"];
    assert_eq!(labels["kargo.akuity.io/stage"], "dev");
    assert_eq!(labels["argosy.dev/freight"], freight);
    assert_eq!(labels["argosy.dev/warehouse"], "app");
    assert_eq!(labels["argosy.dev/project"], project.name);
    let owner = &promotion["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["kind"], &owner["name"]),
        (&"Stage".into(), &"dev".into())
    );
    let reasons = "jsonpath={range .items[*]}{.involvedObject.name} {.reason}{\"\\n\"}{end}";
    let events = project
        .kubectl(&["get", "events", "-o", reasons])
        .await
        .unwrap();
    assert!(
        events.contains(&format!("{name} PromotionCreated")),
        "{events}"
    );
    assert!(
        events.contains(&format!("{name} PromotionSucceeded")),
        "{events}"
    );
}

#[tokio::test]
async fn freight_that_is_not_verified_upstream_is_refused_with_the_reason() {
    let (project, freight) = two_stages("refused").await;
    let name = project.promote("prod", &freight).await;
    let refused = project.ended(&name).await;
    assert_eq!(phase(&refused), "Errored");
    let why = refused["status"]["message"].as_str().unwrap();
    assert!(
        why.contains("not available") && why.contains("not verified in `dev`"),
        "{why}"
    );
    assert!(refused["status"]["startedAt"].is_null(), "it never ran");
    let stage = project.get("stages", "prod").await.unwrap();
    assert!(stage["status"]["lastPromotion"].is_null());

    let first = project.promote("dev", &freight).await;
    project.ended(&first).await;
    project.verified(&freight, "dev").await;
    let again = project.promote("prod", &freight).await;
    assert_eq!(phase(&project.ended(&again).await), "Succeeded");
}

#[tokio::test]
async fn approval_makes_freight_available() {
    let (project, freight) = two_stages("approved").await;
    let patch = r#"{"status":{"approvedFor":{"prod":{"approvedAt":"2026-01-01T00:00:00Z"}}}}"#;
    let args = [
        "patch",
        "freight",
        &freight,
        "--subresource=status",
        "--type=merge",
        "-p",
        patch,
    ];
    project.kubectl(&args).await.unwrap();
    let name = project.promote("prod", &freight).await;
    assert_eq!(phase(&project.ended(&name).await), "Succeeded");
}

#[tokio::test]
async fn a_promotion_to_a_stage_that_is_not_there_says_so() {
    let (project, freight) = two_stages("nowhere").await;
    let name = project.promote("production", &freight).await;
    let refused = project.ended(&name).await;
    let why = refused["status"]["message"].as_str().unwrap();
    assert!(
        why.contains("spec.stage") && why.contains("production"),
        "{why}"
    );
}

#[tokio::test]
async fn freight_made_by_hand_gets_its_alias_and_moves() {
    let (project, _) = two_stages("handmade").await;
    let image = project.image("app");
    let digest = "a".repeat(64);
    let name = project
        .create(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata: {{name: mine}}\n\
             origin: {{kind: Warehouse, name: app}}\nimages:\n- {{repoURL: {image}, tag: 0.9.0, digest: 'sha256:{digest}'}}\n"
        ))
        .await;
    let whole = project
        .wait("freights", &name, "it has an alias", |it| {
            it["alias"].is_string()
                && it["alias"] == it["metadata"]["labels"]["kargo.akuity.io/alias"]
        })
        .await;
    assert!(whole["discoveredAt"].is_string());
    let promotion = project.promote("dev", &name).await;
    assert_eq!(phase(&project.ended(&promotion).await), "Succeeded");
}

#[tokio::test]
async fn freight_of_other_artifacts_than_its_warehouse_has_is_refused() {
    let (project, _) = two_stages("misfit").await;
    let name = project
        .create(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Freight\nmetadata: {name: misfit}\n\
             origin: {kind: Warehouse, name: app}\nimages:\n- {repoURL: ghcr.io/acme/other, tag: 1.0.0}\n",
        )
        .await;
    let wrong = project
        .wait("freights", &name, "it is refused", |it| {
            argosy_tests::pipeline::condition(it, "Valid", "False")
        })
        .await;
    assert!(
        message(&wrong, "Valid").contains("does not subscribe to images of ghcr.io/acme/other")
    );
    let promotion = project.promote("dev", &name).await;
    assert_eq!(phase(&project.ended(&promotion).await), "Errored");
}
