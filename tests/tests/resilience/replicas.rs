//! Two replicas: one works, the other stands by.

use std::time::{Duration, Instant};

use anyhow::ensure;
use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::pipeline::{Pipeline, SOON, phase};
use argosy_tests::{Needs, World, wait_for};

/// Takes over within 15 seconds; the rest is for the promotion itself on a busy machine.
const TAKE_OVER: Duration = Duration::from_secs(40);

#[tokio::test]
async fn another_replica_takes_over_and_nothing_is_done_twice() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let data = argosy_tests::Folder::new().unwrap();
    let options = || {
        Options::default()
            .env("ARGOSY_LEADER_ELECTION", "true")
            .data(data.path())
    };
    let first = Argosy::start(&world, options()).await.unwrap();
    let second = Argosy::start(&world, options()).await.unwrap();
    let leads = |metrics: &str| {
        metrics
            .lines()
            .any(|line| line.starts_with("argosy_leader") && line.ends_with(" 1"))
    };
    wait_for("one of them leads", SOON, || async {
        let (one, two) = (first.metrics().await?, second.metrics().await?);
        ensure!(leads(&one) != leads(&two), "both or none lead");
        Ok(())
    })
    .await
    .unwrap();
    let first_leads = leads(&first.metrics().await.unwrap());
    let (leader, other) = if first_leads {
        (&first, &second)
    } else {
        (&second, &first)
    };

    let project = Pipeline::within(&world, "replicas", &["dev"]).await;
    let (repo, url) = project.repository("config", &[("a.yaml", "a: 1\n")]).await;
    let steps = format!(
        "[{{uses: git-clone, config: {{repoURL: '{url}', checkout: [{{branch: main, path: ./src}}]}}}}, \
          {{uses: yaml-update, config: {{path: ./src/a.yaml, updates: [{{key: a, value: 2}}]}}}}, \
          {{uses: git-commit, config: {{path: ./src, message: Change}}}}, \
          {{uses: git-push, as: push, config: {{path: ./src}}}}]"
    );
    repo.hold_pushes().unwrap();
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project
        .stage("dev", &["app"], "{direct: true}", &steps)
        .await;
    let freight = project.freight("app", "1.0.0").await;
    wait_for("the push is under way", SOON, || async {
        ensure!(0 < repo.pushes_held(), "no push yet");
        Ok(())
    })
    .await
    .unwrap();
    leader.process().kill();
    repo.accept_pushes();
    let killed = Instant::now();
    wait_for("the other leads", TAKE_OVER, || async {
        ensure!(leads(&other.metrics().await?), "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert!(killed.elapsed() < TAKE_OVER);
    project.verified(&freight, "dev").await;
    let all = project
        .list("promotions", "kargo.akuity.io/stage=dev")
        .await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(phase(&all[0]), "Succeeded");
    assert_eq!(repo.log("main").await.unwrap().len(), 2, "one commit, once");
}
