//! What Argosy costs when nothing happens.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use argosy_tests::project::Project;
use kube::api::ListParams;

use crate::ground::{Ground, stage, timed, warehouse};
use crate::{Figure, seconds};

const MINUTES: u64 = 5;

pub(crate) async fn measure() -> Result<Vec<Figure>> {
    let ground = Ground::start().await?;
    stages(&ground, 0..1).await?;
    let small = ground.argosy.process().resident_bytes()?;
    stages(&ground, 1..100).await?;
    let large = ground.argosy.process().resident_bytes()?;
    let (cpu, writes) = (ground.argosy.process().cpu_time()?, writes(&ground).await?);
    // This is what is measured: the time in which nothing happens.
    tokio::time::sleep(Duration::from_secs(60 * MINUTES)).await;
    let cpu = ground.argosy.process().cpu_time()?.saturating_sub(cpu);
    let written = self::writes(&ground).await?.saturating_sub(writes);
    Ok(vec![
        Figure::new("resident memory, 10 Stages", mebibytes(small), "25 MB"),
        Figure::new("resident memory, 1,000 Stages", mebibytes(large), "60 MB"),
        Figure::new("5 idle minutes at 1,000 Stages: CPU", seconds(cpu), "0.3 s"),
        Figure::new(
            "5 idle minutes: API writes",
            written.to_string(),
            "leases only",
        ),
    ])
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// Make projects of ten stages each, and wait until all of them have been looked at.
async fn stages(ground: &Ground, numbers: std::ops::Range<usize>) -> Result<()> {
    let cluster = ground.world.cluster().await?;
    for number in numbers {
        let name = format!("idle-{number:03}");
        let project = Project::create(cluster, &name, &[]).await?;
        ground.push(&project, "1.0.0").await?;
        let mut manifests = warehouse(&name, "constraint: '>=1.0.0'");
        for count in 0..10 {
            write!(
                manifests,
                "---\n{}",
                stage(&name, &format!("s{count}"), "main")
            )?;
        }
        project.apply(&manifests).await?;
        let stages = ground.api(&name, "Stage");
        timed(async || {
            let list = stages.list(&ListParams::default()).await?;
            let seen = list
                .items
                .iter()
                .filter(|it| it.data["status"].is_object())
                .count();
            Ok((seen == 10).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Requests that changed something or tried to, as the API server counted them.
async fn writes(ground: &Ground) -> Result<u64> {
    let request = http::Request::get("/metrics").body(Vec::new())?;
    let metrics = ground.client.request_text(request).await?;
    let mut total = 0.0;
    for line in metrics
        .lines()
        .filter(|line| line.starts_with("apiserver_request_total{"))
    {
        let verbs = ["POST", "PUT", "PATCH", "APPLY", "DELETE"];
        if verbs
            .iter()
            .any(|verb| line.contains(&format!("verb=\"{verb}\"")))
        {
            let value = line
                .rsplit(' ')
                .next()
                .context("a metric without a value")?;
            total += value.parse::<f64>()?;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a counter of requests is a small whole number"
    )]
    Ok(total as u64)
}
