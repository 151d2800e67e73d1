//! The registry client and image discovery against a real registry.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod discovery;
mod images;
mod lists;
mod paged;
mod recovery;
mod tokens;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use argosy::credentials::Credentials;
use argosy::registry::{Access, Options, Registry, Repository};
use argosy::secret::Secret;

/// As fast as the registry answers: what is tested here is not the rate.
fn options() -> Options {
    Options {
        requests_per_second: NonZeroU32::new(1000).unwrap(),
        patience: Duration::from_secs(10),
        credentials_over_http: true,
        ..Options::default()
    }
}

/// The repository `app` of the registry at `host`, asked by a client with an empty memory.
fn anonymous(host: &str) -> Repository {
    let registry = Registry::new(options()).unwrap();
    registry
        .repository(&format!("{host}/app"), Access::default())
        .unwrap()
}

fn with_credentials(user: &str, password: &str) -> Access {
    let (username, password) = (user.to_owned(), Secret::new(password));
    let credentials = Credentials {
        username,
        password,
        secret: "team-a/registry".to_owned(),
    };
    Access {
        credentials: Some(Arc::new(credentials)),
        ..Access::default()
    }
}
