use std::time::Duration;

use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::{Needs, World};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;

use super::{SOON, cluster, project};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_becomes_ready_tells_of_itself_and_stops_in_order() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let world = World::shared(Needs::default().cluster()).await.unwrap();
    let options = Options::default()
        .args(["--leader-election=true", "--log-format=json"])
        .env("ARGOSY_NAMESPACE", &namespace);
    let argosy = Argosy::start(world, options).await.unwrap();
    let leases: Api<Lease> = Api::namespaced(cluster.client().await.unwrap(), &namespace);
    argosy_tests::wait_for("it leads", SOON, || async {
        anyhow::ensure!(
            argosy.metrics().await?.contains("\nargosy_leader 1\n"),
            "not yet"
        );
        anyhow::Ok(())
    })
    .await
    .unwrap();
    let metrics = argosy.metrics().await.unwrap();
    assert!(
        metrics.contains(r#"argosy_objects{kind="Stage"}"#),
        "{metrics}"
    );
    assert!(
        leases
            .get("argosy")
            .await
            .unwrap()
            .spec
            .unwrap()
            .holder_identity
            .is_some()
    );

    argosy.process().signal("TERM").unwrap();
    assert_eq!(
        argosy
            .process()
            .wait(Duration::from_secs(10))
            .await
            .unwrap(),
        0
    );
    let lease = leases.get("argosy").await.unwrap();
    assert_eq!(lease.spec.unwrap().holder_identity, None, "handed over");
    for line in argosy.process().log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            line["message"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_begin_says_why() {
    let world = World::shared(Needs::default().cluster()).await.unwrap();
    for (argument, why) in [
        ("--log-level=argosy=loud", "`argosy=loud` is no log level"),
        ("--admin-addr=192.0.2.1:1", "cannot listen on 192.0.2.1:1"),
        (
            "--data-dir=/dev/null/data",
            "cannot make the data folder /dev/null/data",
        ),
    ] {
        let argosy = Argosy::launch(world, Options::default().args([argument]))
            .await
            .unwrap();
        assert_eq!(argosy.process().wait(SOON).await.unwrap(), 1);
        let log = argosy.process().log();
        assert!(log.contains(why), "{log}");
    }
}
