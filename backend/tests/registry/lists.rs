//! Tag lists.

use argosy::registry::{RegistryError, Repository, Retry};
use argosy_tests::faults::Faults;
use argosy_tests::image::Image;
use argosy_tests::registry::Registry as Server;

use crate::anonymous;
use crate::paged::{Paged, Paging};

const PLAIN: Paging = Paging {
    size: 10,
    refuses_more: false,
    links_astray: false,
};

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("1.0.{n:05}")).collect()
}

async fn tags(repository: &Repository) -> Vec<String> {
    repository
        .tags()
        .await
        .unwrap()
        .into_iter()
        .map(String::from)
        .collect()
}

#[tokio::test]
async fn a_registrys_tags_come_in_one_request() {
    let server = Server::start().await.unwrap();
    for tag in ["1.0.0", "latest"] {
        server.push("app", tag, &Image::new(tag)).await.unwrap();
    }
    let proxy = Faults::before(&server.url()).await.unwrap();
    let mut found = tags(&anonymous(&proxy.host())).await;
    found.sort();
    assert_eq!(found, ["1.0.0", "latest"]);
    assert_eq!(proxy.count(), 1);
}

#[tokio::test]
async fn all_pages_are_read() {
    let server = Paged::start(numbered(25), PLAIN).await;
    assert_eq!(tags(&anonymous(&server.host())).await, numbered(25));
    assert_eq!(server.counted(), (3, 0));
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let server = Paged::start(numbered(25), PLAIN).await;
    let repository = anonymous(&server.host());
    tags(&repository).await;
    server.counted();
    assert_eq!(tags(&repository).await, numbered(25));
    assert_eq!(server.counted(), (0, 3));
    server.add("1.0.00025");
    assert_eq!(tags(&repository).await, numbered(26));
    assert_eq!(server.counted(), (1, 2));
}

#[tokio::test]
async fn a_registry_that_refuses_our_page_size_is_asked_for_its_own() {
    let server = Paged::start(
        numbered(25),
        Paging {
            refuses_more: true,
            ..PLAIN
        },
    )
    .await;
    assert_eq!(tags(&anonymous(&server.host())).await, numbered(25));
}

#[tokio::test]
async fn a_link_to_another_host_is_followed_at_ours() {
    let server = Paged::start(
        numbered(25),
        Paging {
            links_astray: true,
            ..PLAIN
        },
    )
    .await;
    assert_eq!(tags(&anonymous(&server.host())).await, numbered(25));
}

#[tokio::test]
async fn a_repository_that_does_not_exist_is_said_so() {
    let server = Server::start().await.unwrap();
    let error = anonymous(&server.host()).tags().await.unwrap_err();
    assert!(
        matches!(error, RegistryError::NoRepository { .. }),
        "{error}"
    );
    assert_eq!(error.retry(), Retry::AfterChange);
    assert_eq!(
        error.to_string(),
        format!("registry {} has no repository app", server.host())
    );
}
