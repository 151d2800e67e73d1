//! What a tag names.

use std::time::Duration;

use argosy::registry::{
    Access, Image as Found, Platform, Registry, RegistryError, Repository, Trust,
};
use argosy_tests::faults::Faults;
use argosy_tests::image::{Built, Image, Index};
use argosy_tests::registry::Registry as Server;

use crate::{anonymous, options};

const CREATED: &str = "org.opencontainers.image.created";
const BUILD_DATE: &str = "org.label-schema.build-date";
const MULTI: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

async fn look(repository: &Repository, tag: &str, platform: Option<&str>) -> Option<Found> {
    let platform = platform.map(|text| Platform::parse(text).unwrap());
    repository
        .image(tag, Trust::Never, platform.as_ref())
        .await
        .unwrap()
}

fn time(found: Option<&Found>) -> Option<String> {
    found?.created.map(|time| time.to_string())
}

#[tokio::test]
async fn an_image_has_its_digest_time_and_annotations() {
    let server = Server::start().await.unwrap();
    let image = Image::new("a").annotation("org.example.team", "red");
    let repository = anonymous(&server.host());
    for (tag, image) in [("oci", image.clone()), ("docker", Image::new("b").docker())] {
        let digest = server.push("app", tag, &image).await.unwrap();
        let found = look(&repository, tag, None).await.unwrap();
        assert_eq!(found.digest, digest);
        assert_eq!(time(Some(&found)).as_deref(), Some("2024-01-01T00:00:00Z"));
        assert_eq!(found.annotations, image.annotations);
    }
    assert_eq!(look(&repository, "absent", None).await, None);
}

#[tokio::test]
async fn an_annotation_tells_the_time_before_labels_and_configuration() {
    let server = Server::start().await.unwrap();
    let repository = anonymous(&server.host());
    let check = async |tag: &str, image: Image, expected: &str| {
        server.push("app", tag, &image).await.unwrap();
        let found = look(&repository, tag, None).await;
        assert_eq!(time(found.as_ref()).as_deref(), Some(expected), "{tag}");
    };
    let (early, late) = ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    check(
        "annotation",
        Image::new("a")
            .annotation(CREATED, early)
            .label(CREATED, late),
        early,
    )
    .await;
    check(
        "older",
        Image::new("b").annotation(BUILD_DATE, early),
        early,
    )
    .await;
    check("label", Image::new("c").label(CREATED, late), late).await;
    check(
        "config",
        Image::new("d").label(BUILD_DATE, early),
        "2024-01-01T00:00:00Z",
    )
    .await;
}

#[tokio::test]
async fn an_index_is_as_young_as_its_youngest_image() {
    let server = Server::start().await.unwrap();
    let old = Image::new("a").created("2021-01-01T00:00:00Z");
    let new = Image::new("b")
        .created("2022-01-01T00:00:00Z")
        .platform("linux/arm64");
    let index = Index::new([old, new]);
    let digest = server.push_index("app", "1", &index).await.unwrap();
    let stamped = index.annotation(CREATED, "2023-01-01T00:00:00Z");
    server.push_index("app", "2", &stamped).await.unwrap();

    let proxy = Faults::before(&server.url()).await.unwrap();
    let repository = anonymous(&proxy.host());
    let found = look(&repository, "1", None).await.unwrap();
    assert_eq!(
        (found.digest.as_str(), time(Some(&found))),
        (digest.as_str(), Some("2022-01-01T00:00:00Z".into()))
    );
    assert_eq!(
        proxy.count(),
        5,
        "the index, two manifests, two configurations"
    );
    let found = look(&repository, "1", Some("linux/amd64")).await.unwrap();
    assert_eq!(
        (found.digest.as_str(), time(Some(&found))),
        (digest.as_str(), Some("2021-01-01T00:00:00Z".into()))
    );

    proxy.forget();
    let found = look(&repository, "2", Some("linux/arm64")).await;
    assert_eq!(
        time(found.as_ref()).as_deref(),
        Some("2023-01-01T00:00:00Z")
    );
    assert_eq!(proxy.count(), 1, "the index says it all");
}

#[tokio::test]
async fn a_platform_is_matched_in_an_index_and_in_a_single_image() {
    let server = Server::start().await.unwrap();
    server
        .push_index("app", "multi", &Index::of(&Image::new("a"), &MULTI))
        .await
        .unwrap();
    server
        .push_index(
            "app",
            "docker",
            &Index::of(&Image::new("b"), &MULTI).docker(),
        )
        .await
        .unwrap();
    server
        .push("app", "single", &Image::new("c").platform("linux/arm64/v8"))
        .await
        .unwrap();
    let repository = anonymous(&server.host());
    for (tag, platform, expected) in [
        ("multi", "linux/arm/v7", true),
        ("multi", "windows/amd64", false),
        ("docker", "linux/arm64", true),
        ("docker", "linux/s390x", false),
        ("single", "linux/arm64", true),
        ("single", "linux/amd64", false),
    ] {
        let found = look(&repository, tag, Some(platform)).await;
        assert_eq!(found.is_some(), expected, "{tag} {platform}");
    }
}

#[tokio::test]
async fn an_artifact_is_there_but_for_no_platform() {
    let server = Server::start().await.unwrap();
    let config = (
        "application/vnd.cncf.helm.config.v1+json",
        b"{\"name\":\"app\"}".to_vec(),
    );
    let layer = (
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        b"chart".to_vec(),
    );
    let chart = Built::artifact(config, vec![layer]);
    let digest = server.push_built("app", "1.0.0", &chart).await.unwrap();
    let repository = anonymous(&server.host());
    let found = look(&repository, "1.0.0", None).await.unwrap();
    assert_eq!((found.digest, found.created), (digest, None));
    assert_eq!(look(&repository, "1.0.0", Some("linux/amd64")).await, None);
}

#[tokio::test]
async fn a_tag_is_believed_for_as_long_as_it_is_trusted() {
    let server = Server::start().await.unwrap();
    let first = server.push("app", "1", &Image::new("a")).await.unwrap();
    let proxy = Faults::before(&server.url()).await.unwrap();
    let repository = anonymous(&proxy.host());
    let look = async |trust| {
        proxy.forget();
        let found = repository.image("1", trust, None).await.unwrap().unwrap();
        let calls: Vec<_> = proxy.seen().into_iter().map(|seen| seen.method).collect();
        (found.digest, calls.join(" "))
    };
    assert_eq!(look(Trust::Always).await, (first.clone(), "GET GET".into()));
    assert_eq!(look(Trust::Never).await, (first.clone(), "HEAD".into()));
    let second = server.push("app", "1", &Image::new("b")).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(
        look(Trust::For(Duration::from_secs(600))).await,
        (first.clone(), String::new())
    );
    assert_eq!(look(Trust::Always).await, (first, String::new()));
    assert_eq!(
        look(Trust::For(Duration::ZERO)).await,
        (second.clone(), "HEAD GET GET".into())
    );

    let third = server.push("app", "1", &Image::new("c")).await.unwrap();
    assert_eq!(look(Trust::Always).await.0, second);
    repository.doubt();
    assert_eq!(look(Trust::Always).await.0, third);
    server.delete("app", &third).await.unwrap();
    assert_eq!(
        repository.image("1", Trust::Never, None).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_tag_that_leaves_the_list_is_forgotten() {
    let server = Server::start().await.unwrap();
    server.push("app", "2", &Image::new("other")).await.unwrap();
    let first = server.push("app", "1", &Image::new("a")).await.unwrap();
    let repository = anonymous(&server.host());
    repository.tags().await.unwrap();
    let look = async || {
        repository
            .image("1", Trust::Always, None)
            .await
            .unwrap()
            .map(|found| found.digest)
    };
    assert_eq!(look().await, Some(first.clone()));
    server.delete("app", &first).await.unwrap();
    repository.tags().await.unwrap();
    let second = server.push("app", "1", &Image::new("b")).await.unwrap();
    assert_eq!(look().await, Some(second));
}

#[tokio::test]
async fn a_mirror_is_asked_in_place_of_the_registry() {
    let server = Server::start().await.unwrap();
    let digest = server
        .push("hub/library/nginx", "1", &Image::new("a"))
        .await
        .unwrap();
    let mirror = format!("docker.io=http://{}/hub", server.host())
        .parse()
        .unwrap();
    let mirrors = [mirror].into_iter().collect();
    let registry = Registry::new(argosy::registry::Options {
        mirrors,
        ..options()
    })
    .unwrap();
    let repository = registry.repository("nginx", Access::default()).unwrap();
    assert_eq!(repository.name().to_string(), "docker.io/library/nginx");
    assert_eq!(look(&repository, "1", None).await.unwrap().digest, digest);
}

#[tokio::test]
async fn content_with_another_digest_is_refused() {
    let server = Server::start().await.unwrap();
    server.push("app", "1", &Image::new("a")).await.unwrap();
    let proxy = Faults::before(&server.url()).await.unwrap();
    let forged = argosy_tests::faults::Fault::Answer(200, Vec::new(), "{}".to_owned());
    proxy.always(forged, |seen| seen.path.contains("/blobs/"));
    let error = anonymous(&proxy.host())
        .image("1", Trust::Never, None)
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::Digest { .. }), "{error}");
}
