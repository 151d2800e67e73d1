//! The way to a Git server for clients that cannot be told another address than the one people write.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::background::spawn;
use crate::certificates::Authority;

/// An HTTPS proxy, made by [`GitServer::tunnel`](super::GitServer::tunnel). It answers for the hosts
/// that it was made for with certificates of its own, and refuses all others. Dropping it stops it.
#[derive(Debug)]
pub struct Tunnel {
    port: u16,
    authority: String,
    task: AbortHandle,
}

impl Tunnel {
    pub(super) async fn start(hosts: &[&str], server: u16) -> Result<Self> {
        let authority = Authority::new()?;
        let certified = authority.server(hosts)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(
                    certified.certificate.as_bytes(),
                )?],
                PrivateKeyDer::from_pem_slice(certified.key.as_bytes())?,
            )?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let hosts = hosts
            .iter()
            .map(|&host| host.to_owned())
            .collect::<Arc<[_]>>();
        let (port, task) = spawn(async move {
            let listener = TcpListener::bind(("127.0.0.1", 0))
                .await
                .context("cannot listen on 127.0.0.1")?;
            let port = listener.local_addr()?.port();
            let task = spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    // A connection that breaks is the client's to report.
                    spawn(connect(
                        client,
                        Arc::clone(&hosts),
                        acceptor.clone(),
                        server,
                    ));
                }
            });
            anyhow::Ok((port, task.abort_handle()))
        })
        .await??;
        Ok(Self {
            port,
            authority: authority.pem(),
            task,
        })
    }

    /// The value for `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The certificate of the authority that clients must trust, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(
    mut client: TcpStream,
    hosts: Arc<[String]>,
    acceptor: TlsAcceptor,
    server: u16,
) -> Result<()> {
    let head = head(&mut client).await?;
    let asked = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(':').next());
    if !asked.is_some_and(|asked| hosts.iter().any(|host| host == asked)) {
        client
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            .await?;
        return Ok(());
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// What the client sends before it waits for an answer.
async fn head(client: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if 8_192 < head.len() {
            bail!("the request of a proxy's client is too long");
        }
        head.push(client.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
