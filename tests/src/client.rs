//! HTTP clients of tests.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::{Client, ClientBuilder};

/// A client that follows no redirects and waits 30 seconds for an answer at most.
///
/// # Errors
/// When the system's certificates cannot be read.
pub fn http_client() -> Result<Client> {
    let builder = builder().timeout(Duration::from_secs(30));
    builder.build().context("cannot make an HTTP client")
}

/// The begin of any client: it is settled who does the cryptography.
pub(crate) fn builder() -> ClientBuilder {
    // It is settled once for a process; a second time changes nothing and is told as an error.
    let _settled = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(reqwest::redirect::Policy::none())
}
