//! A registry that sends its tags in pages with versions, before one that cannot.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// How pages are cut and linked.
#[derive(Clone, Copy)]
pub(crate) struct Paging {
    /// Tags in a page.
    pub(crate) size: usize,
    /// What a request for more gets: fewer, or 400.
    pub(crate) refuses_more: bool,
    /// Whether links name a scheme and host, and wrong ones.
    pub(crate) links_astray: bool,
}

/// A list of tags under `/v2/app/tags/list`, on a free port.
pub(crate) struct Paged {
    port: u16,
    state: Arc<Server>,
}

struct Server {
    paging: Paging,
    tags: Mutex<Vec<String>>,
    sent: AtomicUsize,
    unchanged: AtomicUsize,
}

impl Paged {
    pub(crate) async fn start(tags: Vec<String>, paging: Paging) -> Self {
        let (sent, unchanged) = Default::default();
        let state = Arc::new(Server {
            paging,
            tags: Mutex::new(tags),
            sent,
            unchanged,
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, state }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn add(&self, tag: &str) {
        self.state.tags.lock().unwrap().push(tag.to_owned());
    }

    /// Pages that were sent, and that were not because they had not changed; then counts anew.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let take = |counter: &AtomicUsize| counter.swap(0, Ordering::Relaxed);
        (take(&self.state.sent), take(&self.state.unchanged))
    }
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let asked = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let wanted: Option<usize> = asked("n").and_then(|n| n.parse().ok());
    let most = server.paging.size;
    if server.paging.refuses_more && wanted.is_some_and(|n| most < n) {
        let body = r#"{"errors":[{"code":"PAGINATION_NUMBER_INVALID","message":"too many"}]}"#;
        return (StatusCode::BAD_REQUEST, body).into_response();
    }
    let size = wanted.unwrap_or(most).min(most);
    let mut tags = server.tags.lock().unwrap().clone();
    tags.sort();
    let last = asked("last").unwrap_or_default();
    tags.retain(|tag| last < *tag);
    let more = size < tags.len();
    tags.truncate(size);

    let version = format!(
        "\"{}-{}\"",
        tags.len(),
        tags.last().map_or("", String::as_str)
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, version.parse().unwrap());
    if more {
        let host = if server.paging.links_astray {
            "http://astray.example"
        } else {
            ""
        };
        let last = tags.last().unwrap();
        let link = format!("<{host}/v2/app/tags/list?last={last}&n={size}>; rel=\"next\"");
        headers.insert(header::LINK, link.parse().unwrap());
    }
    if request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == *version)
    {
        server.unchanged.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    server.sent.fetch_add(1, Ordering::Relaxed);
    let body = serde_json::json!({ "name": "app", "tags": tags });
    (headers, body.to_string()).into_response()
}
