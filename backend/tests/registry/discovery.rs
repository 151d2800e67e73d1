//! Discovery of images, and how many requests it takes.

use argosy::discovery::discover_images;
use argosy::registry::{Options, Registry, Retry};
use argosy_api::subscription::{ImageSelectionStrategy, ImageSubscription};
use argosy_tests::faults::{Fault, Faults};
use argosy_tests::image::{Image, Index};
use argosy_tests::registry::Registry as Server;

use crate::options;

struct World {
    server: Server,
    proxy: Faults,
    registry: Registry,
}

impl World {
    async fn start() -> Self {
        Self::with(options()).await
    }

    async fn with(options: Options) -> Self {
        let server = Server::start().await.unwrap();
        let proxy = Faults::before(&server.url()).await.unwrap();
        Self {
            server,
            proxy,
            registry: Registry::new(options).unwrap(),
        }
    }

    async fn push(&self, tag: &str) -> String {
        self.server
            .push("app", tag, &Image::new(tag))
            .await
            .unwrap()
    }

    fn subscription(&self, strategy: ImageSelectionStrategy) -> ImageSubscription {
        ImageSubscription {
            repo_url: format!("{}/app", self.proxy.host()),
            image_selection_strategy: strategy,
            ..ImageSubscription::default()
        }
    }

    /// The tags that are found, and how many requests it took.
    async fn discover(&self, subscription: &ImageSubscription) -> (Vec<String>, usize) {
        self.proxy.forget();
        let found = discover_images(&self.registry, subscription, None)
            .await
            .unwrap();
        assert_eq!(found.repo_url, subscription.repo_url);
        let tags = found
            .references
            .into_iter()
            .map(|image| image.tag)
            .collect();
        (tags, self.proxy.count())
    }
}

fn tags(list: &[&str]) -> Vec<String> {
    list.iter().map(|&tag| tag.to_owned()).collect()
}

#[tokio::test]
async fn a_thousand_tags_take_few_requests_and_nothing_new_takes_one() {
    let world = World::start().await;
    let second = |n: u64| n * 7919 % 1000;
    let images = (0..1000).map(|n| {
        let at = jiff::Timestamp::from_second(1_767_225_600 + second(n).cast_signed()).unwrap();
        (
            format!("1.0.{n}"),
            Image::new(&n.to_string()).created(&at.to_string()),
        )
    });
    world.server.push_all("app", images).await.unwrap();

    let semver = world.subscription(ImageSelectionStrategy::SemVer);
    let newest: Vec<_> = (980..1000).rev().map(|n| format!("1.0.{n}")).collect();
    assert_eq!(world.discover(&semver).await, (newest.clone(), 41));
    assert_eq!(world.discover(&semver).await, (newest, 1));

    world.push("1.0.1000").await;
    let (found, requests) = world.discover(&semver).await;
    assert_eq!((found[0].as_str(), requests), ("1.0.1000", 3));

    let by_time = world.subscription(ImageSelectionStrategy::NewestBuild);
    let (found, requests) = world.discover(&by_time).await;
    let newest = (0..1000).max_by_key(|n| second(*n)).unwrap();
    assert_eq!((found.len(), &found[0]), (20, &format!("1.0.{newest}")));
    assert_eq!(requests, 1 + 2 * (1001 - 21));
    assert_eq!(world.discover(&by_time).await, (found, 1));
}

#[tokio::test]
async fn every_strategy_finds_what_it_is_for() {
    let world = World::start().await;
    for (tag, created) in [
        ("1.9.0", "2024-03-01"),
        ("1.10.0", "2024-02-01"),
        ("latest", "2024-04-01"),
    ] {
        let image = Image::new(tag).created(&format!("{created}T00:00:00Z"));
        world.server.push("app", tag, &image).await.unwrap();
    }
    for (strategy, expected) in [
        (ImageSelectionStrategy::SemVer, tags(&["1.10.0", "1.9.0"])),
        (
            ImageSelectionStrategy::Lexical,
            tags(&["latest", "1.9.0", "1.10.0"]),
        ),
        (
            ImageSelectionStrategy::NewestBuild,
            tags(&["latest", "1.9.0", "1.10.0"]),
        ),
    ] {
        assert_eq!(
            world.discover(&world.subscription(strategy)).await.0,
            expected,
            "{strategy:?}"
        );
    }
}

#[tokio::test]
async fn digest_follows_one_tag_wherever_it_moves() {
    let world = World::start().await;
    let mut subscription = world.subscription(ImageSelectionStrategy::Digest);
    subscription.constraint = Some("edge".to_owned());
    assert_eq!(world.discover(&subscription).await, (vec![], 1));
    for content in ["a", "b"] {
        let digest = world
            .server
            .push("app", "edge", &Image::new(content))
            .await
            .unwrap();
        let found = discover_images(&world.registry, &subscription, None)
            .await
            .unwrap();
        assert_eq!(found.references[0].digest, digest);
    }
    assert_eq!(world.discover(&subscription).await, (tags(&["edge"]), 1));
}

#[tokio::test]
async fn a_tag_that_was_pushed_again_is_noticed_when_it_is_asked_for_again() {
    let world = World::with(Options {
        tags_believed_for: std::time::Duration::ZERO,
        ..options()
    })
    .await;
    world.push("1.0.0").await;
    let subscription = world.subscription(ImageSelectionStrategy::SemVer);
    world.discover(&subscription).await;
    assert_eq!(
        world.discover(&subscription).await,
        (tags(&["1.0.0"]), 2),
        "the list and a HEAD"
    );
    let digest = world
        .server
        .push("app", "1.0.0", &Image::new("again"))
        .await
        .unwrap();
    let found = discover_images(&world.registry, &subscription, None)
        .await
        .unwrap();
    assert_eq!(found.references[0].digest, digest);
    let fixed = ImageSubscription {
        cache_by_tag: true,
        ..subscription
    };
    assert_eq!(world.discover(&fixed).await, (tags(&["1.0.0"]), 1));
}

#[tokio::test]
async fn images_of_other_platforms_are_passed_over() {
    let world = World::start().await;
    let both = Index::of(&Image::new("both"), &["linux/amd64", "linux/arm64"]);
    world
        .server
        .push_index("app", "1.0.0", &both)
        .await
        .unwrap();
    world.push("1.1.0").await;
    let arm = Image::new("arm").platform("linux/arm64");
    world.server.push("app", "1.2.0", &arm).await.unwrap();
    let mut subscription = world.subscription(ImageSelectionStrategy::SemVer);
    subscription.discovery_limit = 2;
    subscription.platform = Some("linux/arm64".to_owned());
    assert_eq!(
        world.discover(&subscription).await.0,
        tags(&["1.2.0", "1.0.0"])
    );
    subscription.platform = Some("arm64".to_owned());
    let error = discover_images(&world.registry, &subscription, None)
        .await
        .unwrap_err();
    assert_eq!(error.retry(), Retry::AfterChange);
}

#[tokio::test]
async fn what_was_read_before_an_error_is_not_read_again() {
    let impatient = Options {
        patience: std::time::Duration::ZERO,
        ..options()
    };
    let world = World::with(impatient).await;
    let images = (0..40).map(|n| (format!("1.0.{n}"), Image::new(&n.to_string())));
    world.server.push_all("app", images).await.unwrap();
    let mut subscription = world.subscription(ImageSelectionStrategy::SemVer);
    subscription.discovery_limit = 40;
    // The last to be read; sixteen are read at a time.
    let last = |seen: &argosy_tests::faults::Seen| seen.path.ends_with("/manifests/1.0.0");
    world.proxy.times(1, Fault::status(500), last);
    let error = discover_images(&world.registry, &subscription, None)
        .await
        .unwrap_err();
    assert_eq!(error.retry(), Retry::Later);
    let (found, requests) = world.discover(&subscription).await;
    assert_eq!(found.len(), 40);
    assert!(requests <= 1 + 2 * 16, "{requests}");
}

#[tokio::test]
async fn a_look_at_a_large_repository_does_not_keep_others_waiting() {
    let ten = std::num::NonZeroU32::new(50).unwrap();
    let world = World::with(Options {
        requests_per_second: ten,
        ..options()
    })
    .await;
    let images = (0..100).map(|n| (format!("1.0.{n}"), Image::new(&n.to_string())));
    world.server.push_all("app", images).await.unwrap();
    world
        .server
        .push("small", "1.0.0", &Image::new("small"))
        .await
        .unwrap();
    let large = world.subscription(ImageSelectionStrategy::NewestBuild);
    let small = ImageSubscription {
        repo_url: format!("{}/small", world.proxy.host()),
        ..ImageSubscription::default()
    };
    let looks = futures::future::select(
        Box::pin(discover_images(&world.registry, &large, None)),
        Box::pin(discover_images(&world.registry, &small, None)),
    );
    let first = looks.await;
    assert!(matches!(first, futures::future::Either::Right(_)));
}

#[tokio::test]
async fn an_explanation_goes_down_to_the_cause() {
    let world = World::with(Options {
        patience: std::time::Duration::ZERO,
        ..options()
    })
    .await;
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let repo_url = format!("127.0.0.1:{port}/app");
    let subscription = ImageSubscription {
        repo_url: repo_url.clone(),
        ..Default::default()
    };
    let error = discover_images(&world.registry, &subscription, None)
        .await
        .unwrap_err();
    let text = error.explain(None);
    let start =
        format!("cannot look for images in {repo_url}: cannot reach registry 127.0.0.1:{port}: ");
    assert!(text.starts_with(&start), "{text}");
    assert!(
        text.ends_with("Connection refused (os error 111); it is tried again"),
        "{text}"
    );
}
