//! What operators and probes ask: whether the process lives, whether it is ready, what it counts. On a listener of its
//! own, which is not for users.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::caches::Caches;
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::telemetry::LogLevel;

/// What the listener looks at.
#[derive(Clone)]
pub struct Admin {
    /// Ready when these are filled.
    pub caches: Caches,
    /// Told at `/metrics`.
    pub metrics: Metrics,
    /// Read and changed at `/log-level`.
    pub level: LogLevel,
}

/// Answers until `stop`.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(
    listener: TcpListener,
    admin: Admin,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let service = router(admin).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// All routes.
pub fn router(admin: Admin) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/log-level", get(log_level).put(set_log_level))
        .with_state(admin)
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// A follower is ready as well: it serves, and can take over.
async fn readyz(State(admin): State<Admin>) -> Response {
    let missing = admin.caches.missing();
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    let message = format!(
        "waiting for the API server to list {}\n",
        missing.join(", ")
    );
    (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
}

async fn metrics(State(admin): State<Admin>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, CONTENT_TYPE)],
        admin.metrics.render(),
    )
}

async fn log_level(State(admin): State<Admin>) -> String {
    format!("{}\n", admin.level.get())
}

/// Takes what `--log-level` takes. Only from the pod itself (`kubectl port-forward` comes from there), because there is
/// no other authentication here.
async fn set_log_level(
    State(admin): State<Admin>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    directives: String,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return (
            StatusCode::FORBIDDEN,
            "only from the same machine, for example by `kubectl port-forward`\n",
        )
            .into_response();
    }
    match admin.level.set(directives.trim()) {
        Ok(()) => {
            tracing::info!(level = directives.trim(), "log level changed");
            format!("{}\n", admin.level.get()).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    /// Status and text of an answer.
    async fn ask(method: &str, path: &str, peer: &str, body: &'static str) -> (u16, String) {
        let (_filter, level) = LogLevel::new("info").unwrap();
        let admin = Admin {
            caches: Caches::default(),
            metrics: Metrics::default(),
            level,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from(body))
            .unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router(admin).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_process_lives_before_it_is_ready() {
        assert_eq!(
            ask("GET", "/healthz", "10.0.0.1:1", "").await,
            (200, "ok\n".into())
        );
        let (status, text) = ask("GET", "/readyz", "10.0.0.1:1", "").await;
        assert!(status == 503 && text.contains("Stage"), "{status} {text}");
    }

    #[tokio::test]
    async fn metrics_are_told() {
        let (status, text) = ask("GET", "/metrics", "10.0.0.1:1", "").await;
        assert!(
            status == 200 && text.contains("argosy_leader 0") && text.ends_with("# EOF\n"),
            "{status} {text}"
        );
    }

    #[tokio::test]
    async fn only_the_pod_itself_changes_the_log_level() {
        assert_eq!(ask("PUT", "/log-level", "10.0.0.1:1", "debug").await.0, 403);
        assert_eq!(
            ask("PUT", "/log-level", "127.0.0.1:1", "debug").await,
            (200, "debug\n".into())
        );
        assert_eq!(
            ask("PUT", "/log-level", "[::ffff:127.0.0.1]:1", "trace")
                .await
                .0,
            200
        );
        assert_eq!(
            ask("PUT", "/log-level", "127.0.0.1:1", "argosy=loud")
                .await
                .0,
            400
        );
    }
}
