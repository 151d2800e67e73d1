//! The API server goes away and comes back.

use anyhow::ensure;
use argosy_tests::argosy::Argosy;
use argosy_tests::pipeline::{Pipeline, SOON, phase};
use argosy_tests::{Needs, World, wait_for};

#[tokio::test]
async fn a_promotion_survives_that_the_api_server_is_away() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let argosy = Argosy::start(&world, argosy_tests::argosy::Options::default())
        .await
        .unwrap();
    let project = Pipeline::within(&world, "away", &[]).await;
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
    repo.hold_pushes().unwrap();
    let name = project.promote("dev", &freight).await;
    wait_for("the push is under way", SOON, || async {
        ensure!(0 < repo.pushes_held(), "no push yet");
        Ok(())
    })
    .await
    .unwrap();

    let cluster = world.cluster().await.unwrap();
    cluster.api_server().unwrap().kill();
    repo.accept_pushes();
    // The step ends while nobody can be told.
    wait_for("the push goes through", SOON, || async {
        ensure!(repo.log("main").await?.len() == 2, "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(
        argosy.process().ended(),
        None,
        "{}",
        argosy.process().log_tail()
    );
    // Another connection may have been given its port meanwhile.
    wait_for("the API server is back", SOON, || async {
        cluster.api_server().unwrap().restart()?;
        cluster.ready().await
    })
    .await
    .unwrap();
    let promotion = project.ended(&name).await;
    assert_eq!(phase(&promotion), "Succeeded", "{promotion:#}");
    project.verified(&freight, "dev").await;
    assert_eq!(repo.log("main").await.unwrap().len(), 2);
}
