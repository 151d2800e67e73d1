//! The manifests of `manifests/examples`, as two articles printed them, letter by letter.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at the first thing that is not as it should be"
)]

use std::time::Duration;

use argosy_tests::seeds::{ECHO_SERVER, SILLY_DEMO, Seed};
use argosy_tests::{Needs, World};

const SOON: Duration = Duration::from_secs(120);

async fn apply(seed: &Seed, world: &World, namespace: &str, files: &[&str]) {
    for file in files {
        let manifest = seed.manifest(file).unwrap();
        let args = ["-n", namespace, "apply", "-f", "-"];
        world
            .cluster()
            .await
            .unwrap()
            .kubectl_with(&args, &manifest)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_applications_of_silly_demo_run_what_was_promoted() {
    let seed = SILLY_DEMO;
    let world = World::shared(Needs::default().nodes().argocd().registry())
        .await
        .unwrap();
    seed.push_images(world).await.unwrap();
    let repo = seed.make_repository(world).await.unwrap();
    world.argosy().await.unwrap();
    let cluster = world.cluster().await.unwrap();
    let project = seed.project_in(cluster);

    apply(&seed, world, "argocd", &["application-set.yaml"]).await;
    apply(
        &seed,
        world,
        seed.project,
        &["kargo-manifests/project.yaml"],
    )
    .await;
    project.ready(SOON).await.unwrap();
    let warehouse = "kargo-manifests/warehouse.yaml";
    apply(&seed, world, seed.project, &["secret.yaml", warehouse]).await;
    let stages = seed
        .stages
        .map(|stage| format!("kargo-manifests/stage-{stage}.yaml"));
    apply(
        &seed,
        world,
        seed.project,
        &stages.each_ref().map(String::as_str),
    )
    .await;

    let freight = project.freight("1.5.7", SOON).await.unwrap();
    for (stage, automatic) in seed.stages.into_iter().zip([true, false, false]) {
        if !automatic {
            project.promote(stage, &freight).await.unwrap();
        }
        project.promoted(stage, &freight, SOON).await.unwrap();
        let branch = format!("stage/{stage}");
        let commit = repo.head(&branch).await.unwrap();
        seed.deployed(cluster, stage, &commit, SOON).await.unwrap();
        assert_eq!(repo.files(&branch).await.unwrap(), ["manifests.yaml"]);
        let manifests = repo.read(&branch, "manifests.yaml").await.unwrap();
        assert!(
            manifests.contains("image: ghcr.io/vfarcic/silly-demo:1.5.7"),
            "{manifests}"
        );
        assert!(manifests.contains(&format!("silly-demo.{stage}.127.0.0.1.nip.io")));
    }
    // Nothing came back to the branch that people work on.
    assert_eq!(repo.log("main").await.unwrap().len(), 1);

    let table = cluster
        .kubectl(&["-n", seed.project, "get", "stages"])
        .await
        .unwrap();
    let head = table.lines().next().unwrap();
    for column in ["NAME", "SHARD", "CURRENT FREIGHT", "HEALTH", "PHASE", "AGE"] {
        assert!(head.contains(column), "{table}");
    }
    for line in table.lines().skip(1) {
        let found = line.split_whitespace().collect::<Vec<_>>();
        assert_eq!(
            found[1..4],
            [freight.as_str(), "Healthy", "Steady"],
            "{table}"
        );
    }
    assert_eq!(table.lines().count(), 4, "{table}");
}

#[tokio::test]
async fn the_values_files_of_echo_server_get_the_promoted_tag() {
    let seed = ECHO_SERVER;
    let world = World::shared(Needs::default().cluster().registry().git())
        .await
        .unwrap();
    seed.push_images(world).await.unwrap();
    let repo = seed.make_repository(world).await.unwrap();
    world.argosy().await.unwrap();
    let project = seed.project_in(world.cluster().await.unwrap());

    apply(&seed, world, "default", &["project.yaml"]).await;
    project.ready(SOON).await.unwrap();
    let stages = seed.stages.map(|stage| format!("stage-{stage}.yaml"));
    apply(
        &seed,
        world,
        seed.project,
        &["secret.yaml", "warehouse.yaml"],
    )
    .await;
    apply(
        &seed,
        world,
        seed.project,
        &stages.each_ref().map(String::as_str),
    )
    .await;

    let freight = project.freight("0.9.2", SOON).await.unwrap();
    for (count, stage) in seed.stages.into_iter().enumerate() {
        if 0 < count {
            project.promote(stage, &freight).await.unwrap();
        }
        project.promoted(stage, &freight, SOON).await.unwrap();
        let path = format!("snippets/02-kargo/app/{stage}.yaml");
        let values = repo.read("master", &path).await.unwrap();
        assert!(
            values.contains("  tag: 0.9.2 # changed by promotions\n"),
            "{values}"
        );
        assert_eq!(repo.log("master").await.unwrap().len(), count + 2);
    }
}
