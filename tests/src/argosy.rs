//! Argosy itself: the built binary as a process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::ports::Port;
use crate::tools::program;
use crate::{Folder, HOSTS, Launch, Process, World, http_client};

const READY: Duration = Duration::from_secs(30);

/// Registries whose images come from the run's own registry, under a folder with the same name.
const REGISTRIES: [&str; 3] = ["ghcr.io", "docker.io", "quay.io"];

/// What differs from the ordinary start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    mirrors: Vec<(String, String)>,
    kubeconfig: Option<PathBuf>,
    data: Option<PathBuf>,
}

impl Options {
    /// More arguments. What they say counts more than what the ordinary start says.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reach at `to` what people write as `from`, such as a host of a registry through a proxy.
    #[must_use]
    pub fn mirror(mut self, from: &str, to: &str) -> Self {
        self.mirrors.push((from.to_owned(), to.to_owned()));
        self
    }

    /// Use another kubeconfig than the administrator's.
    #[must_use]
    pub fn kubeconfig(mut self, path: &Path) -> Self {
        self.kubeconfig = Some(path.to_owned());
        self
    }

    /// Keep data in this folder instead of one that ends with the process.
    #[must_use]
    pub fn data(mut self, path: &Path) -> Self {
        self.data = Some(path.to_owned());
        self
    }
}

/// A running Argosy. Dropping it kills it.
#[derive(Debug)]
pub struct Argosy {
    // Dropped in this order.
    process: Process,
    admin: Port,
    _folder: Folder,
}

impl Argosy {
    /// Start the binary of this build against a world's cluster and wait until it is ready.
    ///
    /// What people write as `https://github.com/acme/app` is the repository `github.com/acme/app` of
    /// the world's Git server, and `ghcr.io/acme/app` is `ghcr.io/acme/app` in its registry; images
    /// without a host are under `docker.io`. Leader election is off, so that a killed Argosy goes on
    /// at once when it is started again.
    ///
    /// # Errors
    /// When the binary was not built, or it does not become ready.
    pub async fn start(world: &World, options: Options) -> Result<Self> {
        let argosy = Self::launch(world, options).await?;
        argosy.ready().await?;
        Ok(argosy)
    }

    /// As [`Argosy::start`], without waiting.
    ///
    /// # Errors
    /// When the binary was not built, or what it needs cannot be started.
    pub async fn launch(world: &World, options: Options) -> Result<Self> {
        let Options {
            args,
            env,
            mirrors,
            kubeconfig,
            data,
        } = options;
        let cluster = world.cluster().await?;
        // Where it keeps its lease.
        cluster
            .apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: argosy}\n")
            .await?;
        let folder = Folder::new()?;
        let admin = Port::claim()?;
        let mirrors = all_mirrors(world, mirrors).await?;
        let data = data.map_or_else(|| folder.sub("data"), Ok)?;
        let kubeconfig = kubeconfig.unwrap_or_else(|| cluster.kubeconfig().to_owned());
        let launch = Launch::new("argosy", binary("argosy")?, folder.path())
            .clean_env()
            .env("KUBECONFIG", kubeconfig)
            .env("ARGOSY_DATA_DIR", data)
            .env("ARGOSY_ADMIN_ADDR", format!("127.0.0.1:{}", admin.number))
            .env("ARGOSY_MIRRORS", mirrors)
            .env("ARGOSY_KUSTOMIZE", program("kustomize")?)
            .env("ARGOSY_HELM", program("helm")?)
            .env("ARGOSY_LEADER_ELECTION", "false")
            .env("ARGOSY_ALLOW_CREDENTIALS_OVER_HTTP", "true")
            .env("ARGOSY_LOG_LEVEL", "info,argosy=debug");
        let launch = env
            .iter()
            .fold(launch, |launch, (name, value)| launch.env(name, value));
        Ok(Self {
            process: launch.args(args).start()?,
            admin,
            _folder: folder,
        })
    }

    /// The process, to kill, freeze or restart it.
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// The address of probes and metrics, such as `http://127.0.0.1:8081`.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin.number)
    }

    /// Wait until it is ready, for example after a restart.
    ///
    /// # Errors
    /// When it ends or does not become ready.
    pub async fn ready(&self) -> Result<()> {
        let http = http_client()?;
        let url = format!("{}/readyz", self.admin_url());
        let get = || async {
            http.get(&url)
                .send()
                .await
                .is_ok_and(|it| it.status().is_success())
        };
        self.process.ready(READY, get).await
    }

    /// Its metrics, as Prometheus reads them.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<String> {
        let url = format!("{}/metrics", self.admin_url());
        let answer = http_client()?
            .get(url)
            .send()
            .await
            .context("argosy does not answer")?;
        Ok(answer.error_for_status()?.text().await?)
    }
}

/// The world's mirrors, except where `given` says otherwise.
async fn all_mirrors(world: &World, given: Vec<(String, String)>) -> Result<String> {
    let (git, registry) = (world.git().await?.url(), world.registry().await?.host());
    let repositories = HOSTS.map(|host| (format!("https://{host}/"), format!("{git}/{host}/")));
    let images = REGISTRIES.map(|host| (host.to_owned(), format!("{registry}/{host}")));
    let mut all = given;
    for (from, to) in repositories.into_iter().chain(images) {
        if all
            .iter()
            .all(|(known, _)| known.trim_end_matches('/') != from.trim_end_matches('/'))
        {
            all.push((from, to));
        }
    }
    Ok(all
        .iter()
        .map(|(from, to)| format!("{from}={to}"))
        .collect::<Vec<_>>()
        .join(","))
}

/// The binary of this name that was built together with the running test.
///
/// # Errors
/// When it is not there; the error says how to build it.
pub fn binary(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("a process has no executable")?;
    // Tests lie in `target/<profile>/deps`, binaries in the folder above.
    let folders = test.ancestors().skip(1).take(2);
    let mut places = folders.map(|folder| folder.join(name));
    match places.find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("{name} is not built: cargo build --workspace --bins"),
    }
}
