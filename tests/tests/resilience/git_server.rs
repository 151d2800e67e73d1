//! A Git server that says no.

use argosy_tests::pipeline::{Pipeline, phase};

async fn pushing(name: &str) -> (Pipeline<'static>, argosy_tests::git::Repo, String) {
    let project = Pipeline::new(name, &[]).await;
    let (repo, url) = project.repository("config", &[("a.yaml", "a: 1\n")]).await;
    let steps = format!(
        "[{{uses: git-clone, config: {{repoURL: '{url}', checkout: [{{branch: main, path: ./src}}]}}}}, \
          {{uses: yaml-update, config: {{path: ./src/a.yaml, updates: [{{key: a, value: 2}}]}}}}, \
          {{uses: git-commit, config: {{path: ./src, message: Change}}}}, \
          {{uses: git-push, as: push, config: {{path: ./src}}}}]"
    );
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project
        .stage("dev", &["app"], "{direct: true}", &steps)
        .await;
    let freight = project.freight("app", "1.0.0").await;
    (project, repo, freight)
}

#[tokio::test]
async fn a_refused_push_ends_the_promotion_with_the_servers_words() {
    let (project, repo, freight) = pushing("hook").await;
    repo.reject_pushes("main is frozen until Monday").unwrap();
    let name = project.promote("dev", &freight).await;
    let promotion = project.ended(&name).await;
    assert!(
        matches!(phase(&promotion), "Failed" | "Errored"),
        "{promotion:#}"
    );
    let why = promotion["status"]["message"].as_str().unwrap();
    assert!(
        why.contains("frozen until Monday") || why.contains("hook declined"),
        "{why}"
    );
    assert!(!promotion.to_string().contains("open-sesame"));

    repo.accept_pushes();
    let name = project.promote("dev", &freight).await;
    assert_eq!(phase(&project.ended(&name).await), "Succeeded");
}

#[tokio::test]
async fn wrong_credentials_name_the_repository_and_no_secret() {
    let (project, _, freight) = pushing("denied").await;
    let secret = r#"{"stringData":{"password":"another-secret"}}"#;
    project
        .kubectl(&["patch", "secret", "config", "-p", secret])
        .await
        .unwrap();
    let name = project.promote("dev", &freight).await;
    let promotion = project.ended(&name).await;
    assert!(
        matches!(phase(&promotion), "Failed" | "Errored"),
        "{promotion:#}"
    );
    let why = promotion["status"]["message"].as_str().unwrap();
    assert!(why.contains("github.com"), "{why}");
    let argosy = project.world.argosy().await.unwrap();
    for text in [promotion.to_string(), argosy.process().log()] {
        assert!(!text.contains("open-sesame") && !text.contains("another-secret"));
    }
}
