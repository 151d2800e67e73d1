use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argosy::leader::Election;
use argosy::metrics::Metrics;
use argosy_tests::kubernetes::Cluster;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{cluster, project, until};

/// A replica that counts itself while it works.
struct Replica {
    working: Arc<AtomicUsize>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    async fn start(cluster: &Cluster, namespace: &str, identity: &str) -> Self {
        let election = Election {
            client: cluster.client().await.unwrap(),
            namespace: namespace.to_owned(),
            lease: "argosy".to_owned(),
            identity: identity.to_owned(),
            metrics: Metrics::default(),
        };
        let (working, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let (count, asked) = (Arc::clone(&working), stop.clone());
        let task = tokio::spawn(async move {
            let work = |stop: CancellationToken| {
                let count = Arc::clone(&count);
                async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    stop.cancelled().await;
                    count.fetch_sub(1, Ordering::SeqCst);
                }
            };
            election.lead(&asked, work).await;
        });
        Self {
            working,
            stop,
            task,
        }
    }

    fn works(&self) -> bool {
        self.working.load(Ordering::SeqCst) == 1
    }
}

fn leases(client: kube::Client, namespace: &str) -> Api<Lease> {
    Api::namespaced(client, namespace)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_works_and_hands_over_at_once_when_it_stops() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let first = Replica::start(cluster, &namespace, "first").await;
    until("the first works", || first.works()).await;
    let second = Replica::start(cluster, &namespace, "second").await;
    let api = leases(cluster.client().await.unwrap(), &namespace);
    let before = api.get("argosy").await.unwrap().metadata.resource_version;
    // Two renewals: the second has seen the lease held, and held again.
    super::wait_for("the lease is renewed", super::SOON, || async {
        let now = api.get("argosy").await?.metadata.resource_version;
        anyhow::ensure!(now != before, "not yet");
        anyhow::Ok(())
    })
    .await
    .unwrap();
    assert!(first.works() && !second.works());

    let asked = Instant::now();
    first.stop.cancel();
    first.task.await.unwrap();
    assert_eq!(
        first.working.load(Ordering::SeqCst),
        0,
        "it has stopped before it let go"
    );
    until("the second works", || second.works()).await;
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    let spec = api.get("argosy").await.unwrap().spec.unwrap();
    assert_eq!(
        (spec.holder_identity.as_deref(), spec.lease_transitions),
        (Some("second"), Some(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_gone_is_replaced_within_15_seconds() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let first = Replica::start(cluster, &namespace, "first").await;
    until("the first works", || first.works()).await;
    let second = Replica::start(cluster, &namespace, "second").await;
    let died = Instant::now();
    first.task.abort();
    until("the second works", || second.works()).await;
    assert!(
        died.elapsed() < Duration::from_secs(15),
        "{:?}",
        died.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lost_the_lease_stops_and_comes_back() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let replica = Replica::start(cluster, &namespace, "first").await;
    until("it works", || replica.works()).await;
    let api = leases(cluster.client().await.unwrap(), &namespace);
    let stolen = json!({ "spec": { "holderIdentity": "thief", "leaseDurationSeconds": 1 } });
    let stolen = api
        .patch("argosy", &PatchParams::default(), &Patch::Merge(stolen))
        .await
        .unwrap();
    until("it has stopped", || !replica.works()).await;
    until("it works again", || replica.works()).await;
    let now = api.get("argosy").await.unwrap();
    assert_ne!(
        now.metadata.resource_version,
        stolen.metadata.resource_version
    );
    assert_eq!(now.spec.unwrap().holder_identity.as_deref(), Some("first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_on_the_lease_does_not_cost_it() {
    let cluster = cluster().await;
    let namespace = project(cluster).await;
    let replica = Replica::start(cluster, &namespace, "first").await;
    until("it works", || replica.works()).await;
    let api = leases(cluster.client().await.unwrap(), &namespace);
    let label = json!({ "metadata": { "labels": { "team": "blue" } } });
    let labelled = api
        .patch("argosy", &PatchParams::default(), &Patch::Merge(label))
        .await
        .unwrap();
    super::wait_for("the lease is renewed", super::SOON, || async {
        let now = api.get("argosy").await?.metadata.resource_version;
        anyhow::ensure!(now != labelled.metadata.resource_version, "not yet");
        anyhow::Ok(())
    })
    .await
    .unwrap();
    assert!(replica.works());
}
