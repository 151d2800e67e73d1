//! New releases, on demand.

use std::time::Duration;

use anyhow::Result;
use argosy_tests::World;
use argosy_tests::seeds::Seed;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::tell::Teller;

const SOON: Duration = Duration::from_secs(120);

/// Whenever Enter is pressed, publish a release that the first stage takes by itself.
pub(crate) async fn on_enter(tell: &Teller, seed: &Seed, world: &World) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    for count in 0.. {
        println!(
            "Press Enter to publish a new release and watch {} take it.",
            seed.stages[0]
        );
        if lines.next_line().await?.is_none() {
            break;
        }
        publish(tell, seed, world, &format!("1.9.{count}")).await?;
    }
    std::future::pending().await
}

async fn publish(tell: &Teller, seed: &Seed, world: &World, tag: &str) -> Result<()> {
    let cluster = world.cluster().await?;
    let its = seed.project_in(cluster);
    tell.begin(&format!("Pushing {}:{tag}", seed.images));
    seed.push_image(world, tag).await?;
    let refresh = format!("kargo.akuity.io/refresh={tag}");
    let annotate = [
        "--namespace",
        seed.project,
        "annotate",
        "--overwrite",
        "warehouse",
    ];
    let annotate = [annotate.as_slice(), &[seed.warehouse, &refresh]].concat();
    tell.kubectl(cluster, &annotate).await?;
    let freight = its.freight(tag, SOON).await?;
    its.promoted(seed.stages[0], &freight, SOON).await?;
    tell.kubectl(cluster, &["--namespace", seed.project, "get", "stages"])
        .await
        .map(drop)
}
