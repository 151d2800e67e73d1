//! What becomes of promotions, also when they are cut short.

use std::time::{Duration, Instant};

use argosy_api::promotion::{PromotionPhase, PromotionStatus, StepStatus};
use argosy_core::abort::AbortRequest;
use argosy_tests::wait_for;
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use serde_json::{Value, json};

use super::stage::{Scene, idle, until};

/// Alias and status of each step that was reached.
fn steps(status: &PromotionStatus) -> Vec<(&str, StepStatus)> {
    let entries = status.step_execution_metadata.iter();
    entries
        .map(|entry| (entry.alias.as_str(), entry.status.unwrap()))
        .collect()
}

#[tokio::test]
async fn a_promotion_runs_to_its_end_and_says_so() {
    let scene = Scene::new().await;
    let promotion = scene
        .promotion(
            "p",
            "
            - {uses: compose-output, as: a, config: {who: '${{ vars.who }}', map: \"${{ configMap('nope') }}\"}}
            - {uses: compose-output, as: b, if: \"${{ outputs.a.who == 'prod' }}\", config: {x: 1}}
            - {uses: compose-output, as: c, config: {again: '${{ outputs.a.who }}', alias: '${{ ctx.targetFreight.alias }}'}}
            ",
        )
        .await;
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    engine.ensure(scene.job("p").await);
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(
        (status.phase, status.message.as_deref()),
        (Some(PromotionPhase::Succeeded), None)
    );
    let want = [
        ("a", StepStatus::Succeeded),
        ("b", StepStatus::Skipped),
        ("c", StepStatus::Succeeded),
    ];
    assert_eq!(steps(&status), want);
    let state =
        json!({"a": {"who": "dev", "map": {}}, "c": {"again": "dev", "alias": "fast-ferret"}});
    assert_eq!(Value::Object(status.state), state);
    assert!(
        status.started_at.is_some() && status.finished_at.is_some() && status.current_step == 2
    );
    assert!(!scene.folder(&promotion).exists());
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.project);
    wait_for("an event tells", Duration::from_secs(10), || async {
        let events = events.list(&Default::default()).await?;
        anyhow::ensure!(
            events
                .iter()
                .any(|event| event.reason.as_deref() == Some("PromotionSucceeded"))
        );
        Ok(())
    })
    .await
    .unwrap();
    // A caller whose cache is behind changes nothing.
    let mut late = scene.job("p").await;
    late.status = PromotionStatus::default();
    engine.ensure(late);
    assert_eq!(engine.running(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_step_is_told_and_later_ones_are_passed_over() {
    let scene = Scene::new().await;
    scene.promotion("p", "[{uses: fail, as: a, config: {message: '${{ vars.who }} no'}}, {uses: copy, as: b, config: {inPath: a, outPath: b}}, {uses: compose-output, as: c, if: '${{ failure() }}', config: {x: 1}}, {uses: nope, as: d, if: '${{ always() }}'}]").await;
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(status.phase, Some(PromotionPhase::Errored));
    assert_eq!(
        status.message.as_deref(),
        Some(r#"step "d": there is no kind of step "nope""#)
    );
    let want = [
        ("a", StepStatus::Failed),
        ("b", StepStatus::Skipped),
        ("c", StepStatus::Succeeded),
        ("d", StepStatus::Errored),
    ];
    assert_eq!(steps(&status), want);
    assert_eq!(
        status.step_execution_metadata[0].message.as_deref(),
        Some(r#"step "a": failed: dev no"#)
    );
}

const BUILDS: &str = "
- {uses: kustomize-build, as: fast, config: {path: fast, outPath: fast.yaml}}
- {uses: kustomize-build, as: slow, config: {path: slow, outPath: slow.yaml}}
- {uses: copy, as: last, config: {inPath: fast.yaml, outPath: last.yaml}}
- {uses: compose-output, as: end, config: {x: 1}}
";

/// Starts the promotion of [`BUILDS`] and returns when its second step runs.
async fn in_the_second_step(
    scene: &Scene,
    seconds: u32,
) -> (argosy::engine::Engine, argosy_api::Promotion) {
    let promotion = scene.promotion("p", BUILDS).await;
    let engine = scene.engine();
    // The engine makes the folder; a first step that fails for want of files would end it.
    std::fs::create_dir_all(scene.work(&promotion)).unwrap();
    prepare(scene, &promotion);
    scene.fill(&promotion, &[("fast", "f\n", 0), ("slow", "s\n", seconds)]);
    engine.ensure(scene.job("p").await);
    until("the slow step runs", || {
        scene.runs(&promotion) == ["fast", "slow"]
    })
    .await;
    (engine, promotion)
}

/// Writes the journal of a folder that was opened before, so that what is in it counts.
fn prepare(scene: &Scene, promotion: &argosy_api::Promotion) {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let note = |key: &str, value: &str| json!({"step": "", "key": key, "value": value}).to_string();
    let journal = format!("{}\n{}\n", note("work", "1"), note("boot", boot.trim()));
    std::fs::write(scene.folder(promotion).join("journal"), journal).unwrap();
}

#[tokio::test]
async fn an_abort_stops_the_step_within_a_second() {
    let scene = Scene::new().await;
    let (engine, promotion) = in_the_second_step(&scene, 60).await;
    let begin = Instant::now();
    assert!(engine.abort(
        &promotion,
        &AbortRequest {
            actor: Some("alice".to_owned())
        }
    ));
    idle(&engine).await;
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
    let status = scene.status("p").await;
    assert_eq!(status.phase, Some(PromotionPhase::Aborted));
    assert_eq!(
        status.message.as_deref(),
        Some("Promotion was aborted by alice")
    );
    assert_eq!(
        steps(&status),
        [
            ("fast", StepStatus::Succeeded),
            ("slow", StepStatus::Aborted)
        ]
    );
    assert!(!scene.folder(&promotion).exists());
    assert!(!engine.abort(&promotion, &AbortRequest::default()));
}

#[tokio::test]
async fn a_step_that_has_had_its_time_is_stopped() {
    let scene = Scene::new().await;
    let promotion = scene
        .promotion("p", "[{uses: kustomize-build, as: slow, retry: {timeout: 1s}, config: {path: slow, outPath: slow.yaml}}]")
        .await;
    std::fs::create_dir_all(scene.work(&promotion)).unwrap();
    prepare(&scene, &promotion);
    scene.fill(&promotion, &[("slow", "s\n", 60)]);
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(status.phase, Some(PromotionPhase::Errored));
    assert_eq!(
        status.message.as_deref(),
        Some(r#"step "slow" timed out after 1s"#)
    );
}

#[tokio::test]
async fn after_a_crash_what_was_done_is_not_done_again() {
    let scene = Scene::new().await;
    let (engine, promotion) = in_the_second_step(&scene, 1).await;
    engine.stop().await;
    assert_eq!(scene.status("p").await.phase, Some(PromotionPhase::Running));
    // The crash came before the status was written: the first step still looks as if it were running.
    let entry =
        json!([{"alias": "fast", "status": "Running", "startedAt": "2026-01-01T00:00:00Z"}]);
    scene
        .patch_status(
            "p",
            json!({"currentStep": 0, "stepExecutionMetadata": entry, "state": null}),
        )
        .await;
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    until("the slow step runs again", || {
        scene.runs(&promotion) == ["fast", "slow", "slow"]
    })
    .await;
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(
        status.phase,
        Some(PromotionPhase::Succeeded),
        "{:?}",
        status.message
    );
    assert!(
        steps(&status)
            .iter()
            .all(|(_, status)| *status == StepStatus::Succeeded)
    );
}

#[tokio::test]
async fn a_lost_work_directory_is_filled_again() {
    let scene = Scene::new().await;
    let promotion = scene
        .promotion(
            "p",
            "
            - {uses: kustomize-build, as: fast, config: {path: fast, outPath: fast.yaml}}
            - {uses: copy, as: copied, config: {inPath: fast.yaml, outPath: copied.yaml}}
            - {uses: copy, as: last, config: {inPath: copied.yaml, outPath: last.yaml}}
            - {uses: kustomize-build, as: wait, config: {path: wait, outPath: wait.yaml}}
            ",
        )
        .await;
    let entry = |alias: &str| json!({"alias": alias, "status": "Succeeded", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"});
    let done = json!([entry("fast"), entry("copied"), {"alias": "last", "status": "Running", "startedAt": jiff::Timestamp::now().to_string()}]);
    scene
        .patch_status(
            "p",
            json!({"phase": "Running", "currentStep": 2, "stepExecutionMetadata": done}),
        )
        .await;
    // The journal says that the second step is done, but it was in another work directory.
    std::fs::create_dir_all(scene.folder(&promotion)).unwrap();
    let kept = json!({"step": "copied", "key": "outcome", "value": {"end": "Succeeded", "work": "another"}});
    std::fs::write(
        scene.folder(&promotion).join("journal"),
        format!("{kept}\n"),
    )
    .unwrap();
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    // What the first step needs comes in late, so that it has to be tried again.
    until("the first step ran", || scene.runs(&promotion) == ["fast"]).await;
    said(
        &scene,
        "the work directory was lost and is being filled again",
    )
    .await;
    until("it ran again", || {
        scene.runs(&promotion) == ["fast", "fast"]
    })
    .await;
    scene.fill(&promotion, &[("fast", "f\n", 0), ("wait", "w\n", 1)]);
    until("the last step runs", || {
        scene
            .runs(&promotion)
            .last()
            .is_some_and(|run| run == "wait")
    })
    .await;
    let read = |file: &str| std::fs::read_to_string(scene.work(&promotion).join(file)).unwrap();
    assert_eq!(
        (read("fast.yaml"), read("last.yaml")),
        ("f\n".to_owned(), "f\n".to_owned())
    );
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(
        status.phase,
        Some(PromotionPhase::Succeeded),
        "{:?}",
        status.message
    );
}

#[tokio::test]
async fn a_promotion_that_somebody_else_has_ended_is_left_to_them() {
    let scene = Scene::new().await;
    let (engine, promotion) = in_the_second_step(&scene, 1).await;
    wait_for(
        "the second step is reported",
        Duration::from_secs(10),
        || async {
            anyhow::ensure!(scene.status("p").await.current_step == 1);
            Ok(())
        },
    )
    .await
    .unwrap();
    scene
        .patch_status("p", json!({"phase": "Aborted", "message": "by hand"}))
        .await;
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(
        (status.phase, status.message.as_deref()),
        (Some(PromotionPhase::Aborted), Some("by hand"))
    );
    assert!(!scene.folder(&promotion).exists());
}

#[tokio::test]
async fn a_deleted_promotion_is_dropped_with_its_folder() {
    let scene = Scene::new().await;
    let (engine, promotion) = in_the_second_step(&scene, 60).await;
    scene
        .promotions()
        .delete("p", &Default::default())
        .await
        .unwrap();
    engine.forget(promotion.metadata.uid.as_deref().unwrap());
    idle(&engine).await;
    assert!(!scene.folder(&promotion).exists());
}

/// Waits until the promotion says this of itself.
async fn said(scene: &Scene, wanted: &str) {
    wait_for(
        "the promotion says why it waits",
        Duration::from_secs(20),
        || async {
            let message = scene.status("p").await.message.unwrap_or_default();
            anyhow::ensure!(message.contains(wanted), "{message}");
            Ok(())
        },
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_volume_that_refuses_is_waited_for() {
    let scene = Scene::new().await;
    scene
        .promotion("p", "[{uses: compose-output, as: a, config: {x: 1}}]")
        .await;
    let file = scene.volume().join("promotions");
    std::fs::write(&file, "not a folder").unwrap();
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    said(&scene, "waiting for the volume of work directories: ").await;
    assert_eq!(scene.status("p").await.phase, Some(PromotionPhase::Running));
    std::fs::remove_file(&file).unwrap();
    idle(&engine).await;
    assert_eq!(
        scene.status("p").await.phase,
        Some(PromotionPhase::Succeeded)
    );
}

#[tokio::test]
async fn a_retry_says_when_it_comes() {
    let scene = Scene::new().await;
    scene
        .promotion(
            "p",
            "[{uses: copy, as: a, retry: {errorThreshold: 4}, config: {inPath: nope, outPath: b}}]",
        )
        .await;
    let engine = scene.engine();
    engine.ensure(scene.job("p").await);
    said(&scene, "; next attempt at ").await;
    idle(&engine).await;
    let status = scene.status("p").await;
    assert_eq!(status.step_execution_metadata[0].error_count, 4);
    assert!(
        status
            .message
            .unwrap()
            .starts_with(r#"step "a" met error threshold of 4: "#)
    );
}
