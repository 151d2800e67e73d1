//! `kill -9` at every step boundary and inside slow steps.

use anyhow::ensure;
use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::faults::{Fault, Faults};
use argosy_tests::pipeline::{Pipeline, SOON, phase};
use argosy_tests::{Needs, World, wait_for};
use serde_json::Value;

/// Between any two steps that do something lies a gate: a clone of a repository of its own, which
/// the test keeps from answering until it has killed the process there.
fn steps(url: &str, gates: &[String]) -> String {
    let gate = |at: usize| {
        format!(
            "{{uses: git-clone, as: gate-{at}, config: {{repoURL: '{}', checkout: [{{branch: main, path: ./gate-{at}}}]}}}}",
            gates[at]
        )
    };
    format!(
        "[{{uses: git-clone, as: clone, config: {{repoURL: '{url}', checkout: [{{branch: main, path: ./src}}]}}}}, {}, \
          {{uses: yaml-update, as: update, config: {{path: ./src/a.yaml, updates: [{{key: a, value: 2}}]}}}}, {}, \
          {{uses: git-commit, as: commit, config: {{path: ./src, message: Change}}}}, {}, \
          {{uses: git-push, as: push, config: {{path: ./src}}}}, {}, \
          {{uses: compose-output, as: last, config: {{pushed: '${{{{ outputs.push.commit }}}}'}}}}]",
        gate(0),
        gate(1),
        gate(2),
        gate(3),
    )
}

#[tokio::test]
async fn a_promotion_goes_on_at_the_step_it_was_at_however_often_it_is_killed() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let faults = Faults::before(&world.git().await.unwrap().url())
        .await
        .unwrap();
    let mirror = format!("{}/github.com/", faults.url());
    let data = argosy_tests::Folder::new().unwrap();
    let options = Options::default()
        .mirror("https://github.com/", &mirror)
        .data(data.path());
    let argosy = Argosy::start(&world, options).await.unwrap();

    let project = Pipeline::within(&world, "crash", &[]).await;
    let (repo, url) = project.repository("config", &[("a.yaml", "a: 1\n")]).await;
    let mut gates = Vec::new();
    for at in 0..4 {
        gates.push(
            project
                .repository(&format!("gate-{at}"), &[("b.yaml", "b: 1\n")])
                .await
                .1,
        );
        let path = format!("/gate-{at}/");
        faults.always(Fault::Hang, move |seen| seen.path.contains(&path));
    }
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project
        .stage("dev", &["app"], "{direct: true}", &steps(&url, &gates))
        .await;
    let freight = project.freight("app", "1.0.0").await;
    let name = project.promote("dev", &freight).await;

    let mut finished: Vec<Value> = Vec::new();
    for at in 0..4 {
        let gate = format!("gate-{at}");
        let promotion = wait_for("the gate is reached", SOON, || async {
            let promotion = project.get("promotions", &name).await?;
            let steps = promotion["status"]["stepExecutionMetadata"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let there = steps
                .iter()
                .any(|it| it["alias"] == *gate && it["status"] == "Running");
            ensure!(
                there,
                "steps are {steps:#?}, {}",
                argosy.process().log_tail()
            );
            ensure!(
                faults
                    .seen()
                    .iter()
                    .any(|it| it.faulted && it.path.contains(&gate)),
                "no request yet"
            );
            Ok(promotion)
        })
        .await
        .unwrap();
        argosy.process().kill();
        let steps = promotion["status"]["stepExecutionMetadata"]
            .as_array()
            .unwrap()
            .clone();
        for before in &finished {
            assert!(steps.contains(before), "{before} ran again: {steps:#?}");
        }
        finished = steps
            .into_iter()
            .filter(|it| it["status"] == "Succeeded")
            .collect();
        faults.heal();
        for later in at + 1..4 {
            let path = format!("/gate-{later}/");
            faults.always(Fault::Hang, move |seen| seen.path.contains(&path));
        }
        argosy.process().restart().unwrap();
        argosy.ready().await.unwrap();
    }
    let promotion = project.ended(&name).await;
    assert_eq!(phase(&promotion), "Succeeded", "{promotion:#}");
    let log = repo.log("main").await.unwrap();
    assert_eq!(log.len(), 2, "one commit, once");
    assert_eq!(promotion["status"]["state"]["last"]["pushed"], log[0].id);
    let pushes = repo
        .requests()
        .iter()
        .filter(|it| it.method == "POST" && it.path.ends_with("git-receive-pack"))
        .count();
    assert_eq!(pushes, 1, "a pushed commit is not pushed again");
    let clones = faults
        .seen()
        .iter()
        .filter(|it| it.path.contains("/config") && it.path.ends_with("git-upload-pack"))
        .count();
    assert!(
        clones <= 2,
        "{clones} fetches of the first step's repository"
    );
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_pushes_pushes_once() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let data = argosy_tests::Folder::new().unwrap();
    let argosy = Argosy::start(&world, Options::default().data(data.path()))
        .await
        .unwrap();
    let project = Pipeline::within(&world, "push", &[]).await;
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
    argosy.process().kill();
    repo.accept_pushes();
    wait_for("the server has taken the push", SOON, || async {
        ensure!(repo.log("main").await?.len() == 2, "not yet");
        Ok(())
    })
    .await
    .unwrap();
    argosy.process().restart().unwrap();
    argosy.ready().await.unwrap();
    let promotion = project.ended(&name).await;
    assert_eq!(phase(&promotion), "Succeeded", "{promotion:#}");
    let log = repo.log("main").await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(promotion["status"]["state"]["push"]["commit"], log[0].id);
}
