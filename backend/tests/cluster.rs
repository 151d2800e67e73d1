//! What the shell does with a real API server: caches, the Lease, events, `argosy apply`, and the process as a whole.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at the first thing that is not as it should be"
)]

#[path = "cluster/apply.rs"]
mod apply;
#[path = "cluster/cache.rs"]
mod cache;
#[path = "cluster/events.rs"]
mod events;
#[path = "cluster/install.rs"]
mod install;
#[path = "cluster/leader.rs"]
mod leader;
#[path = "cluster/process.rs"]
mod process;

use std::time::Duration;

use anyhow::{Result, bail};
use argosy_tests::kubernetes::{Cluster, fresh};
use argosy_tests::{Needs, World, wait_for};

/// Long enough for a busy machine, short enough to end.
const SOON: Duration = Duration::from_secs(20);

async fn cluster() -> &'static Cluster {
    let world = World::shared(Needs::default().cluster()).await.unwrap();
    world.cluster().await.unwrap()
}

/// A namespace of its own, marked as a project's.
async fn project(cluster: &Cluster) -> String {
    let name = fresh("project");
    let labels = "labels: {kargo.akuity.io/project: 'true'}";
    let manifest =
        format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, {labels}}}}}");
    cluster.apply(&manifest).await.unwrap();
    name
}

/// Waits until a condition holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let attempt = || async {
        if holds() {
            Ok(())
        } else {
            bail!("it does not hold yet")
        }
    };
    let held: Result<()> = wait_for(what, SOON, attempt).await;
    held.unwrap();
}
