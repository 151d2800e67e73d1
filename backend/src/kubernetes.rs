//! How the API server is reached.

use std::time::Duration;

use kube::{Client, Config};

/// Clients of one API server.
pub struct Clients {
    /// For requests that are answered at once.
    pub calls: Client,
    /// For watches, where silence is no fault.
    pub watches: Client,
}

/// A request that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The cluster that `KUBECONFIG`, the kubeconfig in the home folder, or the pod's service account names.
///
/// # Errors
/// If none of them does, or if what they name cannot be used.
pub async fn connect() -> anyhow::Result<Clients> {
    let mut config = Config::infer().await?;
    let watches = Client::try_from(config.clone())?;
    config.read_timeout = Some(TIMEOUT);
    config.reset_reader_on_write = true;
    let calls = Client::try_from(config)?;
    Ok(Clients { calls, watches })
}
