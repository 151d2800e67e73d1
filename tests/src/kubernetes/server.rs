//! etcd and kube-apiserver.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::certificates::{Authority, Certified};
use crate::ports::Port;
use crate::tools::program;
use crate::{Folder, Launch, Process, http_client};

const READY: Duration = Duration::from_secs(60);

/// The two programs of an API server.
#[derive(Debug)]
pub(super) struct Server {
    api: Process,
    _etcd: Process,
    port: Port,
    _etcd_ports: [Port; 2],
}

impl Server {
    pub(super) async fn start(folder: &Folder, kubeconfig: &Path) -> Result<Self> {
        let (etcd, etcd_ports) = etcd(folder).await?;
        let port = Port::claim()?;
        let files = folder.sub("kube-apiserver")?;
        let authority = Authority::new()?;
        let names = [
            "localhost",
            "127.0.0.1",
            "kubernetes",
            "kubernetes.default.svc",
            "10.96.0.1",
        ];
        let server = authority.server(&names)?;
        fs::write(files.join("ca.crt"), authority.pem())?;
        fs::write(files.join("tls.crt"), &server.certificate)?;
        fs::write(files.join("tls.key"), &server.key)?;
        // Service account tokens are signed with the same key; nobody checks who else uses it.
        let admin = authority.client("admin", "system:masters")?;
        let url = format!("https://127.0.0.1:{}", port.number);
        fs::write(kubeconfig, config_file(&url, &authority.pem(), &admin))?;
        let api = Launch::new("kube-apiserver", program("kube-apiserver")?, &files)
            .arg(format!(
                "--etcd-servers=http://127.0.0.1:{}",
                etcd_ports[0].number
            ))
            .arg(format!("--secure-port={}", port.number))
            .args([
                "--bind-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=tls.crt",
                "--service-account-signing-key-file=tls.key",
                "--client-ca-file=ca.crt",
                "--tls-cert-file=tls.crt",
                "--tls-private-key-file=tls.key",
                "--authorization-mode=RBAC",
                "--disable-admission-plugins=ServiceAccount",
            ])
            .start()?;
        let started = Self {
            api,
            _etcd: etcd,
            port,
            _etcd_ports: etcd_ports,
        };
        started.ready(kubeconfig).await?;
        Ok(started)
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port.number)
    }

    pub(super) const fn process(&self) -> &Process {
        &self.api
    }

    pub(super) async fn ready(&self, kubeconfig: &Path) -> Result<()> {
        let file = Kubeconfig::read_from(kubeconfig).context("cannot read the kubeconfig")?;
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(config)?;
        let answers = async |path: &str| {
            let request = http::Request::get(path).body(Vec::new());
            match request {
                Ok(request) => client.request_text(request).await.is_ok(),
                Err(_) => false,
            }
        };
        // The default namespace is made after the server calls itself ready.
        let ready =
            async || answers("/readyz").await && answers("/api/v1/namespaces/default").await;
        self.api.ready(READY, ready).await
    }
}

async fn etcd(folder: &Folder) -> Result<(Process, [Port; 2])> {
    let ports = [Port::claim()?, Port::claim()?];
    let [client, peer] = ports
        .each_ref()
        .map(|port| format!("http://127.0.0.1:{}", port.number));
    let process = Launch::new("etcd", program("etcd")?, folder.sub("etcd")?)
        .args(["--data-dir", "data", "--logger=zap", "--log-level=warn"])
        .args([
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
        ])
        .args([
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
        ])
        .args(["--initial-cluster", &format!("default={peer}")])
        .start()?;
    let http = http_client()?;
    let health = format!("{client}/health");
    let healthy = async || {
        http.get(&health)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    };
    process.ready(READY, healthy).await?;
    Ok((process, ports))
}

fn config_file(url: &str, authority: &str, admin: &Certified) -> String {
    let [authority, certificate, key] =
        [authority, &admin.certificate, &admin.key].map(|pem| BASE64_STANDARD.encode(pem));
    format!(
        "apiVersion: v1
kind: Config
current-context: argosy
clusters:
- name: argosy
  cluster:
    server: {url}
    certificate-authority-data: {authority}
users:
- name: admin
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: argosy
  context:
    cluster: argosy
    user: admin
"
    )
}
