//! What promotes without a person.

use argosy_tests::pipeline::{Pipeline, phase};

const STEPS: &str = "[{uses: compose-output, as: out, config: {tag: '${{ imageFrom(vars.image).Tag }}'}, vars: [{name: image, value: IMAGE}]}]";

#[tokio::test]
async fn a_new_image_becomes_freight_and_promotes_by_itself() {
    let project = Pipeline::new("auto", &["dev"]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    let steps = STEPS.replace("IMAGE", &project.image("app"));
    project
        .stage("dev", &["app"], "{direct: true}", &steps)
        .await;
    let first = project.freight("app", "1.0.0").await;
    project.verified(&first, "dev").await;

    project.push("app", "1.1.0").await;
    project.refresh("app").await;
    let second = project.freight("app", "1.1.0").await;
    project.verified(&second, "dev").await;

    let promotions = project
        .list("promotions", "kargo.akuity.io/stage=dev")
        .await;
    assert_eq!(promotions.len(), 2);
    let selector = format!("argosy.dev/freight={second}");
    let newest = project.list("promotions", &selector).await.remove(0);
    assert_eq!(phase(&newest), "Succeeded");
    assert_eq!(newest["status"]["state"]["out"]["tag"], "1.1.0");
    let name = newest["metadata"]["name"].as_str().unwrap();
    assert!(
        name.starts_with("dev.") && name.ends_with(&second[..7]),
        "{name}"
    );
    let stage = project.get("stages", "dev").await.unwrap();
    assert_eq!(stage["status"]["freightSummary"], second);
    assert_eq!(stage["status"]["phase"], "Steady");
    let first = project.get("freights", &first).await.unwrap();
    assert!(
        first["status"]["currentlyIn"]["dev"].is_null(),
        "it has left"
    );
}

#[tokio::test]
async fn a_failed_promotion_is_not_tried_again_by_itself() {
    let project = Pipeline::new("failed", &["dev"]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    let steps = "[{uses: fail, config: {message: not today}}]";
    project
        .stage("dev", &["app"], "{direct: true}", steps)
        .await;
    project.freight("app", "1.0.0").await;
    let failed = project
        .wait("stages", "dev", "the promotion fails", |it| {
            it["status"]["phase"] == "Failed"
        })
        .await;
    assert_eq!(
        failed["status"]["lastPromotion"]["status"]["phase"],
        "Failed"
    );
    // A change of the Stage makes the controller look again.
    project
        .kubectl(&["annotate", "stage", "dev", "looked=again"])
        .await
        .unwrap();
    project
        .kubectl(&["annotate", "stage", "dev", "kargo.akuity.io/refresh=1"])
        .await
        .unwrap();
    project
        .wait("stages", "dev", "the controller has looked", |it| {
            it["status"]["lastHandledRefresh"] == "1"
        })
        .await;
    assert_eq!(
        project
            .list("promotions", "kargo.akuity.io/stage=dev")
            .await
            .len(),
        1
    );
    let events = project
        .kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"])
        .await;
    assert!(events.unwrap().contains("PromotionFailed"));
}

#[tokio::test]
async fn promoting_older_freight_holds_auto_promotion_back() {
    let project = Pipeline::new("held", &["dev"]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project
        .stage(
            "dev",
            &["app"],
            "{direct: true}",
            "[{uses: compose-output, config: {a: 1}}]",
        )
        .await;
    let old = project.freight("app", "1.0.0").await;
    project.verified(&old, "dev").await;
    project.push("app", "1.1.0").await;
    project.refresh("app").await;
    let new = project.freight("app", "1.1.0").await;
    project.verified(&new, "dev").await;

    let back = project.promote("dev", &old).await;
    assert_eq!(phase(&project.ended(&back).await), "Succeeded");
    let held = project
        .wait("stages", "dev", "auto-promotion is held", |it| {
            it["status"]["autoPromotionHolds"]["Warehouse/app"]["freightName"] == *old
        })
        .await;
    assert_eq!(held["status"]["freightSummary"], old);

    let forth = project.promote("dev", &new).await;
    assert_eq!(phase(&project.ended(&forth).await), "Succeeded");
    project
        .wait("stages", "dev", "the hold is released", |it| {
            it["status"]["autoPromotionHolds"].is_null() && it["status"]["freightSummary"] == *new
        })
        .await;
}
