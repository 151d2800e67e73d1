//! The steps for Git, each of them twice.

use argosy::steps::Ran;
use argosy_tests::git::GitServer;
use serde_json::{Value, json};

use super::bench::Bench;

/// Runs a step and, as after a crash right after it, runs it again. Both come to the same.
async fn twice(bench: &mut Bench, kind: &str, config: Value) -> Ran {
    let first = bench.run(kind, config.clone()).await.unwrap();
    let second = bench.run(kind, config).await.unwrap();
    assert_eq!(second.output, first.output, "{kind}");
    bench.outputs.insert(
        kind.to_owned(),
        first.output.clone().unwrap_or_default().into(),
    );
    first
}

#[tokio::test]
async fn a_branch_is_rendered_once_although_every_step_is_repeated() {
    let server = GitServer::start().await.unwrap();
    let repo = server.repo("acme/app").await.unwrap();
    let kustomization = "resources: [cm.yaml]\nimages:\n- name: nginx\n  newTag: \"1\"\n";
    let cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    repo.commit(
        "main",
        "begin",
        &[("k/kustomization.yaml", kustomization), ("k/cm.yaml", cm)],
    )
    .await
    .unwrap();
    repo.commit("stage/dev", "old", &[("stale.yaml", "x")])
        .await
        .unwrap();
    let mut bench = Bench::new();
    let checkout = json!([{"branch": "main", "path": "./src"}, {"branch": "stage/dev", "create": true, "path": "./out"}]);
    let cloned = twice(
        &mut bench,
        "git-clone",
        json!({"repoURL": repo.url(), "checkout": checkout}),
    )
    .await;
    let main = repo.head("main").await.unwrap();
    assert_eq!(cloned.output.unwrap()["commits"]["./src"], main.as_str());
    twice(&mut bench, "git-clear", json!({"path": "./out"})).await;
    let set = json!({"path": "./src/k", "images": [{"image": "nginx", "tag": "2"}]});
    twice(&mut bench, "kustomize-set-image", set).await;
    twice(
        &mut bench,
        "kustomize-build",
        json!({"path": "./src/k", "outPath": "./out/all.yaml"}),
    )
    .await;
    let commit = json!({"path": "./out", "messageFromSteps": ["kustomize-set-image"]});
    let committed = twice(&mut bench, "git-commit", commit).await;
    let pushed = twice(&mut bench, "git-push", json!({"path": "./out"})).await;
    let head = repo.head("stage/dev").await.unwrap();
    assert_eq!(committed.output.unwrap()["commit"], head.as_str());
    let pushed = pushed.output.unwrap();
    assert_eq!(
        (pushed["commit"].as_str(), pushed["branch"].as_str()),
        (Some(head.as_str()), Some("stage/dev"))
    );
    let log = repo.log("stage/dev").await.unwrap();
    let messages: Vec<&str> = log.iter().map(|entry| entry.message.trim()).collect();
    assert_eq!(
        messages,
        ["Updated ./src/k to use new image\n\n- nginx:2", "old"]
    );
    assert_eq!(repo.files("stage/dev").await.unwrap(), ["all.yaml"]);
}
