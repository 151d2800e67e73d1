//! The registry, and the proxy that breaks it.

use std::time::{Duration, Instant};

use argosy_tests::faults::{Fault, Faults};
use argosy_tests::http_client;
use argosy_tests::image::{Built, Image, Index};
use argosy_tests::registry::Registry;
use reqwest::Response;
use serde_json::Value;

async fn manifest(base: &str, repository: &str, tag: &str) -> Response {
    try_manifest(base, repository, tag).await.unwrap()
}

async fn try_manifest(base: &str, repository: &str, tag: &str) -> reqwest::Result<Response> {
    http_client()
        .unwrap()
        .get(format!("{base}/v2/{repository}/manifests/{tag}"))
        .header("accept", "application/vnd.oci.image.manifest.v1+json")
        .header("accept", "application/vnd.oci.image.index.v1+json")
        .header(
            "accept",
            "application/vnd.docker.distribution.manifest.v2+json",
        )
        .send()
        .await
}

async fn json(url: String) -> Value {
    http_client()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn images_and_indexes_come_back_as_they_were_pushed() {
    let registry = Registry::start().await.unwrap();
    let image = Image::new("1.0.0")
        .created("2024-05-06T07:08:09Z")
        .label("team", "a");
    let digest = registry
        .push("acme/app", "1.0.0", &image.clone().annotation("x", "y"))
        .await;
    let digest = digest.unwrap();
    let answer = manifest(&registry.url(), "acme/app", "1.0.0").await;
    assert_eq!(answer.headers()["docker-content-digest"], digest.as_str());
    let found = answer.json::<Value>().await.unwrap();
    assert_eq!(found["annotations"]["x"], "y");
    let config = found["config"]["digest"].as_str().unwrap();
    let config = json(format!("{}/v2/acme/app/blobs/{config}", registry.url())).await;
    assert_eq!(config["created"], "2024-05-06T07:08:09Z");
    assert_eq!(config["config"]["Labels"]["team"], "a");

    let index = Index::of(&image, &["linux/amd64", "linux/arm64/v8"]).annotation("a", "b");
    registry
        .push_index("acme/app", "2.0.0", &index)
        .await
        .unwrap();
    let found = manifest(&registry.url(), "acme/app", "2.0.0")
        .await
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!(found["manifests"][1]["platform"]["variant"], "v8");
    assert_eq!(found["annotations"]["a"], "b");

    let docker = registry
        .push("acme/app", "3.0.0", &image.docker())
        .await
        .unwrap();
    assert_ne!(docker, digest);
    registry.delete("acme/app", &docker).await.unwrap();
    assert_eq!(
        manifest(&registry.url(), "acme/app", "3.0.0")
            .await
            .status(),
        404
    );
    let chart = Built::artifact(
        ("application/vnd.cncf.helm.config.v1+json", b"{}".to_vec()),
        vec![(
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            b"chart".to_vec(),
        )],
    );
    registry
        .push_built("charts/app", "1.0.0", &chart)
        .await
        .unwrap();
    assert!(
        manifest(&registry.url(), "charts/app", "1.0.0")
            .await
            .status()
            .is_success()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_images_are_pushed_quickly() {
    let registry = Registry::start().await.unwrap();
    let begin = Instant::now();
    let images = (0..1_000).map(|n| (format!("1.0.{n}"), Image::new(&n.to_string())));
    registry.push_all("acme/many", images).await.unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(60),
        "{:?}",
        begin.elapsed()
    );
    let tags = json(format!("{}/v2/acme/many/tags/list", registry.url())).await;
    assert_eq!(tags["tags"].as_array().unwrap().len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_counts_and_breaks_on_demand() {
    let registry = Registry::start().await.unwrap();
    registry
        .push("acme/app", "1.0.0", &Image::new("1.0.0"))
        .await
        .unwrap();
    let faults = Faults::before(&registry.url()).await.unwrap();
    let get = async || manifest(&faults.url(), "acme/app", "1.0.0").await;
    assert_eq!(get().await.status(), 200);

    faults.times(1, Fault::too_many(3), |seen| {
        seen.path.contains("/manifests/")
    });
    let refused = get().await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"3".parse().unwrap())
    );
    assert_eq!(get().await.status(), 200);

    faults.always(Fault::Cut, |_| true);
    assert!(
        try_manifest(&faults.url(), "acme/app", "1.0.0")
            .await
            .is_err()
    );
    faults.heal();
    faults.always(Fault::Hang, |_| true);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), get())
            .await
            .is_err()
    );
    faults.heal();
    assert_eq!(get().await.status(), 200);
    assert_eq!(faults.count(), 6);
    assert_eq!(faults.seen().iter().filter(|seen| seen.faulted).count(), 3);

    faults.demand("ada", "secret");
    assert_eq!(get().await.status(), 401);
    let url = format!("{}/v2/", faults.url());
    let allowed = http_client()
        .unwrap()
        .get(url)
        .basic_auth("ada", Some("secret"))
        .send()
        .await
        .unwrap();
    assert_eq!(allowed.status(), 200);
}
