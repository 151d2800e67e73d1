//! All that a test may need, started when it is first asked for.

use anyhow::Result;
use tokio::sync::OnceCell;

use crate::argocd::ArgoCd;
use crate::argosy::{Argosy, Options};
use crate::git::GitServer;
use crate::kubernetes::{Cluster, fresh};
use crate::registry::Registry;

static SHARED: OnceCell<World> = OnceCell::const_new();

/// What a [`World`] starts at once instead of when it is first asked for.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says yes or no to one server"
)]
pub struct Needs {
    cluster: bool,
    controllers: bool,
    nodes: bool,
    argocd: bool,
    git: bool,
    registry: bool,
}

impl Needs {
    /// A Kubernetes API that serves Argosy's resources.
    #[must_use]
    pub const fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// A cluster with kube-controller-manager.
    #[must_use]
    pub const fn controllers(mut self) -> Self {
        self.controllers = true;
        self.cluster()
    }

    /// A cluster on whose simulated node Pods become Ready.
    #[must_use]
    pub const fn nodes(mut self) -> Self {
        self.nodes = true;
        self.controllers()
    }

    /// Argo CD, with the cluster and the Git server that it needs.
    #[must_use]
    pub const fn argocd(mut self) -> Self {
        self.argocd = true;
        self.cluster().git()
    }

    /// A Git server.
    #[must_use]
    pub const fn git(mut self) -> Self {
        self.git = true;
        self
    }

    /// An OCI registry.
    #[must_use]
    pub const fn registry(mut self) -> Self {
        self.registry = true;
        self
    }
}

/// Servers that belong together. Dropping it stops them all.
#[derive(Debug, Default)]
pub struct World {
    // Dropped in this order: what uses others before them.
    argosy: OnceCell<Argosy>,
    argocd: OnceCell<ArgoCd>,
    cluster: OnceCell<Cluster>,
    registry: OnceCell<Registry>,
    git: OnceCell<GitServer>,
}

impl World {
    /// A world of its own, with what is needed started in parallel.
    ///
    /// # Errors
    /// When a program is missing or a server does not become ready.
    pub async fn start(needs: Needs) -> Result<Self> {
        let world = Self::default();
        world.have(needs).await?;
        Ok(world)
    }

    /// The world that all tests of this process share. It ends with the process.
    ///
    /// # Errors
    /// When a program is missing or a server does not become ready.
    pub async fn shared(needs: Needs) -> Result<&'static Self> {
        let world = SHARED.get_or_init(|| async { Self::default() }).await;
        world.have(needs).await?;
        Ok(world)
    }

    /// Start what is needed and does not run yet, in parallel.
    ///
    /// # Errors
    /// When a program is missing or a server does not become ready.
    pub async fn have(&self, needs: Needs) -> Result<()> {
        let cluster = async {
            if needs.cluster {
                self.cluster().await?;
            }
            if needs.controllers {
                self.cluster().await?.controllers().await?;
            }
            if needs.nodes {
                self.cluster().await?.nodes().await?;
            }
            anyhow::Ok(())
        };
        let argocd = async {
            if needs.argocd {
                self.argocd().await?;
            }
            anyhow::Ok(())
        };
        let git = async {
            if needs.git {
                self.git().await.map(drop)
            } else {
                Ok(())
            }
        };
        let registry = async {
            if needs.registry {
                self.registry().await.map(drop)
            } else {
                Ok(())
            }
        };
        tokio::try_join!(cluster, argocd, git, registry).map(drop)
    }

    /// The Kubernetes API, serving Argosy's resources.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn cluster(&self) -> Result<&Cluster> {
        let start = || async {
            let cluster = Cluster::start().await?;
            cluster.install().await?;
            Ok(cluster)
        };
        self.cluster.get_or_try_init(start).await
    }

    /// Argo CD.
    ///
    /// # Errors
    /// When it, or the cluster or the Git server under it, cannot be started.
    pub async fn argocd(&self) -> Result<&ArgoCd> {
        let start = || async { ArgoCd::start(self.cluster().await?, self.git().await?).await };
        self.argocd.get_or_try_init(start).await
    }

    /// The Git server.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn git(&self) -> Result<&GitServer> {
        self.git.get_or_try_init(GitServer::start).await
    }

    /// The OCI registry.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn registry(&self) -> Result<&Registry> {
        self.registry.get_or_try_init(Registry::start).await
    }

    /// Argosy, started in the ordinary way. Its controllers are alone in a cluster: a test that needs
    /// to start it otherwise needs a world of its own.
    ///
    /// # Errors
    /// When it, or what it needs, cannot be started.
    pub async fn argosy(&self) -> Result<&Argosy> {
        self.argosy
            .get_or_try_init(|| Argosy::start(self, Options::default()))
            .await
    }

    /// A project's name that no other test uses.
    pub fn project(&self, name: &str) -> String {
        fresh(name)
    }
}
