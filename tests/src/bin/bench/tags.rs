//! A thousand tags.

use std::time::Duration;

use anyhow::Result;
use argosy_tests::image::Image;

use crate::ground::{Ground, timed, warehouse};
use crate::releases::refresh;
use crate::{Figure, seconds};

pub(crate) async fn measure() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let semver = "constraint: '>=1.0.0', discoveryLimit: 20";
    let (first, again) = discover(semver, "1.0.999").await?;
    figures.push(Figure::new(
        "1,000 tags by SemVer, first",
        first,
        "0.12 s, ≤41",
    ));
    figures.push(Figure::new(
        "… and refresh with nothing new",
        again,
        "0.05 s, 1",
    ));
    let newest = "imageSelectionStrategy: NewestBuild, discoveryLimit: 20";
    let (first, again) = discover(newest, "1.0.999").await?;
    figures.push(Figure::new(
        "1,000 tags by NewestBuild, first",
        first,
        "2.5 s, ≤2,001",
    ));
    figures.push(Figure::new(
        "… and refresh with nothing new",
        again,
        "0.1 s, 1",
    ));
    Ok(figures)
}

async fn discover(selection: &str, newest: &str) -> Result<(String, String)> {
    let ground = Ground::start().await?;
    let (project, _) = ground.project("tags", &[]).await?;
    let repository = format!("ghcr.io/{}/app", project.name);
    let images = (0..1_000_u32).map(|number| {
        let (hour, minute) = (number / 60, number % 60);
        let image = Image::new(&format!("{repository}:{number}"));
        let image = image.created(&format!("2024-01-01T{hour:02}:{minute:02}:00Z"));
        (format!("1.0.{number}"), image)
    });
    ground
        .world
        .registry()
        .await?
        .push_all(&repository, images)
        .await?;
    ground.registry.forget();
    project.apply(&warehouse(&project.name, selection)).await?;
    let (first, _) = ground.freight(&project, newest).await?;
    let requests = ground.registry.count();
    ground.registry.forget();
    refresh(&ground, &project.name, "again").await?;
    let warehouses = ground.api(&project.name, "Warehouse");
    let (again, ()) = timed(async || {
        let warehouse = warehouses.get("app").await?;
        Ok((warehouse.data["status"]["lastHandledRefresh"] == "again").then_some(()))
    })
    .await?;
    Ok((told(first, requests), told(again, ground.registry.count())))
}

fn told(time: Duration, requests: usize) -> String {
    format!("{}, {requests} requests", seconds(time))
}
