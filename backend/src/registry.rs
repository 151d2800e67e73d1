//! OCI registries: which tags a repository has, and what image a tag names.
//!
//! It only reads. It decides nothing about which image is wanted, and knows nothing of Kubernetes.
//!
//! Few requests are the aim: no ping, a challenge is answered once and remembered, manifests and
//! configurations are kept by digest, and what a tag points to is believed for a while ([`Trust`]).

mod address;
mod auth;
mod error;
mod http;
mod image;
mod manifest;
mod memory;
mod pace;
mod tags;
mod token;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub use address::RepositoryName;
pub use error::{RegistryError, Retry};
pub use image::{Image, Trust};
pub use manifest::Platform;

use crate::credentials::Credentials;
use crate::metrics::Metrics;
use crate::mirrors::Mirrors;
use crate::settings::Settings;

/// How registries are asked.
#[derive(Clone)]
pub struct Options {
    /// Where copies of registries are.
    pub mirrors: Mirrors,
    /// Requests in a second to one registry (host and port).
    pub requests_per_second: NonZeroU32,
    /// The same for single registries, by host and port: `ghcr.io`, `127.0.0.1:5000`.
    pub requests_per_second_by_host: BTreeMap<String, NonZeroU32>,
    /// How long one request may go on failing, or a registry keep us waiting with 429.
    pub patience: Duration,
    /// From sending a request to the headers of its answer.
    pub answers_within: Duration,
    /// Whether credentials may be sent to a registry that is reached over plain HTTP.
    pub credentials_over_http: bool,
    /// How long it is believed what a tag pointed to, where a subscription says nothing else.
    pub tags_believed_for: Duration,
    /// Told of every request.
    pub observer: Option<Observer>,
}

/// Called after every request, from the task that made it. It must not block.
pub type Observer = Arc<dyn Fn(&Call<'_>) + Send + Sync>;

/// One request and how it ended.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Host and port.
    pub host: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// From sending it to the end of the answer; without the wait for its turn.
    pub duration: Duration,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With this HTTP status. The first request to a registry that wants a token ends with 401.
    Status(u16),
    /// Without a connection, or it broke, or no answer came in time.
    Unreachable,
}

/// A client for every registry there is. Cheap to clone; clones share rates and memory.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

/// How a repository is asked.
#[derive(Clone, Default)]
pub struct Access {
    /// What to show to a registry that asks for credentials.
    pub credentials: Option<Arc<Credentials>>,
    /// Take any certificate.
    pub insecure_skip_tls_verify: bool,
}

/// One repository, asked with one set of credentials.
pub struct Repository {
    shared: Arc<Shared>,
    name: RepositoryName,
    site: auth::Site,
    memory: Arc<memory::Remembered>,
}

struct Shared {
    http: http::Http,
    keys: auth::Keys,
    memory: memory::Memory,
    mirrors: Mirrors,
    credentials_over_http: bool,
    tags_believed_for: Duration,
}

impl Options {
    /// As the operator has chosen, with every request counted in `metrics`.
    pub fn of(settings: &Settings, metrics: &Metrics) -> Self {
        let metrics = metrics.clone();
        let observer = move |call: &Call<'_>| {
            metrics.registry_call(call.host, &call.outcome.to_string(), call.duration);
        };
        let default = Self::default();
        Self {
            mirrors: settings.mirrors.clone(),
            requests_per_second: NonZeroU32::new(settings.registry_rate)
                .unwrap_or(default.requests_per_second),
            credentials_over_http: settings.credentials_over_http,
            observer: Some(Arc::new(observer)),
            ..default
        }
    }
}

impl Registry {
    /// A client with an empty memory. Fails if the system's certificates cannot be read.
    pub fn new(options: Options) -> Result<Self, RegistryError> {
        Ok(Self {
            shared: Arc::new(Shared {
                http: http::Http::new(&options)?,
                keys: auth::Keys::new(),
                memory: memory::Memory::new(),
                mirrors: options.mirrors,
                credentials_over_http: options.credentials_over_http,
                tags_believed_for: options.tags_believed_for,
            }),
        })
    }

    /// The repository that `repo_url` names. Nothing is asked yet.
    pub fn repository(&self, repo_url: &str, access: Access) -> Result<Repository, RegistryError> {
        let name = RepositoryName::parse(repo_url)?;
        let endpoint = name.endpoint(&self.shared.mirrors)?;
        let certificates = if access.insecure_skip_tls_verify {
            http::Certificates::Ignored
        } else {
            http::Certificates::Verified
        };
        let over_http = self.shared.credentials_over_http;
        let site = auth::Site::new(endpoint, certificates, access.credentials, over_http);
        let memory = self
            .shared
            .memory
            .repository(site.endpoint.key(), site.fingerprint);
        Ok(Repository {
            shared: Arc::clone(&self.shared),
            name,
            site,
            memory,
        })
    }
}

impl Repository {
    /// Its full name: `docker.io/library/nginx` for `nginx`.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// How long to believe what a tag pointed to, unless something else is known of the tag.
    pub fn usual_trust(&self) -> Trust {
        Trust::For(self.shared.tags_believed_for)
    }

    async fn ask(&self, request: &http::Request) -> Result<http::Answer, RegistryError> {
        self.shared
            .keys
            .send(&self.shared.http, &self.site, request)
            .await
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mirrors: Mirrors::default(),
            requests_per_second: const { NonZeroU32::new(20).expect("20 is not 0") },
            requests_per_second_by_host: BTreeMap::new(),
            patience: Duration::from_secs(60),
            answers_within: Duration::from_secs(30),
            credentials_over_http: false,
            tags_believed_for: Duration::from_secs(10 * 60),
            observer: None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Unreachable => f.write_str("unreachable"),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
