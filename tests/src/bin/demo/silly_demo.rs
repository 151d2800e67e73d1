//! The first article: three Applications of an `ApplicationSet`.

use std::time::Duration;

use anyhow::{Result, ensure};
use argosy_tests::git::Repo;
use argosy_tests::seeds::Seed;
use argosy_tests::{World, wait_for};

use crate::tell::Teller;

const SOON: Duration = Duration::from_secs(120);

pub(crate) async fn run(tell: &Teller, seed: &Seed, world: &World, repo: &Repo) -> Result<()> {
    let cluster = world.cluster().await?;
    tell.begin("The Applications");
    let applications = ["--namespace", "argocd", "get", "applications"];
    let set = seed.manifest("application-set.yaml")?;
    tell.apply(cluster, "argocd", "application-set.yaml", &set)
        .await?;
    let path = "jsonpath={.items[*].status.sync.status}";
    wait_for("Argo CD has looked at three Applications", SOON, || async {
        let seen = cluster
            .kubectl(&["get", "-n", "argocd", "applications", "-o", path])
            .await?;
        ensure!(seen.split_whitespace().count() == 3, "it said `{seen}`");
        Ok(())
    })
    .await?;
    tell.kubectl(cluster, &applications).await?;

    tell.begin("The Project, and the namespace that it makes");
    let project = seed.manifest("kargo-manifests/project.yaml")?;
    tell.apply(
        cluster,
        seed.project,
        "kargo-manifests/project.yaml",
        &project,
    )
    .await?;
    let its = seed.project_in(cluster);
    its.ready(SOON).await?;
    tell.kubectl(cluster, &["get", "namespaces"]).await?;
    tell.apply(
        cluster,
        seed.project,
        "secret.yaml",
        &seed.manifest("secret.yaml")?,
    )
    .await?;

    tell.begin("The Warehouse and the Stages");
    let mut all = Vec::new();
    for file in [
        "project",
        "stage-dev",
        "stage-pre-prod",
        "stage-prod",
        "warehouse",
    ] {
        all.push(seed.manifest(&format!("kargo-manifests/{file}.yaml"))?);
    }
    tell.apply(
        cluster,
        seed.project,
        "kargo-manifests/",
        &all.join("---\n"),
    )
    .await?;

    tell.begin("The stage dev promotes the newest release by itself");
    let freight = its.newest_freight(SOON).await?;
    arrived(seed, world, repo, "dev", &freight).await?;
    let in_project =
        |rest: &'static [&'static str]| [["--namespace", seed.project].as_slice(), rest].concat();
    tell.kubectl(cluster, &["get", "projects"]).await?;
    tell.kubectl(cluster, &in_project(&["get", "warehouses"]))
        .await?;
    tell.kubectl(cluster, &in_project(&["get", "stages"]))
        .await?;
    tell.kubectl(cluster, &in_project(&["get", "promotions"]))
        .await?;
    tell.kubectl(
        cluster,
        &["--namespace", "silly-demo-dev", "get", "all,ingresses"],
    )
    .await?;
    tell.kubectl(cluster, &in_project(&["get", "freights"]))
        .await?;
    let status = ["get", "freight", &freight, "--output", "jsonpath={.status}"];
    let status = [["--namespace", seed.project].as_slice(), &status].concat();
    tell.kubectl(cluster, &status).await?;

    for stage in ["pre-prod", "prod"] {
        tell.begin(&format!("Promoting the same release to {stage}, by hand"));
        println!(
            "\n$ kubectl create --filename - <<EOF\n{}EOF",
            its.promotion(stage, &freight)
        );
        let name = its.promote(stage, &freight).await?;
        println!("promotion.kargo.akuity.io/{name} created");
        arrived(seed, world, repo, stage, &freight).await?;
        tell.kubectl(cluster, &in_project(&["get", "promotions"]))
            .await?;
    }
    tell.kubectl(cluster, &in_project(&["get", "stages"]))
        .await?;
    tell.kubectl(cluster, &applications).await.map(drop)
}

/// The Promotion has succeeded, and the Application runs what the promotion pushed.
async fn arrived(
    seed: &Seed,
    world: &World,
    repo: &Repo,
    stage: &str,
    freight: &str,
) -> Result<()> {
    let cluster = world.cluster().await?;
    seed.project_in(cluster)
        .promoted(stage, freight, SOON)
        .await?;
    let commit = repo.head(&format!("stage/{stage}")).await?;
    seed.deployed(cluster, stage, &commit, SOON).await?;
    println!("Application silly-demo-{stage} is synced at {commit}, as pushed.");
    Ok(())
}
