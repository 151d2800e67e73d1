//! Pipelines of more than one path.

use argosy_tests::pipeline::{Pipeline, phase};

const DONE: &str = "[{uses: compose-output, config: {a: 1}}]";

#[tokio::test]
async fn a_stage_with_two_warehouses_keeps_the_freight_of_both() {
    let project = Pipeline::new("both", &["dev"]).await;
    for warehouse in ["front", "back"] {
        project.push(warehouse, "1.0.0").await;
        project.warehouse(warehouse).await;
    }
    project
        .stage("dev", &["front", "back"], "{direct: true}", DONE)
        .await;
    let front = project.freight("front", "1.0.0").await;
    let back = project.freight("back", "1.0.0").await;
    let stage = project
        .wait("stages", "dev", "both are there", |it| {
            it["status"]["freightSummary"] == "2/2 Fulfilled"
        })
        .await;
    let items = &stage["status"]["freightHistory"][0]["items"];
    assert_eq!(items["Warehouse/front"]["name"], front);
    assert_eq!(items["Warehouse/back"]["name"], back);

    project.push("back", "1.1.0").await;
    project.refresh("back").await;
    let newer = project.freight("back", "1.1.0").await;
    let stage = project
        .wait("stages", "dev", "the newer one is there", |it| {
            it["status"]["freightHistory"][0]["items"]["Warehouse/back"]["name"] == *newer
        })
        .await;
    let kept = &stage["status"]["freightHistory"][0]["items"]["Warehouse/front"]["name"];
    assert_eq!(*kept, front, "the other origin's Freight stays");
    project.verified(&newer, "dev").await;
    project.verified(&front, "dev").await;
}

#[tokio::test]
async fn freight_passes_a_control_flow_stage_when_all_before_it_have_verified_it() {
    let project = Pipeline::new("gate", &["east", "west", "prod"]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    let all = "{stages: [east, west], availabilityStrategy: All}";
    project
        .stage("east", &["app"], "{direct: true}", DONE)
        .await;
    project.stage("gate", &["app"], all, "").await;
    project
        .stage("prod", &["app"], "{stages: [gate]}", DONE)
        .await;
    let freight = project.freight("app", "1.0.0").await;
    project.verified(&freight, "east").await;
    let gate = project
        .wait("stages", "gate", "the gate is ready", |it| {
            it["status"]["freightSummary"] == "N/A"
        })
        .await;
    assert_eq!(gate["status"]["phase"], "NotApplicable");
    let seen = project.get("freights", &freight).await.unwrap();
    assert!(
        seen["status"]["verifiedIn"]["gate"].is_null(),
        "west has not verified it"
    );

    project
        .stage("west", &["app"], "{direct: true}", DONE)
        .await;
    project.verified(&freight, "gate").await;
    project.verified(&freight, "prod").await;
    let refused = project.promote("gate", &freight).await;
    let refused = project.ended(&refused).await;
    assert_eq!(phase(&refused), "Errored");
    assert!(
        refused["status"]["message"]
            .as_str()
            .unwrap()
            .contains("no promotion steps")
    );
}
