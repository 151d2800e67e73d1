//! One release on its way.

use std::time::Duration;

use anyhow::Result;
use argosy_tests::image::Image;
use serde_json::json;

use crate::ground::{Ground, stage, timed, warehouse};
use crate::{Figure, seconds};

pub(crate) async fn measure() -> Result<Vec<Figure>> {
    let ground = Ground::start().await?;
    let (project, repo) = ground.project("releases", &["dev"]).await?;
    let files = [
        ("dev/values.yaml", "image: { tag: none }\n"),
        ("prod/values.yaml", "image: { tag: none }\n"),
    ];
    repo.commit("main", "Begin", &files).await?;
    ground.push(&project, "1.0.0").await?;
    project
        .apply(&warehouse(&project.name, "constraint: '>=1.0.0'"))
        .await?;
    project.apply(&stage(&project.name, "dev", "main")).await?;
    project.apply(&stage(&project.name, "prod", "main")).await?;
    ground.freight(&project, "1.0.0").await?;
    ground.succeeded(&project, 1).await?;

    let (mut found, mut taken, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
    for count in 1..=5_usize {
        let tag = format!("1.{count}.0");
        let repository = format!("ghcr.io/{}/app", project.name);
        let image = Image::new(&format!("{repository}:{tag}"));
        ground
            .world
            .registry()
            .await?
            .push(&repository, &tag, &image)
            .await?;
        refresh(&ground, &project.name, &tag).await?;
        let (time, freight) = ground.freight(&project, &tag).await?;
        found.push(time);
        taken.push(time + ground.succeeded(&project, 2 * count).await?);
        create(&ground, &project.name, "prod", &freight).await?;
        by_hand.push(ground.succeeded(&project, 2 * count + 1).await?);
    }
    let blocked = abort(&ground, &project.name).await?;
    Ok(vec![
        Figure::new(
            "new tag + refresh to Freight",
            seconds(median(&mut found)),
            "0.08 s",
        ),
        Figure::new(
            "new tag + refresh to dev Succeeded",
            seconds(median(&mut taken)),
            "0.35 s",
        ),
        Figure::new(
            "a manual Promotion to Succeeded",
            seconds(median(&mut by_hand)),
            "0.25 s",
        ),
        Figure::new("abort of a blocking step", blocked, "Aborted within 1 s"),
    ])
}

/// The middle one of an odd number of times.
pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(crate) async fn refresh(ground: &Ground, project: &str, token: &str) -> Result<()> {
    let patch = json!({ "metadata": { "annotations": { "kargo.akuity.io/refresh": token } } });
    let patch = kube::api::Patch::Merge(&patch);
    let warehouses = ground.api(project, "Warehouse");
    warehouses
        .patch("app", &kube::api::PatchParams::default(), &patch)
        .await?;
    Ok(())
}

/// Write a Promotion; the result is its name.
pub(crate) async fn create(
    ground: &Ground,
    project: &str,
    stage: &str,
    freight: &str,
) -> Result<String> {
    let promotion = serde_json::from_value(json!({
        "apiVersion": "kargo.akuity.io/v1alpha1",
        "kind": "Promotion",
        "metadata": { "generateName": format!("{stage}-"), "namespace": project },
        "spec": { "stage": stage, "freight": freight },
    }))?;
    let api = ground.api(project, "Promotion");
    let made = api
        .create(&kube::api::PostParams::default(), &promotion)
        .await?;
    Ok(made.metadata.name.unwrap_or_default())
}

/// Abort a promotion whose push hangs.
async fn abort(ground: &Ground, project: &str) -> Result<String> {
    let repo = ground
        .world
        .git()
        .await?
        .repo(&format!("github.com/{project}/app"))
        .await?;
    ground.world.registry().await?;
    let freights = ground
        .api(project, "Freight")
        .list(&kube::api::ListParams::default())
        .await?;
    let oldest = freights
        .items
        .iter()
        .find(|it| it.data["images"][0]["tag"] == "1.0.0");
    let oldest = oldest
        .and_then(|it| it.metadata.name.clone())
        .unwrap_or_default();
    repo.hold_pushes()?;
    let name = create(ground, project, "prod", &oldest).await?;
    timed(async || Ok((repo.pushes_held() == 1).then_some(()))).await?;
    let promotions = ground.api(project, "Promotion");
    let patch = json!({ "metadata": { "annotations": { "kargo.akuity.io/abort": "terminate" } } });
    let patch = kube::api::Patch::Merge(&patch);
    promotions
        .patch(&name, &kube::api::PatchParams::default(), &patch)
        .await?;
    let (time, phase) = timed(async || {
        let promotion = promotions.get(&name).await?;
        let phase = promotion.data["status"]["phase"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok((phase != "Running" && phase != "Pending").then_some(phase))
    })
    .await?;
    repo.accept_pushes();
    Ok(format!("{phase} in {}", seconds(time)))
}
