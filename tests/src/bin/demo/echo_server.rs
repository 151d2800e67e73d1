//! The second article: image tags in values files, with the promotion mechanisms of Kargo 0.8.

use std::time::Duration;

use anyhow::Result;
use argosy_tests::World;
use argosy_tests::git::Repo;
use argosy_tests::seeds::Seed;

use crate::tell::Teller;

const SOON: Duration = Duration::from_secs(120);

pub(crate) async fn run(tell: &Teller, seed: &Seed, world: &World, repo: &Repo) -> Result<()> {
    let cluster = world.cluster().await?;
    tell.begin("The Project, and the namespace that it makes");
    tell.apply(
        cluster,
        seed.project,
        "project.yaml",
        &seed.manifest("project.yaml")?,
    )
    .await?;
    let its = seed.project_in(cluster);
    its.ready(SOON).await?;

    tell.begin("The Secret, the Warehouse and the Stages");
    let mut all = Vec::new();
    for file in [
        "secret",
        "warehouse",
        "stage-development",
        "stage-staging",
        "stage-production",
    ] {
        all.push(seed.manifest(&format!("{file}.yaml"))?);
    }
    tell.apply(cluster, seed.project, ".", &all.join("---\n"))
        .await?;

    tell.begin("The stage development promotes the newest release by itself");
    let freight = its.newest_freight(SOON).await?;
    its.promoted("development", &freight, SOON).await?;
    show(tell, seed, world, repo, "development").await?;
    for stage in ["staging", "production"] {
        tell.begin(&format!("Promoting the same release to {stage}, by hand"));
        println!(
            "\n$ kubectl create --filename - <<EOF\n{}EOF",
            its.promotion(stage, &freight)
        );
        let name = its.promote(stage, &freight).await?;
        println!("promotion.kargo.akuity.io/{name} created");
        its.promoted(stage, &freight, SOON).await?;
        show(tell, seed, world, repo, stage).await?;
    }
    Ok(())
}

async fn show(tell: &Teller, seed: &Seed, world: &World, repo: &Repo, stage: &str) -> Result<()> {
    let cluster = world.cluster().await?;
    for kind in ["stages", "freights", "promotions"] {
        tell.kubectl(cluster, &["--namespace", seed.project, "get", kind])
            .await?;
    }
    println!(
        "\nThe commit for {stage}:\n{}",
        repo.last_patch(seed.branch).await?
    );
    Ok(())
}
