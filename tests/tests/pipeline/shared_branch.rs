//! Stages that push to one branch at once.

use argosy_tests::pipeline::{Pipeline, phase};

#[tokio::test]
async fn two_stages_push_to_one_branch_at_once_and_both_commits_are_there() {
    let project = Pipeline::new("branch", &["east", "west"]).await;
    let files = [
        ("east/values.yaml", "tag: none # east\n"),
        ("west/values.yaml", "tag: none # west\n"),
    ];
    let (repo, url) = project.repository("config", &files).await;
    let image = project.image("app");
    let steps = format!(
        "[{{uses: git-clone, config: {{repoURL: '{url}', checkout: [{{branch: main, path: ./src}}]}}}}, \
          {{uses: yaml-update, as: update, config: {{path: './src/${{{{ ctx.stage }}}}/values.yaml', \
            updates: [{{key: tag, value: '${{{{ imageFrom(\"{image}\").Tag }}}}'}}]}}}}, \
          {{uses: git-commit, config: {{path: ./src, message: '${{{{ outputs.update.commitMessage }}}}'}}}}, \
          {{uses: git-push, as: push, config: {{path: ./src}}}}]"
    );
    for stage in ["east", "west"] {
        project
            .stage(stage, &["app"], "{direct: true}", &steps)
            .await;
    }
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    let freight = project.freight("app", "1.0.0").await;
    for stage in ["east", "west"] {
        let selector = format!("kargo.akuity.io/stage={stage}");
        let promotion = project
            .wait("stages", stage, "the promotion ends", |it| {
                it["status"]["lastPromotion"].is_object()
            })
            .await;
        let name = promotion["status"]["lastPromotion"]["name"]
            .as_str()
            .unwrap();
        let promotion = project.ended(name).await;
        assert_eq!(phase(&promotion), "Succeeded", "{promotion:#}");
        assert_eq!(project.list("promotions", &selector).await.len(), 1);
        project.verified(&freight, stage).await;
        let content = repo
            .read("main", &format!("{stage}/values.yaml"))
            .await
            .unwrap();
        assert_eq!(content, format!("tag: 1.0.0 # {stage}\n"));
        let pushed = promotion["status"]["state"]["push"]["commit"]
            .as_str()
            .unwrap();
        let log = repo.log("main").await.unwrap();
        assert!(
            log.iter().any(|it| it.id == pushed),
            "{pushed} is in the branch"
        );
    }
    let log = repo.log("main").await.unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].author, "Kargo <no-reply@kargo.io>");
}
