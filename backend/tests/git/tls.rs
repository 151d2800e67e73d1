//! Certificates that are trusted, and those that are not.

use std::sync::Arc;

use argosy::git::{Clone, GitError, Remote};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::desk::{Desk, branch, remote_as, to_checked_out};

// The address of a way to the server with a certificate, and the authority that signed it, as PEM.
async fn encrypted(server: &str) -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let server = server.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&server).await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who does not trust the certificate hangs up.
                if let Ok(mut client) = acceptor.accept(client).await {
                    tokio::io::copy_bidirectional(&mut client, &mut server)
                        .await
                        .ok();
                }
            });
        }
    });
    (address, issuer.pem())
}

async fn checkout(desk: &Desk, remote: &Remote) -> Result<(), GitError> {
    let checkouts = vec![desk.at("out", branch("main"))];
    let what = Clone {
        checkouts,
        author: None,
        submodules: false,
    };
    desk.git
        .checkout(remote, &what, &desk.cancel)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_vouches_for_is_accepted_on_request() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let (url, _) = encrypted(&desk.server.url()).await;
    let mut remote = remote_as(&format!("{url}/acme/app"), "ada", "hunter2");
    let error = checkout(&desk, &remote).await.unwrap_err();
    assert!(matches!(error, GitError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(repo.requests().is_empty(), "the password was not sent");
    remote.insecure_skip_tls = true;
    checkout(&desk, &remote).await.unwrap();
    desk.change("out", "a", "1").await;
    let out = desk.path("out");
    assert!(desk.git.origin(&out).await.unwrap().insecure_skip_tls);
    desk.git
        .push(&remote, &out, &to_checked_out(), &desk.cancel)
        .await
        .unwrap();
    assert_eq!(repo.read("main", "a").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_of_the_site_is_trusted() {
    let mut desk = Desk::new().await;
    desk.repo("acme/app").await;
    let (url, authority) = encrypted(&desk.server.url()).await;
    let mut config = argosy::git::Config::new(desk.folder.path().join("git"));
    config.authorities = vec![reqwest::Certificate::from_pem(authority.as_bytes()).unwrap()];
    desk.git = argosy::git::Git::new(config).unwrap();
    checkout(
        &desk,
        &remote_as(&format!("{url}/acme/app"), "ada", "hunter2"),
    )
    .await
    .unwrap();
}
