//! Registries that are slow, overloaded, broken or away.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argosy::registry::{
    Access, Options, Outcome, Registry, RegistryError, Repository, Retry, Trust,
};
use argosy_tests::faults::{Fault, Faults};
use argosy_tests::image::Image;
use argosy_tests::registry::Registry as Server;

use crate::{anonymous, options};

struct World {
    proxy: Faults,
    _server: Server,
}

impl World {
    async fn with_one_image() -> Self {
        let server = Server::start().await.unwrap();
        server.push("app", "1.0.0", &Image::new("a")).await.unwrap();
        Self {
            proxy: Faults::before(&server.url()).await.unwrap(),
            _server: server,
        }
    }

    fn repository(&self) -> Repository {
        anonymous(&self.proxy.host())
    }
}

#[tokio::test]
async fn errors_that_pass_are_not_seen() {
    let world = World::with_one_image().await;
    world.proxy.times(1, Fault::status(500), |seen| {
        seen.path.ends_with("/tags/list")
    });
    world
        .proxy
        .times(1, Fault::Cut, |seen| seen.path.ends_with("/tags/list"));
    world
        .proxy
        .times(2, Fault::status(503), |seen| seen.path.contains("/blobs/"));
    let repository = world.repository();
    assert_eq!(repository.tags().await.unwrap().len(), 1);
    assert!(
        repository
            .image("1.0.0", Trust::Never, None)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(world.proxy.count(), 3 + 1 + 3);
}

#[tokio::test]
async fn an_error_that_stays_is_told_after_a_few_tries() {
    let world = World::with_one_image().await;
    world.proxy.always(Fault::status(502), |_| true);
    let error = world.repository().tags().await.unwrap_err();
    let expected = format!(
        "registry {0} answers 502 for the tags of {0}/app",
        world.proxy.host()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.retry(), Retry::Later);
    assert_eq!(world.proxy.count(), 6);
}

#[tokio::test]
async fn nobody_is_asked_while_the_registry_wants_silence() {
    let world = World::with_one_image().await;
    world.proxy.times(1, Fault::too_many(1), |_| true);
    let repository = world.repository();
    let started = Instant::now();
    let looks = (0..5).map(|_| repository.tags());
    for tags in futures::future::join_all(looks).await {
        assert_eq!(tags.unwrap().len(), 1);
    }
    let waited = started.elapsed();
    assert!(
        Duration::from_secs(1) <= waited && waited < Duration::from_secs(4),
        "{waited:?}"
    );
    let seen = world.proxy.seen();
    let refused = seen
        .iter()
        .find(|seen| seen.status == Some(429))
        .unwrap()
        .at;
    let silent = |at: Instant| {
        Duration::from_millis(100) < at - refused && at - refused < Duration::from_millis(990)
    };
    assert!(
        !seen.iter().any(|seen| refused < seen.at && silent(seen.at)),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_long_silence_is_told_at_once_with_its_end() {
    let world = World::with_one_image().await;
    world.proxy.always(Fault::too_many(3600), |_| true);
    let repository = world.repository();
    let started = Instant::now();
    for _ in 0..2 {
        let error = repository.tags().await.unwrap_err();
        let RegistryError::RateLimited { until, .. } = &error else {
            panic!("{error}")
        };
        let wait = until.duration_since(jiff::Timestamp::now()).as_secs();
        assert!((3500..=3600).contains(&wait), "{wait}");
        assert_eq!(error.retry(), Retry::NotBefore(*until));
    }
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(world.proxy.count(), 1, "the second was not even sent");
}

#[tokio::test]
async fn a_registry_that_is_away_is_named() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let options = Options {
        patience: Duration::from_millis(500),
        ..options()
    };
    let registry = Registry::new(options).unwrap();
    let url = format!("127.0.0.1:{port}/app");
    let repository = registry.repository(&url, Access::default()).unwrap();
    let error = repository.tags().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot reach registry 127.0.0.1:{port}")
    );
    assert_eq!(error.retry(), Retry::Later);
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_not_waited_for_long() {
    let world = World::with_one_image().await;
    world.proxy.times(1, Fault::Hang, |_| true);
    let second = Duration::from_secs(1);
    let options = Options {
        answers_within: second,
        patience: Duration::ZERO,
        ..options()
    };
    let registry = Registry::new(options).unwrap();
    let url = format!("{}/app", world.proxy.host());
    let repository = registry.repository(&url, Access::default()).unwrap();
    let error = repository.tags().await.unwrap_err();
    let expected = format!("registry {} did not answer within 1 s", world.proxy.host());
    assert_eq!(error.to_string(), expected);
    assert_eq!(repository.tags().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let world = World::with_one_image().await;
    let long = Fault::Answer(200, Vec::new(), "x".repeat(5 << 20));
    world
        .proxy
        .always(long, |seen| seen.path.contains("/manifests/"));
    let error = world
        .repository()
        .image("1.0.0", Trust::Never, None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::TooLong {
                limit: 4_194_304,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(world.proxy.count(), 1, "it would be as long the next time");
}

#[tokio::test]
async fn an_answer_that_is_not_a_registrys_is_said_so() {
    let world = World::with_one_image().await;
    let page = Fault::Answer(200, Vec::new(), "<html>Sign in</html>".to_owned());
    world.proxy.always(page, |_| true);
    let error = world.repository().tags().await.unwrap_err();
    assert!(matches!(error, RegistryError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn every_request_is_observed_with_its_end() {
    let world = World::with_one_image().await;
    world.proxy.times(1, Fault::status(500), |_| true);
    let calls: Arc<Mutex<Vec<(String, Outcome)>>> = Arc::default();
    let log = Arc::clone(&calls);
    let observer = move |call: &argosy::registry::Call<'_>| {
        log.lock()
            .unwrap()
            .push((call.host.to_owned(), call.outcome));
    };
    let registry = Registry::new(Options {
        observer: Some(Arc::new(observer)),
        ..options()
    })
    .unwrap();
    let url = format!("{}/app", world.proxy.host());
    registry
        .repository(&url, Access::default())
        .unwrap()
        .tags()
        .await
        .unwrap();
    let host = world.proxy.host();
    let expected = [
        (host.clone(), Outcome::Status(500)),
        (host, Outcome::Status(200)),
    ];
    assert_eq!(*calls.lock().unwrap(), expected);
}

#[tokio::test]
async fn requests_keep_to_the_rate() {
    let world = World::with_one_image().await;
    let ten = std::num::NonZeroU32::new(10).unwrap();
    let by_host = [(world.proxy.host(), ten)].into_iter().collect();
    let registry = Registry::new(Options {
        requests_per_second_by_host: by_host,
        ..options()
    })
    .unwrap();
    let url = format!("{}/app", world.proxy.host());
    let repository = registry.repository(&url, Access::default()).unwrap();
    let started = Instant::now();
    let looks = (0..20).map(|_| repository.tags());
    assert!(
        futures::future::join_all(looks)
            .await
            .iter()
            .all(Result::is_ok)
    );
    // The first ten go out together, the others one in a tenth of a second.
    assert!(
        Duration::from_millis(900) <= started.elapsed(),
        "{:?}",
        started.elapsed()
    );
}
