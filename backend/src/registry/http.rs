//! One request to a registry: in its turn, within a time, up to a size, and again if that can help.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{Client, Method, Response, StatusCode, Url, redirect};
use tokio::time::{Instant, sleep, timeout};

use super::error::{RegistryError, is_transient};
use super::pace::{Pace, TooLong};
use super::{Call, Observer, Options, Outcome};

/// The whole of a body; the largest allowed one is 16 MiB.
const BODY_WITHIN: Duration = Duration::from_secs(120);
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 5;
/// Tries of one request. Five waits that double from 200 ms make about six seconds.
const MOST_TRIES: u32 = 6;
const FIRST_BACK_OFF: Duration = Duration::from_millis(200);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);
/// No registry means a longer `Retry-After` than a day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Hosts whose pace is remembered.
const MOST_HOSTS: u64 = 4096;

pub(super) struct Http {
    verifying: Client,
    trusting: Client,
    paces: moka::sync::Cache<String, Arc<Pace>>,
    rate: NonZeroU32,
    rates: std::collections::BTreeMap<String, NonZeroU32>,
    patience: Duration,
    answers_within: Duration,
    observer: Option<Observer>,
}

/// What to ask. `what` appears in errors: "the tags of ghcr.io/acme/app".
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) what: String,
    pub(super) accept: &'static str,
    pub(super) if_none_match: Option<String>,
    /// A form to send. It may hold secrets, so it is never logged.
    pub(super) form: Option<String>,
    /// The longest body in bytes.
    pub(super) limit: usize,
}

impl Request {
    pub(super) fn get(url: Url, what: String, accept: &'static str, limit: usize) -> Self {
        Self {
            method: Method::GET,
            url,
            what,
            accept,
            if_none_match: None,
            form: None,
            limit,
        }
    }
}

/// An answer that is not worth trying again: 2xx, 304, 401, 404 and other refusals.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// How certificates are treated.
#[derive(Clone, Copy)]
pub(super) enum Certificates {
    Verified,
    Ignored,
}

enum Failure {
    Connection(reqwest::Error),
    NoHeaders,
    NoBody,
    TooLong { status: StatusCode },
    Refused { answer: Answer },
}

impl Http {
    pub(super) fn new(options: &Options) -> Result<Self, RegistryError> {
        crate::tls::use_ring();
        let build = |certificates| {
            Client::builder()
                .user_agent(concat!("argosy/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECTED_WITHIN)
                .tcp_nodelay(true)
                .referer(false)
                .redirect(redirect::Policy::custom(never_down_to_plain_http))
                .tls_danger_accept_invalid_certs(matches!(certificates, Certificates::Ignored))
                .build()
                .map_err(|source| RegistryError::Client {
                    source: Arc::new(source),
                })
        };
        Ok(Self {
            verifying: build(Certificates::Verified)?,
            trusting: build(Certificates::Ignored)?,
            paces: moka::sync::Cache::new(MOST_HOSTS),
            rate: options.requests_per_second,
            rates: options.requests_per_second_by_host.clone(),
            patience: options.patience,
            answers_within: options.answers_within,
            observer: options.observer.clone(),
        })
    }

    /// Sends the request until an answer comes that trying again would not change, the tries are
    /// used up, or the next one lies beyond our patience since the first failure.
    pub(super) async fn send(
        &self,
        request: &Request,
        certificates: Certificates,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let host = host_of(&request.url);
        let pace = self.pace(&host);
        let mut tries = 0;
        let mut failing_since = None;
        loop {
            let turn = pace.turn(self.patience).await;
            let permit = turn.map_err(|TooLong(wait)| rate_limited(&host, wait))?;
            let failure = match self
                .attempt(&host, request, certificates, authorization)
                .await
            {
                Ok(answer) => {
                    pace.answered();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            drop(permit);
            tries += 1;
            let since = *failing_since.get_or_insert_with(Instant::now);
            let wait = match &failure {
                Failure::TooLong { .. } => return Err(self.error(&host, request, failure)),
                Failure::Refused { answer } if answer.status == StatusCode::TOO_MANY_REQUESTS => {
                    let wait = pace.slow_down(retry_after(&answer.headers));
                    if self.patience < since.elapsed() + wait {
                        return Err(rate_limited(&host, wait));
                    }
                    // The silence is everybody's: it is waited for with the next turn.
                    continue;
                }
                Failure::Refused { answer } => retry_after(&answer.headers)
                    .unwrap_or_default()
                    .max(back_off(tries)),
                Failure::Connection(_) | Failure::NoHeaders | Failure::NoBody => back_off(tries),
            };
            if MOST_TRIES <= tries || self.patience < since.elapsed() + wait {
                return Err(self.error(&host, request, failure));
            }
            tracing::debug!(registry.host = %host, tries, wait_ms = wait.as_millis(), "asking for {} again", request.what);
            sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        host: &str,
        request: &Request,
        certificates: Certificates,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, Failure> {
        let started = Instant::now();
        let result = self.exchange(request, certificates, authorization).await;
        if let Some(observer) = &self.observer {
            let outcome = match &result {
                Ok(answer) | Err(Failure::Refused { answer }) => {
                    Outcome::Status(answer.status.as_u16())
                }
                Err(Failure::TooLong { status }) => Outcome::Status(status.as_u16()),
                Err(Failure::Connection(_) | Failure::NoHeaders | Failure::NoBody) => {
                    Outcome::Unreachable
                }
            };
            observer(&Call {
                host,
                outcome,
                duration: started.elapsed(),
            });
        }
        result
    }

    async fn exchange(
        &self,
        request: &Request,
        certificates: Certificates,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, Failure> {
        let client = match certificates {
            Certificates::Verified => &self.verifying,
            Certificates::Ignored => &self.trusting,
        };
        let mut call = client.request(request.method.clone(), request.url.clone());
        call = call.header(ACCEPT, request.accept);
        if let Some(etag) = &request.if_none_match {
            call = call.header(IF_NONE_MATCH, etag);
        }
        if let Some(form) = &request.form {
            call = call
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone());
        }
        if let Some(value) = authorization {
            call = call.header(AUTHORIZATION, value);
        }
        let response = timeout(self.answers_within, call.send())
            .await
            .map_err(|_| Failure::NoHeaders)?
            .map_err(|error| Failure::Connection(error.without_url()))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = timeout(BODY_WITHIN, read(response, request.limit))
            .await
            .map_err(|_| Failure::NoBody)??;
        let answer = Answer {
            status,
            headers,
            body,
        };
        if is_transient(status.as_u16()) {
            Err(Failure::Refused { answer })
        } else {
            Ok(answer)
        }
    }

    fn pace(&self, host: &str) -> Arc<Pace> {
        let rate = self.rates.get(host).copied().unwrap_or(self.rate);
        self.paces
            .get_with_by_ref(host, || Arc::new(Pace::new(rate)))
    }

    fn error(&self, host: &str, request: &Request, failure: Failure) -> RegistryError {
        let host = host.to_owned();
        let what = request.what.clone();
        match failure {
            Failure::Connection(source) => RegistryError::Unreachable {
                host,
                source: Arc::new(source),
            },
            Failure::NoHeaders => RegistryError::TimedOut {
                host,
                seconds: self.answers_within.as_secs(),
            },
            Failure::NoBody => RegistryError::TimedOut {
                host,
                seconds: BODY_WITHIN.as_secs(),
            },
            Failure::TooLong { .. } => RegistryError::TooLong {
                host,
                what,
                limit: request.limit,
            },
            Failure::Refused { answer } => answer.refusal(&host, what),
        }
    }
}

impl Answer {
    pub(super) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The error for a status that nobody expected.
    pub(super) fn refusal(&self, host: &str, what: String) -> RegistryError {
        let (host, status) = (host.to_owned(), self.status.as_u16());
        RegistryError::Status {
            host,
            status,
            what,
            message: self.message(),
        }
    }

    /// The registry's first error, shortened; empty if it sent none.
    pub(super) fn message(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Body {
            errors: Vec<Error>,
        }
        #[derive(serde::Deserialize)]
        struct Error {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let Ok(Body { errors }) = serde_json::from_slice(&self.body) else {
            return String::new();
        };
        let Some(Error { code, message }) = errors.into_iter().next() else {
            return String::new();
        };
        let text = if message.is_empty() { code } else { message };
        text.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    pub(super) fn malformed(
        &self,
        host: &str,
        what: &str,
        source: serde_json::Error,
    ) -> RegistryError {
        RegistryError::Malformed {
            host: host.to_owned(),
            what: what.to_owned(),
            source: Arc::new(source),
        }
    }
}

/// Host and port as written in the URL, with the default port left out.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Failure::Connection(error.without_url()))?
    {
        if limit < body.len() + chunk.len() {
            return Err(Failure::TooLong {
                status: response.status(),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn never_down_to_plain_http(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let secure = attempt
        .previous()
        .first()
        .is_some_and(|url| url.scheme() == "https");
    if secure && attempt.url().scheme() != "https" {
        return attempt.error("a redirect leads from https to plain http");
    }
    if MOST_REDIRECTS < attempt.previous().len() {
        return attempt.error("too many redirects");
    }
    attempt.follow()
}

fn rate_limited(host: &str, wait: Duration) -> RegistryError {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO);
    let until = Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX);
    RegistryError::RateLimited {
        host: host.to_owned(),
        until,
    }
}

/// Seconds or an HTTP date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// Doubles with each try; between half and all of it, so that many do not come back together.
fn back_off(tries: u32) -> Duration {
    let whole = (FIRST_BACK_OFF * 2_u32.pow(tries.saturating_sub(1).min(8))).min(LONGEST_BACK_OFF);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<u64> {
        let headers = [(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]
            .into_iter()
            .collect();
        retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        let day = Some(LONGEST_RETRY_AFTER.as_secs());
        assert_eq!(asked("Fri, 01 Jan 2100 00:00:00 GMT"), day);
        assert_eq!(asked("18446744073709551615"), day);
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn back_off_doubles_and_is_bounded() {
        for (tries, most) in [(1, 200), (2, 400), (5, 3200), (6, 5000), (40, 5000)] {
            let wait = back_off(tries).as_millis();
            assert!(most / 2 <= wait && wait <= most, "{tries}: {wait}");
        }
    }

    #[test]
    fn the_registrys_own_words_are_shown() {
        let answer = |body: &str| Answer {
            status: StatusCode::BAD_REQUEST,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        let said = answer(r#"{"errors":[{"code":"DENIED","message":"no\naccess"}]}"#).message();
        assert_eq!(said, "noaccess");
        assert_eq!(
            answer(r#"{"errors":[{"code":"DENIED"}]}"#).message(),
            "DENIED"
        );
        assert_eq!(answer("<html>").message(), "");
    }
}
