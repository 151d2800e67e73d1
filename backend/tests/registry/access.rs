//! Who may read.

use std::time::Duration;

use argosy::registry::{Access, Options, Registry, RegistryError, Retry, Trust};
use argosy_tests::Folder;
use argosy_tests::faults::Faults;
use argosy_tests::image::Image;
use argosy_tests::registry::Registry as Server;

use crate::tokens::{Tokens, USER};
use crate::{options, with_credentials};

#[tokio::test]
async fn a_password_is_shown_once_it_is_asked_for() {
    let server = Server::start().await.unwrap();
    server.push("app", "1", &Image::new("a")).await.unwrap();
    let proxy = Faults::before(&server.url()).await.unwrap();
    proxy.demand("anna", "s3cret");
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", proxy.host());
    let repository = registry
        .repository(&url, with_credentials("anna", "s3cret"))
        .unwrap();
    assert_eq!(repository.tags().await.unwrap().len(), 1);
    assert!(
        repository
            .image("1", Trust::Never, None)
            .await
            .unwrap()
            .is_some()
    );
    let statuses: Vec<_> = proxy.seen().iter().filter_map(|seen| seen.status).collect();
    assert_eq!(statuses, [401, 200, 200, 200]);
}

#[tokio::test]
async fn a_refusal_says_with_whose_credentials_but_not_which() {
    let server = Server::start().await.unwrap();
    let proxy = Faults::before(&server.url()).await.unwrap();
    proxy.demand("anna", "s3cret");
    let refusal = async |options: Options, access: Access| {
        let registry = Registry::new(options).unwrap();
        let repository = registry
            .repository(&format!("{}/app", proxy.host()), access)
            .unwrap();
        let error = repository.tags().await.unwrap_err();
        assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
        assert_eq!(error.retry(), Retry::AfterChange);
        let text = format!("{error:?} {error}");
        assert!(
            !text.contains("hunter2") && !text.contains("s3cret"),
            "{text}"
        );
        error.to_string()
    };
    let denied = format!("registry {} refuses access to app: ", proxy.host());
    let wrong = with_credentials("anna", "hunter2");
    let said = refusal(options(), wrong).await;
    assert_eq!(
        said,
        format!("{denied}asked with the credentials of Secret team-a/registry")
    );
    let said = refusal(options(), Access::default()).await;
    assert_eq!(said, format!("{denied}no credentials were found for it"));
    let strict = Options {
        credentials_over_http: false,
        ..options()
    };
    let said = refusal(strict, with_credentials("anna", "s3cret")).await;
    assert_eq!(
        said,
        format!("{denied}the credentials of Secret team-a/registry are not sent over plain HTTP")
    );
    let shown = |header: &argosy_tests::faults::Seen| header.headers.contains_key("authorization");
    assert_eq!(
        proxy.seen().iter().filter(|seen| shown(seen)).count(),
        1,
        "only the wrong one"
    );
}

#[tokio::test]
async fn one_token_serves_a_repository() {
    let tokens = Tokens::start(300).await;
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", tokens.host());
    let repository = registry
        .repository(&url, with_credentials(USER.0, USER.1))
        .unwrap();
    assert_eq!(repository.tags().await.unwrap().len(), 1);
    assert!(
        repository
            .image("1", Trust::Never, None)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(tokens.statuses(), [401, 200, 200, 200]);
    assert_eq!(tokens.issued(), ["anna repository:app:pull"]);

    let url = format!("{}/other", tokens.host());
    let other = registry
        .repository(&url, with_credentials(USER.0, USER.1))
        .unwrap();
    assert_eq!(other.tags().await.unwrap().len(), 1);
    assert_eq!(tokens.statuses().len(), 5, "the challenge is known");
    assert_eq!(tokens.issued().len(), 2);
}

#[tokio::test]
async fn many_at_once_wait_for_one_token() {
    let tokens = Tokens::start(300).await;
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", tokens.host());
    let repository = registry
        .repository(&url, with_credentials(USER.0, USER.1))
        .unwrap();
    repository.tags().await.unwrap();
    let url = format!("{}/other", tokens.host());
    let other = registry
        .repository(&url, with_credentials(USER.0, USER.1))
        .unwrap();
    let looks = (0..10).map(|_| other.tags());
    assert!(
        futures::future::join_all(looks)
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(tokens.issued().len(), 2);
}

#[tokio::test]
async fn a_token_is_not_used_after_its_life() {
    let tokens = Tokens::start(0).await;
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", tokens.host());
    let repository = registry
        .repository(&url, with_credentials(USER.0, USER.1))
        .unwrap();
    for _ in 0..3 {
        repository.tags().await.unwrap();
    }
    assert_eq!(tokens.issued().len(), 3);
    assert_eq!(tokens.statuses(), [401, 200, 200, 200]);
}

#[tokio::test]
async fn an_anonymous_token_is_enough_for_what_is_public() {
    let tokens = Tokens::start(300).await;
    let registry = Registry::new(options()).unwrap();
    let public = format!("{}/public", tokens.host());
    let public = registry.repository(&public, Access::default()).unwrap();
    assert_eq!(public.tags().await.unwrap().len(), 1);
    let private = format!("{}/app", tokens.host());
    let private = registry.repository(&private, Access::default()).unwrap();
    let error = private.tags().await.unwrap_err();
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let tokens = Tokens::start(300).await;
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", tokens.host());
    let repository = registry
        .repository(&url, with_credentials("<token>", USER.1))
        .unwrap();
    assert_eq!(repository.tags().await.unwrap().len(), 1);
    assert_eq!(tokens.issued(), ["identity repository:app:pull"]);
}

#[tokio::test]
async fn a_refusing_token_service_is_named() {
    let tokens = Tokens::start(300).await;
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", tokens.host());
    let repository = registry
        .repository(&url, with_credentials("anna", "wrong"))
        .unwrap();
    let error = repository.tags().await.unwrap_err().to_string();
    let expected = format!(
        "registry {} refuses access to app: its token service {} refuses \
         (asked with the credentials of Secret team-a/registry)",
        tokens.host(),
        tokens.service()
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn rights_of_one_are_not_lent_to_another() {
    let tokens = Tokens::start(300).await;
    let registry = Registry::new(options()).unwrap();
    let url = format!("{}/app", tokens.host());
    let anna = registry
        .repository(&url, with_credentials(USER.0, USER.1))
        .unwrap();
    anna.tags().await.unwrap();
    assert!(
        anna.image("1", Trust::Always, None)
            .await
            .unwrap()
            .is_some()
    );
    let nobody = registry.repository(&url, Access::default()).unwrap();
    assert!(nobody.image("1", Trust::Always, None).await.is_err());
    assert!(nobody.tags().await.is_err());
}

#[tokio::test]
async fn a_certificate_nobody_knows_is_refused_unless_that_is_wanted() {
    let open = Server::start().await.unwrap();
    open.push("app", "1", &Image::new("a")).await.unwrap();
    let folder = Folder::new().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
    let tls = format!("  tls:\n    certificate: {certificate}\n    key: {key}\n");
    let server = open.beside(&tls).await.unwrap();

    let mirror = format!("registry.example=https://{}", server.host())
        .parse()
        .unwrap();
    let mirrors = [mirror].into_iter().collect();
    let patience = Duration::from_millis(300);
    let registry = Registry::new(Options {
        mirrors,
        patience,
        ..options()
    })
    .unwrap();
    let repository = |access| registry.repository("registry.example/app", access).unwrap();
    let error = repository(Access::default()).tags().await.unwrap_err();
    assert!(
        matches!(error, RegistryError::Unreachable { .. }),
        "{error}"
    );
    let trusting = Access {
        insecure_skip_tls_verify: true,
        ..Access::default()
    };
    assert_eq!(repository(trusting).tags().await.unwrap().len(), 1);
}
