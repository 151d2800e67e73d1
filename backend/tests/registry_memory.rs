//! What a large repository leaves in memory. A program of its own, so that nothing else is measured.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use argosy::discovery::discover_images;
use argosy::registry::{Options, Registry};
use argosy_api::subscription::{ImageSelectionStrategy, ImageSubscription};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

const TAGS: usize = 10_000;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Answers by path. Ten thousand real images would take longer to push than everything else here.
type Answers = Arc<HashMap<String, String>>;

#[tokio::test]
async fn ten_thousand_images_take_a_few_megabytes() {
    let host = serve(answers()).await;
    let rate = NonZeroU32::new(1_000_000).unwrap();
    let registry = Registry::new(Options {
        requests_per_second: rate,
        ..Options::default()
    })
    .unwrap();
    let subscription = ImageSubscription {
        repo_url: format!("{host}/app"),
        image_selection_strategy: ImageSelectionStrategy::NewestBuild,
        ..ImageSubscription::default()
    };
    // Connections, threads and the allocator's first pages are not what is measured.
    let few = ImageSubscription {
        allow_tags_regexes: vec!["9$".to_owned()],
        ..subscription.clone()
    };
    discover_images(&registry, &few, None).await.unwrap();

    let before = resident();
    let found = discover_images(&registry, &subscription, None)
        .await
        .unwrap();
    assert_eq!(found.references[0].tag, format!("1.0.{}", TAGS - 1));
    let grown = resident().saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes");

    let before = resident();
    for _ in 0..20 {
        discover_images(&registry, &subscription, None)
            .await
            .unwrap();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more after looking again");
}

fn answers() -> HashMap<String, String> {
    let mut answers = HashMap::new();
    let tags: Vec<_> = (0..TAGS).map(|n| format!("1.0.{n}")).collect();
    for (n, tag) in tags.iter().enumerate() {
        let created = jiff::Timestamp::from_second(i64::try_from(n).unwrap()).unwrap();
        let config = serde_json::json!({
            "os": "linux", "architecture": "amd64", "created": created,
            "config": { "Env": vec!["PATH=/usr/local/bin"; 20] },
        });
        let config = config.to_string();
        let digest = digest(&config);
        let manifest = serde_json::json!({
            "mediaType": MANIFEST,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest },
            "layers": vec![serde_json::json!({ "digest": digest, "size": 32 }); 10],
        });
        answers.insert(format!("/v2/app/manifests/{tag}"), manifest.to_string());
        answers.insert(format!("/v2/app/blobs/{digest}"), config);
    }
    let list = serde_json::json!({ "name": "app", "tags": tags });
    answers.insert("/v2/app/tags/list".to_owned(), list.to_string());
    answers
}

async fn serve(answers: HashMap<String, String>) -> String {
    let router = Router::new().fallback(answer).with_state(Arc::new(answers));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    host
}

async fn answer(State(answers): State<Answers>, uri: Uri) -> Response {
    let Some(body) = answers.get(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, MANIFEST)], body.clone()).into_response()
}

fn digest(content: &str) -> String {
    let hash = Sha256::digest(content);
    format!(
        "sha256:{}",
        hash.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    )
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
