//! What a Warehouse says of its registry.

use argosy_tests::pipeline::{Pipeline, condition, message};

#[tokio::test]
async fn a_repository_that_is_not_there_is_told_with_the_next_try() {
    let project = Pipeline::new("missing", &[]).await;
    project.warehouse("app").await;
    let failing = project
        .wait("warehouses", "app", "the failure is told", |it| {
            condition(it, "Ready", "False")
        })
        .await;
    let why = message(&failing, "Ready");
    assert!(why.contains(&project.image("app")), "{why}");
    let events = project
        .kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"])
        .await;
    assert!(events.unwrap().contains("DiscoveryFailure"));

    // It recovers by itself, without anybody asking.
    project.push("app", "1.0.0").await;
    project.freight("app", "1.0.0").await;
    project
        .wait("warehouses", "app", "it is well again", |it| {
            condition(it, "Ready", "True")
        })
        .await;
}

#[tokio::test]
async fn tags_that_do_not_match_are_told() {
    let project = Pipeline::new("none", &[]).await;
    project.push("app", "2.0.0").await;
    project.warehouse("app").await;
    let nothing = project
        .wait("warehouses", "app", "nothing matches", |it| {
            condition(it, "Ready", "False")
        })
        .await;
    let ready = nothing["status"]["conditions"].as_array().unwrap();
    assert!(
        ready
            .iter()
            .any(|it| it["reason"] == "MissingImageReferences"),
        "{ready:?}"
    );
}

#[tokio::test]
async fn a_refresh_with_nothing_new_makes_no_freight_twice() {
    let project = Pipeline::new("again", &[]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    let freight = project.freight("app", "1.0.0").await;
    project
        .kubectl(&["annotate", "warehouse", "app", "kargo.akuity.io/refresh=1"])
        .await
        .unwrap();
    let refreshed = project
        .wait("warehouses", "app", "it has looked again", |it| {
            it["status"]["lastHandledRefresh"] == "1"
        })
        .await;
    assert_eq!(refreshed["status"]["lastFreightID"], freight);
    assert_eq!(
        project
            .list("freights", "argosy.dev/warehouse=app")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn an_older_form_works_and_shows_the_modern_one() {
    let project = Pipeline::new("older", &[]).await;
    project.push("app", "1.0.0").await;
    project.push("app", "2.0.0").await;
    let image = project.image("app");
    project
        .apply(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: app}}\nspec:\n  \
             subscriptions:\n  - image: {{repoURL: {image}, semverConstraint: ^1.x, discoveryLimit: 5}}\n"
        ))
        .await;
    project.freight("app", "1.0.0").await;
    let warehouse = project
        .wait("warehouses", "app", "the older form is told", |it| {
            condition(it, "Deprecated", "True")
        })
        .await;
    assert!(message(&warehouse, "Deprecated").contains("constraint: ^1.x"));
}
