//! A registry in trouble.

use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::faults::{Fault, Faults};
use argosy_tests::pipeline::{Pipeline, condition, message};
use argosy_tests::{Needs, World};

#[tokio::test]
async fn a_registry_that_recovers_is_asked_again() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let registry = world.registry().await.unwrap();
    let faults = Faults::before(&registry.url()).await.unwrap();
    let mirror = format!("{}/ghcr.io", faults.host());
    let _argosy = Argosy::start(&world, Options::default().mirror("ghcr.io", &mirror))
        .await
        .unwrap();
    let project = Pipeline::within(&world, "trouble", &[]).await;
    project.push("app", "1.0.0").await;

    faults.times(2, Fault::too_many(1), |_| true);
    project.warehouse("app").await;
    project.freight("app", "1.0.0").await;

    faults.always(Fault::status(500), |_| true);
    project.push("app", "1.1.0").await;
    project.refresh("app").await;
    let failing = project
        .wait("warehouses", "app", "the failure is told", |it| {
            condition(it, "Ready", "False")
        })
        .await;
    let why = message(&failing, "Ready");
    assert!(why.contains("tried again at"), "{why}");
    faults.heal();
    project.freight("app", "1.1.0").await;
}
