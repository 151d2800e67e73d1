//! A Kubernetes API: etcd and kube-apiserver, and what else a cluster has where a test needs it.

mod controllers;
mod install;
mod kubectl;
mod server;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::sync::OnceCell;

use crate::{Folder, Process};

use controllers::Nodes;
use server::Server;

pub(crate) use install::repository;
pub use kubectl::fresh;

/// A cluster. It serves Argosy's resources once [`Cluster::install`] was called. Dropping it stops
/// it, unless it is one that `KUBECONFIG` names, which is used as it is.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: what uses the server before the server, the folder last.
    nodes: OnceCell<Nodes>,
    controller_manager: OnceCell<Process>,
    server: Option<Server>,
    kubeconfig: PathBuf,
    folder: Folder,
}

impl Cluster {
    /// Start one, or take the one that `KUBECONFIG` names.
    ///
    /// # Errors
    /// When a program is missing or does not become ready.
    pub async fn start() -> Result<Self> {
        let folder = Folder::new()?;
        let given = std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty());
        let (server, kubeconfig) = match given {
            Some(path) => (None, PathBuf::from(path)),
            None => {
                let kubeconfig = folder.path().join("kubeconfig");
                (Some(Server::start(&folder, &kubeconfig).await?), kubeconfig)
            }
        };
        Ok(Self {
            nodes: OnceCell::new(),
            controller_manager: OnceCell::new(),
            server,
            kubeconfig,
            folder,
        })
    }

    /// The file with which a client is the administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The address of the API, such as `https://127.0.0.1:6443`; nothing for a cluster that
    /// `KUBECONFIG` names.
    pub fn url(&self) -> Option<String> {
        self.server.as_ref().map(Server::url)
    }

    /// A client that is the administrator. It belongs to the runtime that calls this.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub async fn client(&self) -> Result<Client> {
        let file = Kubeconfig::read_from(&self.kubeconfig).context("cannot read the kubeconfig")?;
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        Client::try_from(config).context("cannot make a client")
    }

    /// The API server's process, to stop, freeze or restart it; nothing for a cluster that
    /// `KUBECONFIG` names.
    pub fn api_server(&self) -> Option<&Process> {
        self.server.as_ref().map(Server::process)
    }

    /// Wait until the API server answers again after its process was restarted.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn ready(&self) -> Result<()> {
        match &self.server {
            Some(server) => server.ready(&self.kubeconfig).await,
            None => Ok(()),
        }
    }

    /// Run kube-controller-manager from now on: namespaces finish deleting, owners take what they
    /// own with them, Deployments make Pods.
    ///
    /// # Errors
    /// When it is missing or does not become ready. A cluster that `KUBECONFIG` names has its own.
    pub async fn controllers(&self) -> Result<()> {
        if self.server.is_none() {
            return Ok(());
        }
        let start = || controllers::controller_manager(self);
        self.controller_manager
            .get_or_try_init(start)
            .await
            .map(drop)
    }

    /// Run kube-scheduler and kwok from now on, with one simulated node: Pods become Ready, though
    /// no container runs.
    ///
    /// # Errors
    /// When a program is missing or does not become ready.
    pub async fn nodes(&self) -> Result<()> {
        if self.server.is_none() {
            return Ok(());
        }
        let start = || controllers::nodes(self);
        self.nodes.get_or_try_init(start).await.map(drop)
    }
}
