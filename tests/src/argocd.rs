//! Argo CD: its servers as processes beside the API server.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::git::{GitServer, Tunnel};
use crate::kubernetes::{Cluster, fresh};
use crate::ports::Port;
use crate::tools::{beside, program};
use crate::{Folder, HOSTS, Launch, Process, http_client, wait_for};

const READY: Duration = Duration::from_secs(90);

const SETTINGS: &str = "
apiVersion: v1
kind: Namespace
metadata:
  name: argocd
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
  labels:
    app.kubernetes.io/name: argocd-cm
    app.kubernetes.io/part-of: argocd
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-rbac-cm
  namespace: argocd
  labels:
    app.kubernetes.io/name: argocd-rbac-cm
    app.kubernetes.io/part-of: argocd
---
apiVersion: v1
kind: Secret
metadata:
  name: argocd-secret
  namespace: argocd
  labels:
    app.kubernetes.io/name: argocd-secret
    app.kubernetes.io/part-of: argocd
type: Opaque
stringData:
  # The other servers look for it before argocd-server would have made one.
  server.secretkey: SECRET
";

/// Argo CD in the namespace `argocd` of a cluster. Repositories at `https://github.com/…` and a few
/// other hosts come from the run's Git server. Dropping it stops it.
#[derive(Debug)]
pub struct ArgoCd {
    // Dropped in this order: the programs before what they use.
    _programs: Vec<Process>,
    server: Port,
    _ports: Vec<Port>,
    _tunnel: Tunnel,
    _folder: Folder,
    password: String,
}

impl ArgoCd {
    /// Start it.
    ///
    /// # Errors
    /// When a program is missing or does not become ready.
    pub async fn start(cluster: &Cluster, git: &GitServer) -> Result<Self> {
        cluster
            .apply(&SETTINGS.replace("SECRET", &fresh("secret")))
            .await?;
        cluster.install_crds(&beside("argocd", "crds")?).await?;
        let tunnel = git.tunnel(&HOSTS).await?;
        let setup = Setup::new(cluster, &tunnel)?;
        let claim = Port::claim;
        let (redis_port, repo_port, server) = (claim()?, claim()?, claim()?);
        let api_port = server.number.to_string();
        let metrics = [claim()?, claim()?, claim()?, claim()?, claim()?, claim()?];
        let [m0, m1, m2, m3, m4, m5] = metrics.each_ref().map(|port| port.number.to_string());

        let redis = redis(setup.folder.path(), &redis_port).await?;
        let redis_at = format!("127.0.0.1:{}", redis_port.number);
        let repo_at = format!("127.0.0.1:{}", repo_port.number);
        let uses = [
            "--redis",
            &redis_at,
            "--repo-server",
            &repo_at,
            "--repo-server-plaintext",
        ];
        let repo_server = setup
            .launch("argocd-repo-server")?
            .args([
                "--redis",
                &redis_at,
                "--disable-tls",
                "--client-ca-path",
                "",
            ])
            .args([
                "--address",
                "127.0.0.1",
                "--port",
                &repo_port.number.to_string(),
            ])
            .args(["--metrics-address", "127.0.0.1", "--metrics-port", &m0])
            .start()?;
        let controller = setup
            .launch("argocd-application-controller")?
            .args(uses)
            .args(["--metrics-port", &m1])
            .start()?;
        let api = setup
            .launch("argocd-server")?
            .args(uses)
            .args(["--insecure", "--enable-proxy-extension"])
            .args(["--dex-server", "http://127.0.0.1:5556"])
            .args([
                "--address",
                "127.0.0.1",
                "--port",
                &server.number.to_string(),
            ])
            .args(["--metrics-address", "127.0.0.1", "--metrics-port", &m2])
            .start()?;
        let sets = setup
            .launch("argocd-applicationset-controller")?
            .args(["--argocd-repo-server", &repo_at, "--repo-server-plaintext"])
            .args(["--metrics-addr", &format!("127.0.0.1:{m3}")])
            .args(["--probe-addr", &format!("127.0.0.1:{m4}")])
            .args(["--webhook-addr", &format!("127.0.0.1:{m5}")])
            .start()?;
        tokio::try_join!(
            healthy(&repo_server, &m0),
            healthy(&controller, &m1),
            healthy(&api, &api_port),
            sets.ready(READY, || async { sets.log().contains("Starting workers") }),
        )?;
        let password = password(cluster).await?;
        wait_for("Argo CD has its default project", READY, || async {
            cluster
                .kubectl(&["get", "-n", "argocd", "appproject", "default"])
                .await
        })
        .await?;
        let mut ports = Vec::from(metrics);
        ports.extend([redis_port, repo_port]);
        Ok(Self {
            _programs: vec![api, sets, controller, repo_server, redis],
            server,
            _ports: ports,
            _tunnel: tunnel,
            _folder: setup.folder,
            password,
        })
    }

    /// The address of the API, such as `http://127.0.0.1:8080`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.number)
    }

    /// The password of the user `admin`.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A token of the user `admin` for the API's header `Authorization: Bearer …`.
    ///
    /// # Errors
    /// When Argo CD refuses the password.
    pub async fn token(&self) -> Result<String> {
        let login = json!({ "username": "admin", "password": self.password });
        let url = format!("{}/api/v1/session", self.url());
        let answer = http_client()?
            .post(url)
            .json(&login)
            .send()
            .await?
            .error_for_status()?;
        let answer = answer.json::<Value>().await?;
        Ok(answer["token"]
            .as_str()
            .context("a login gave no token")?
            .to_owned())
    }
}

/// What the programs share.
struct Setup {
    folder: Folder,
    kubeconfig: PathBuf,
    bin: PathBuf,
    proxy: String,
}

impl Setup {
    fn new(cluster: &Cluster, tunnel: &Tunnel) -> Result<Self> {
        let folder = Folder::new()?;
        // The namespace in the kubeconfig is where Argo CD looks for its settings.
        let file = fs::read_to_string(cluster.kubeconfig()).context("cannot read a kubeconfig")?;
        let mut config: Value = yaml_serde::from_str(&file)?;
        let context = config.pointer_mut("/contexts/0/context");
        context.context("a kubeconfig without a context")?["namespace"] = "argocd".into();
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, yaml_serde::to_string(&config)?)?;
        let bin = folder.sub("bin")?;
        for name in ["argocd", "kustomize", "helm"] {
            symlink(program(name)?, bin.join(name))?;
        }
        let wrapper = beside("argocd", "git-verify-wrapper.sh")?;
        symlink(wrapper, bin.join("git-verify-wrapper.sh"))?;
        let tls = folder.sub("tls")?;
        for host in HOSTS {
            fs::write(tls.join(host), tunnel.authority())?;
        }
        Ok(Self {
            folder,
            kubeconfig,
            bin,
            proxy: tunnel.url(),
        })
    }

    fn launch(&self, role: &str) -> Result<Launch> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.bin.clone()).chain(std::env::split_paths(&path));
        Ok(
            Launch::new(role, program("argocd")?, self.folder.sub(role)?)
                .args(["--loglevel", "info", "--logformat", "text"])
                .env("ARGOCD_BINARY_NAME", role)
                .env("KUBECONFIG", &self.kubeconfig)
                .env("PATH", std::env::join_paths(path)?)
                .env("TMPDIR", self.folder.sub(&format!("{role}/tmp"))?)
                .env("HTTPS_PROXY", &self.proxy)
                .env("NO_PROXY", "127.0.0.1,localhost")
                .env("ARGOCD_FAKE_IN_CLUSTER", "true")
                .env("ARGOCD_GPG_ENABLED", "false")
                .env("ARGOCD_PLUGINSOCKFILEPATH", self.folder.sub("plugins")?)
                .env("ARGOCD_TLS_DATA_PATH", self.folder.path().join("tls"))
                .env("ARGOCD_SSH_DATA_PATH", self.folder.sub("ssh")?),
        )
    }
}

async fn redis(folder: &Path, port: &Port) -> Result<Process> {
    let redis = Launch::new("redis", program("redis-server")?, folder.join("redis"))
        .args(["--port", &port.number.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no"])
        .start()?;
    redis
        .ready(READY, || async {
            redis.log().contains("Ready to accept connections")
        })
        .await?;
    Ok(redis)
}

async fn healthy(process: &Process, port: &str) -> Result<()> {
    let http = http_client()?;
    let url = format!("http://127.0.0.1:{port}/healthz");
    let get = || async {
        http.get(&url)
            .send()
            .await
            .is_ok_and(|it| it.status().is_success())
    };
    process.ready(READY, get).await
}

async fn password(cluster: &Cluster) -> Result<String> {
    let path = "jsonpath={.data.password}";
    let secret = [
        "get",
        "-n",
        "argocd",
        "secret",
        "argocd-initial-admin-secret",
        "-o",
        path,
    ];
    let encoded = wait_for("Argo CD has a password", READY, || async {
        let encoded = cluster.kubectl(&secret).await?;
        ensure!(!encoded.is_empty(), "it is empty");
        Ok(encoded)
    })
    .await?;
    Ok(String::from_utf8(BASE64_STANDARD.decode(encoded)?)?)
}
