//! Stopping a promotion.

use std::time::Duration;

use anyhow::ensure;
use argosy_tests::wait_for;

use argosy_tests::pipeline::{Pipeline, SOON, phase};

#[tokio::test]
async fn an_abort_interrupts_the_running_step() {
    let project = Pipeline::new("abort", &[]).await;
    let (repo, url) = project.repository("config", &[("a.yaml", "a: 1\n")]).await;
    let steps = format!(
        "[{{uses: git-clone, config: {{repoURL: '{url}', checkout: [{{branch: main, path: ./src}}]}}}}, \
          {{uses: yaml-update, config: {{path: ./src/a.yaml, updates: [{{key: a, value: 2}}]}}}}, \
          {{uses: git-commit, config: {{path: ./src, message: Change}}}}, \
          {{uses: git-push, as: push, config: {{path: ./src}}}}, \
          {{uses: compose-output, as: after, config: {{a: 1}}}}]"
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
    project
        .kubectl(&[
            "annotate",
            "promotion",
            &name,
            "kargo.akuity.io/abort=terminate",
        ])
        .await
        .unwrap();
    let aborted = wait_for(
        "the promotion is aborted",
        Duration::from_secs(10),
        || async {
            let promotion = project.get("promotions", &name).await?;
            ensure!(phase(&promotion) == "Aborted", "{}", phase(&promotion));
            Ok(promotion)
        },
    )
    .await
    .unwrap();
    let steps = aborted["status"]["stepExecutionMetadata"]
        .as_array()
        .unwrap();
    assert_eq!(steps.len(), 4, "what comes after has no entry");
    assert_eq!(steps[3]["status"], "Aborted");
    repo.accept_pushes();
    let stage = project
        .wait("stages", "dev", "the Stage knows", |it| {
            it["status"]["currentPromotion"].is_null()
        })
        .await;
    assert_eq!(stage["status"]["phase"], "Failed");
}

#[tokio::test]
async fn a_promotion_that_waits_is_aborted_at_once() {
    let project = Pipeline::new("waits", &[]).await;
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    let slow = "[{uses: fail, retry: {errorThreshold: 1}, if: '${{ false }}', config: {message: no}}, \
                 {uses: compose-output, config: {a: 1}}]";
    project.stage("dev", &["app"], "{direct: true}", slow).await;
    let freight = project.freight("app", "1.0.0").await;
    let manifest = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Promotion\nmetadata:\n  generateName: dev-\n  annotations:\n    \
         kargo.akuity.io/abort: '{{\"action\":\"terminate\",\"actor\":\"jane\"}}'\nspec: {{stage: dev, freight: {freight}}}\n"
    );
    let name = project.create(&manifest).await;
    let aborted = project.ended(&name).await;
    assert_eq!(phase(&aborted), "Aborted");
    assert!(
        aborted["status"]["message"]
            .as_str()
            .unwrap()
            .contains("jane")
    );
}
