//! A reverse proxy that remembers what passed and breaks what a test wants broken.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State as Extracted};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Client;

use crate::background::Served;
use crate::client;

/// Headers that belong to one connection.
const HOP: [HeaderName; 5] = [
    header::CONNECTION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::UPGRADE,
];

/// A proxy on a free port of 127.0.0.1 before one HTTP server. Dropping it stops it.
#[derive(Debug)]
pub struct Faults {
    served: Served,
    state: Arc<State>,
}

/// What to do with a request instead of passing it on.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Answer with this status, these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Pass it on, but only after this time.
    Delay(Duration),
    /// Never answer.
    Hang,
    /// Cut the connection instead of answering.
    Cut,
}

impl Fault {
    /// Answer with this status and a short text.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), "a fault made by a test\n".to_owned())
    }

    /// Answer `429 Too Many Requests` with a `Retry-After` of so many seconds.
    pub fn too_many(seconds: u64) -> Self {
        let headers = vec![("retry-after", seconds.to_string())];
        Self::Answer(429, headers, "too many requests\n".to_owned())
    }
}

/// A request that passed, or was meant to.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method, in capitals.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// When it arrived.
    pub at: Instant,
    /// The status of the answer; nothing while there is none.
    pub status: Option<u16>,
    /// Whether a fault was made of it.
    pub faulted: bool,
}

type Matches = Box<dyn Fn(&Seen) -> bool + Send + Sync>;

struct Rule {
    matches: Matches,
    left: Option<usize>,
    fault: Fault,
}

struct State {
    target: String,
    client: Client,
    seen: Mutex<Vec<Seen>>,
    rules: Mutex<Vec<Rule>>,
    user: Mutex<Option<(String, String)>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Faults {
    /// A proxy before the server at `target`, such as `http://127.0.0.1:4321`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn before(target: &str) -> Result<Self> {
        let state = Arc::new(State {
            target: target.trim_end_matches('/').to_owned(),
            // Redirects are the business of the two ends.
            client: client::builder().build()?,
            seen: Mutex::default(),
            rules: Mutex::default(),
            user: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&state));
        Ok(Self {
            served: Served::start(router).await?,
            state,
        })
    }

    /// The address, such as `http://127.0.0.1:4321`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    /// Host and port, such as `127.0.0.1:4321`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.served.port)
    }

    /// Demand basic credentials of everybody. They are not passed on.
    pub fn demand(&self, user: &str, password: &str) {
        *locked(&self.state.user) = Some((user.to_owned(), password.to_owned()));
    }

    /// From now on make a fault of every request that `matches`, until [`Faults::heal`].
    pub fn always(&self, fault: Fault, matches: impl Fn(&Seen) -> bool + Send + Sync + 'static) {
        self.rule(None, fault, matches);
    }

    /// Make a fault of the next `times` requests that match.
    pub fn times(
        &self,
        times: usize,
        fault: Fault,
        matches: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    ) {
        self.rule(Some(times), fault, matches);
    }

    fn rule(
        &self,
        left: Option<usize>,
        fault: Fault,
        matches: impl Fn(&Seen) -> bool + Send + Sync + 'static,
    ) {
        locked(&self.state.rules).push(Rule {
            matches: Box::new(matches),
            left,
            fault,
        });
    }

    /// No more faults. Requests that hang go on hanging.
    pub fn heal(&self) {
        locked(&self.state.rules).clear();
    }

    /// What was seen since the start or [`Faults::forget`], oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        locked(&self.state.seen).clone()
    }

    /// How many requests were seen since the start or [`Faults::forget`].
    pub fn count(&self) -> usize {
        locked(&self.state.seen).len()
    }

    /// Forget what was seen.
    pub fn forget(&self) {
        locked(&self.state.seen).clear();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(Extracted(state): Extracted<Arc<State>>, request: HttpRequest) -> Response {
    let mut seen = Seen {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        at: Instant::now(),
        status: None,
        faulted: false,
    };
    let fault = state.fault(&seen);
    seen.faulted = fault.is_some();
    let place = {
        let mut all = locked(&state.seen);
        all.push(seen);
        all.len() - 1
    };
    let answer = match state.refusal(request.headers()) {
        Some(refusal) => refusal,
        None => state.answer(fault, request).await,
    };
    // The list may have been cleared meanwhile; then nobody asks for this status.
    if let Some(seen) = locked(&state.seen).get_mut(place) {
        seen.status = Some(answer.status().as_u16());
    }
    answer
}

impl State {
    fn fault(&self, seen: &Seen) -> Option<Fault> {
        let mut rules = locked(&self.rules);
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left != Some(0) && (rule.matches)(seen))?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.fault.clone())
    }

    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        let user = locked(&self.user);
        let (user, password) = user.as_ref()?;
        let wanted = format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{user}:{password}"))
        );
        let given = headers.get(header::AUTHORIZATION);
        if given.is_some_and(|given| given.as_bytes() == wanted.as_bytes()) {
            return None;
        }
        let realm = [(header::WWW_AUTHENTICATE, "Basic realm=\"test\"")];
        Some((StatusCode::UNAUTHORIZED, realm, "unauthorized\n").into_response())
    }

    async fn answer(&self, fault: Option<Fault>, request: HttpRequest) -> Response {
        match fault {
            Some(Fault::Answer(status, headers, body)) => made(status, &headers, body),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Cut) => cut(),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.forward(request).await
            }
            None => self.forward(request).await,
        }
    }

    async fn forward(&self, request: HttpRequest) -> Response {
        self.exchange(request)
            .await
            .unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response())
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Response> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        for name in HOP {
            headers.remove(name);
        }
        if locked(&self.user).is_some() {
            headers.remove(header::AUTHORIZATION);
        }
        let answer = self
            .client
            .request(head.method, format!("{}{path}", self.target))
            .headers(headers)
            .body(reqwest::Body::wrap_stream(body.into_data_stream()))
            .send()
            .await
            .context("the server behind the proxy does not answer")?;
        let mut response = Response::builder().status(answer.status());
        let Some(headers) = response.headers_mut() else {
            bail!("an answer has no headers")
        };
        headers.extend(answer.headers().clone());
        for name in HOP {
            headers.remove(name);
        }
        Ok(response.body(Body::from_stream(answer.bytes_stream()))?)
    }
}

fn made(status: u16, headers: &[(&'static str, String)], body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = (status, body).into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(*name, value);
        }
    }
    answer
}

fn cut() -> Response {
    let broken = std::io::Error::other("a fault made by a test");
    let body = Body::from_stream(futures::stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(broken),
    ]));
    ([(header::CONTENT_LENGTH, "100000")], body).into_response()
}
