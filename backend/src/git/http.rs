//! Requests of Git's smart HTTP protocol.
//!
//! libgit2 could send them too, but it waits for a silent server without end and cannot be
//! interrupted while it does. Here every wait has a limit and ends when it is cancelled.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Client, RequestBuilder, Response, Url, redirect};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::address::Endpoint;
use super::refusal::refusal;
use super::watch::Watch;

/// What is told of every request, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Host and port of the server.
    pub host: String,
    /// `list`, `fetch` or `push`.
    pub operation: &'static str,
    /// `ok`, or the status of the answer, `unreachable`, `stalled` or `cancelled`.
    pub result: String,
    /// Until the answer began.
    pub took: Duration,
}

/// Is called after every request.
pub type Observer = Arc<dyn Fn(&Request) + Send + Sync>;

/// The side of the protocol that is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// It gives objects.
    Upload,
    /// It takes objects.
    Receive,
}

impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Upload => "git-upload-pack",
            Self::Receive => "git-receive-pack",
        }
    }
}

/// What is sent.
pub(super) struct Question {
    pub(super) service: Service,
    pub(super) operation: &'static str,
    /// Whether version 2 of the protocol is spoken.
    pub(super) second_version: bool,
    /// The beginning of the message.
    pub(super) message: Vec<u8>,
    /// What follows it, and its length in bytes.
    pub(super) pack: Option<(Chunks, u64)>,
}

/// Bytes that are read while they are sent.
pub(super) type Chunks = futures::stream::BoxStream<'static, std::io::Result<Bytes>>;

/// The limits of every request.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) stall: Duration,
}

/// Sends requests.
pub(super) struct Http {
    careful: Client,
    careless: Client,
    limits: Limits,
    observer: Option<Observer>,
}

/// An answer that is arriving.
pub(super) struct Answer {
    response: Response,
    watch: Watch,
}

impl Http {
    pub(super) fn new(
        limits: Limits,
        authorities: &[reqwest::Certificate],
        observer: Option<Observer>,
    ) -> reqwest::Result<Self> {
        crate::tls::use_ring();
        let client = |insecure: bool| {
            Client::builder()
                // Some servers answer programs other than Git with a web page.
                .user_agent(concat!("git/2.0 (argosy ", env!("CARGO_PKG_VERSION"), ")"))
                // Less than what servers keep a connection open for.
                .pool_idle_timeout(Duration::from_secs(15))
                .connect_timeout(limits.connect)
                .redirect(redirect::Policy::custom(follow))
                .tls_danger_accept_invalid_certs(insecure)
                .tls_certs_merge(authorities.iter().cloned())
                .build()
        };
        Ok(Self {
            careful: client(false)?,
            careless: client(true)?,
            limits,
            observer,
        })
    }

    /// Asks what a service offers.
    pub(super) async fn offers(
        &self,
        to: &Endpoint,
        service: Service,
        cancel: &CancellationToken,
    ) -> Result<Answer, GitError> {
        let url = below(&to.url, &format!("info/refs?service={}", service.name()));
        let mut request = self.client(to).get(url);
        if service == Service::Upload {
            request = request.header("Git-Protocol", "version=2");
        }
        let expected = format!("application/x-{}-advertisement", service.name());
        let answer = self
            .send(to, "list", request, Watch::new(to, &self.limits, cancel))
            .await?;
        let kind = answer.response.headers().get(CONTENT_TYPE);
        if kind.is_none_or(|kind| kind.as_bytes() != expected.as_bytes()) {
            return Err(GitError::Protocol {
                repository: to.repository.clone(),
                reason: "it sent something else, a web page perhaps; check the address".to_owned(),
            });
        }
        Ok(answer)
    }

    /// Sends a message to a service.
    pub(super) async fn ask(
        &self,
        to: &Endpoint,
        base: &Url,
        question: Question,
        cancel: &CancellationToken,
    ) -> Result<Answer, GitError> {
        let Question {
            service,
            operation,
            second_version,
            message,
            pack,
        } = question;
        let name = service.name();
        let mut request = self
            .client(to)
            .post(below(base, name))
            .header(CONTENT_TYPE, format!("application/x-{name}-request"))
            .header(ACCEPT, format!("application/x-{name}-result"));
        if second_version {
            request = request.header("Git-Protocol", "version=2");
        }
        let watch = Watch::new(to, &self.limits, cancel);
        request = match pack {
            None => request.body(message),
            Some((pack, length)) => {
                let length = length.saturating_add(message.len() as u64);
                let message = futures::stream::once(async { Ok(Bytes::from(message)) });
                let sent = watch.clone();
                let body = message.chain(pack).inspect(move |_| sent.alive());
                request
                    .header(CONTENT_LENGTH, length)
                    .body(Body::wrap_stream(body))
            }
        };
        self.send(to, operation, request, watch).await
    }

    fn client(&self, to: &Endpoint) -> &Client {
        if to.insecure {
            &self.careless
        } else {
            &self.careful
        }
    }

    async fn send(
        &self,
        to: &Endpoint,
        operation: &'static str,
        request: RequestBuilder,
        watch: Watch,
    ) -> Result<Answer, GitError> {
        let request = match &to.login {
            Some(login) => request.basic_auth(&login.username, Some(login.password.expose())),
            None => request,
        };
        let began = Instant::now();
        // What has no pack to send may be asked again.
        let again = request.try_clone();
        let sending = async {
            match (request.send().await, again) {
                // The server closed a connection that was kept open, just when it was used again.
                (Err(error), Some(again)) if !error.is_connect() => again.send().await,
                (sent, _) => sent,
            }
            .map_err(|error| unreachable(to, error))
        };
        let sent = watch.guard(sending).await;
        if let Some(observer) = &self.observer {
            observer(&Request {
                host: to.host(),
                operation,
                result: result_label(&sent),
                took: began.elapsed(),
            });
        }
        let response = sent?;
        if response.status().is_success() {
            return Ok(Answer { response, watch });
        }
        Err(refusal(to, response, &watch).await)
    }
}

impl Answer {
    /// The repository's address after redirects.
    pub(super) fn base(&self) -> Url {
        let mut url = self.response.url().clone();
        url.set_query(None);
        let path = url.path().trim_end_matches("/info/refs").to_owned();
        url.set_path(&path);
        url
    }

    /// The next bytes, or nothing at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, GitError> {
        let Self { response, watch } = self;
        watch.alive();
        let repository = &watch.repository;
        let chunk = async {
            response
                .chunk()
                .await
                .map_err(|error| GitError::Unreachable {
                    repository: repository.clone(),
                    reason: innermost(&error),
                })
        };
        watch.guard(chunk).await
    }

    /// All bytes, if they are not more than `limit`.
    pub(super) async fn all(mut self, limit: u64, what: &'static str) -> Result<Vec<u8>, GitError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
            if limit < all.len() as u64 {
                let repository = self.watch.repository;
                return Err(GitError::TooLarge {
                    repository,
                    what,
                    limit,
                });
            }
        }
        Ok(all)
    }
}

fn below(base: &Url, rest: &str) -> String {
    format!("{}/{rest}", base.as_str().trim_end_matches('/'))
}

// To another host the credentials would not go along, and to http they must not.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from = attempt.previous().last();
    let same_host = from.is_some_and(|from| from.host_str() == attempt.url().host_str());
    let stays_private =
        from.is_some_and(|from| from.scheme() == attempt.url().scheme() || from.scheme() == "http");
    if same_host && stays_private && attempt.previous().len() < 5 {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn unreachable(to: &Endpoint, error: reqwest::Error) -> GitError {
    let reason = innermost(&error.without_url());
    GitError::Unreachable {
        repository: to.repository.clone(),
        reason,
    }
}

// The outer layers say no more than that a request was sent.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn result_label(sent: &Result<Response, GitError>) -> String {
    match sent {
        Ok(response) if response.status().is_success() => "ok".to_owned(),
        Ok(response) => response.status().as_u16().to_string(),
        Err(GitError::Stalled { .. }) => "stalled".to_owned(),
        Err(GitError::Cancelled) => "cancelled".to_owned(),
        Err(_) => "unreachable".to_owned(),
    }
}
