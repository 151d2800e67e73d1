//! What makes a cluster of an API: the controller manager, the scheduler and simulated nodes.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::Api;

use super::Cluster;
use crate::tools::program;
use crate::{Launch, Process, wait_for};

const READY: Duration = Duration::from_secs(60);

/// What kwok is to do besides nodes and Pods.
const SIMULATED: &str = include_str!("simulated.yaml");

const NODE: &str = "
apiVersion: v1
kind: Node
metadata:
  name: node-1
  annotations:
    kwok.x-k8s.io/node: fake
  labels:
    kubernetes.io/hostname: node-1
    kubernetes.io/os: linux
    kubernetes.io/arch: amd64
status:
  allocatable: { cpu: '64', memory: 256Gi, pods: '1000' }
  capacity: { cpu: '64', memory: 256Gi, pods: '1000' }
";

#[derive(Debug)]
pub(super) struct Nodes {
    _kwok: Process,
    _scheduler: Process,
}

pub(super) async fn controller_manager(cluster: &Cluster) -> Result<Process> {
    let folder = &cluster.folder;
    let files = folder.path().join("kube-apiserver");
    let process = Launch::new(
        "kube-controller-manager",
        program("kube-controller-manager")?,
        folder.sub("kube-controller-manager")?,
    )
    .arg("--kubeconfig")
    .arg(cluster.kubeconfig())
    .args([
        // Without metrics it would call every autoscaler broken; kwok answers for it.
        "--controllers=*,-horizontal-pod-autoscaler-controller",
        "--leader-elect=false",
        "--secure-port=0",
        "--use-service-account-credentials=false",
    ])
    .arg("--service-account-private-key-file")
    .arg(files.join("tls.key"))
    .arg("--root-ca-file")
    .arg(files.join("ca.crt"))
    .start()?;
    // Every namespace gets this account from a controller that starts with the others.
    let accounts = Api::<ServiceAccount>::namespaced(cluster.client().await?, "kube-system");
    process
        .ready(READY, || async { accounts.get("default").await.is_ok() })
        .await?;
    Ok(process)
}

pub(super) async fn nodes(cluster: &Cluster) -> Result<Nodes> {
    let folder = &cluster.folder;
    let scheduler = Launch::new(
        "kube-scheduler",
        program("kube-scheduler")?,
        folder.sub("kube-scheduler")?,
    )
    .arg("--kubeconfig")
    .arg(cluster.kubeconfig())
    .args(["--leader-elect=false", "--secure-port=0"])
    .start()?;
    let config = folder.sub("kwok")?.join("simulated.yaml");
    fs::write(&config, SIMULATED).context("cannot configure kwok")?;
    let kwok = Launch::new("kwok", program("kwok")?, folder.sub("kwok")?)
        .arg("--config")
        .arg(&config)
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig())
        .args([
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
        ])
        .start()?;
    cluster.apply(NODE).await?;
    let nodes = Api::<Node>::all(cluster.client().await?);
    wait_for("the simulated node is ready", READY, || async {
        let node = nodes.get("node-1").await?;
        let conditions = node
            .status
            .and_then(|status| status.conditions)
            .unwrap_or_default();
        let ready = conditions
            .iter()
            .any(|it| it.type_ == "Ready" && it.status == "True");
        ensure!(
            ready,
            "it has the conditions {conditions:?}; kwok says:\n{}",
            kwok.log_tail()
        );
        Ok(())
    })
    .await?;
    Ok(Nodes {
        _kwok: kwok,
        _scheduler: scheduler,
    })
}
