//! Manifests that people have written for Kargo apply as they are, and lose nothing.

use argosy_tests::kubernetes::Cluster;
use serde_json::Value;

use crate::ground::ground;

/// `kubectl apply` of the Project, then of the whole folder, with the namespace made in between as
/// the controller makes it.
async fn apply(cluster: &Cluster, name: &str, folder: &str) -> String {
    let folder = format!(
        "{}/../manifests/examples/{folder}",
        env!("CARGO_MANIFEST_DIR")
    );
    cluster
        .kubectl(&["apply", "-f", &format!("{folder}/project.yaml")])
        .await
        .unwrap();
    let namespace = format!(
        "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{kargo.akuity.io/project: 'true'}}}}}}"
    );
    cluster.apply(&namespace).await.unwrap();
    let args = ["--namespace", name, "apply", "-f", &folder];
    cluster.kubectl(&args).await.unwrap()
}

async fn get(cluster: &Cluster, namespace: &str, what: &str) -> Value {
    let json = cluster
        .kubectl(&["-n", namespace, "get", what, "-o", "json"])
        .await
        .unwrap();
    serde_json::from_str(&json).unwrap()
}

#[tokio::test]
async fn a_pipeline_of_steps_applies() {
    let cluster = ground().await.cluster();
    let said = apply(cluster, "silly-demo", "silly-demo/kargo-manifests").await;
    assert_eq!(said.matches("created").count(), 4, "{said}");
    let project = get(cluster, "default", "project/silly-demo").await;
    assert_eq!(
        project["spec"]["promotionPolicies"][0]["autoPromotionEnabled"],
        true
    );
    let image = &get(cluster, "silly-demo", "warehouse/silly-demo").await["spec"]["subscriptions"]
        [0]["image"];
    assert_eq!(image["semverConstraint"], "^1.x");
    let stage = get(cluster, "silly-demo", "stage/prod").await;
    let steps = &stage["spec"]["promotionTemplate"]["spec"]["steps"];
    assert_eq!(steps[4]["config"]["messageFromSteps"][0], "update-image");
    assert_eq!(
        steps[6]["config"]["apps"][0]["sources"][0]["desiredCommitFromStep"],
        "commit"
    );
}

#[tokio::test]
async fn promotion_mechanisms_apply() {
    let cluster = ground().await.cluster();
    let said = apply(cluster, "echo-server", "echo-server").await;
    assert_eq!(said.matches("created").count(), 5, "{said}");
    let stage = get(cluster, "echo-server", "stage/production").await;
    let image = &stage["spec"]["promotionMechanisms"]["gitRepoUpdates"][0]["helm"]["images"][0];
    assert_eq!(
        (&image["key"], &image["value"]),
        (&"image.tag".into(), &"Tag".into())
    );
}
