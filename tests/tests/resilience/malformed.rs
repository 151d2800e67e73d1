//! Objects that this version cannot read.

use argosy_tests::argosy::Argosy;
use argosy_tests::pipeline::{Pipeline, phase};
use argosy_tests::{Needs, World};

const DONE: &str = "[{uses: compose-output, config: {a: 1}}]";

#[tokio::test]
async fn an_object_of_a_newer_version_does_not_stop_the_others() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let cluster = world.cluster().await.unwrap();
    // A newer version's schema: anything goes.
    let open = r#"[{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema","value":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}]"#;
    let args = [
        "patch",
        "crd",
        "stages.kargo.akuity.io",
        "--type=json",
        "-p",
        open,
    ];
    cluster.kubectl(&args).await.unwrap();
    let argosy = Argosy::start(&world, argosy_tests::argosy::Options::default())
        .await
        .unwrap();
    let project = Pipeline::within(&world, "newer", &["good"]).await;
    project
        .apply(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Stage\nmetadata: {name: strange}\n\
             spec: {requestedFreight: {of: another, shape: entirely}}\n",
        )
        .await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project
        .stage("good", &["app"], "{direct: true}", DONE)
        .await;
    let freight = project.freight("app", "1.0.0").await;
    project.verified(&freight, "good").await;
    let name = project.promote("good", &freight).await;
    assert_eq!(phase(&project.ended(&name).await), "Succeeded");
    let metrics = argosy.metrics().await.unwrap();
    assert!(
        metrics
            .lines()
            .any(|it| it.contains("unreadable") && it.contains("Stage") && it.ends_with(" 1.0")),
        "{metrics}"
    );
}
