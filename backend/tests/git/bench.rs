//! Fifty at once, with their requests counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use argosy::git::Revision;
use argosy_tests::git::Repo;

use super::desk::{Desk, branch};

// The whole of what a promotion asks of Git.
async fn promote(desk: &Desk, repo: &Repo, name: &str, revision: Revision) {
    desk.checkout(repo, name, revision).await.unwrap();
    desk.change(name, &format!("env/{name}/values.yaml"), "tag: b\n")
        .await;
    desk.push(repo, name).await.unwrap();
}

async fn fifty(revision: fn(usize) -> Revision) -> (Arc<Desk>, Repo, Duration) {
    let desk = Arc::new(Desk::new().await);
    let repo = desk.repo("acme/app").await;
    let began = Instant::now();
    let all = (0..50).map(|nth| {
        let (desk, repo) = (desk.clone(), repo.clone());
        tokio::spawn(async move { promote(&desk, &repo, &format!("s{nth}"), revision(nth)).await })
    });
    for done in futures::future::join_all(all).await {
        done.unwrap();
    }
    let took = began.elapsed();
    (desk, repo, took)
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_pushes_into_folders_of_one_branch() {
    let (_desk, repo, took) = fifty(|_| branch("main")).await;
    assert_eq!(repo.log("main").await.unwrap().len(), 51);
    assert_eq!(repo.files("main").await.unwrap().len(), 52);
    let requests = repo.requests().len();
    assert!(requests <= 100, "{requests} requests, at most 2 each");
    assert!(
        took < Duration::from_secs(4),
        "{took:?}, {requests} requests"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_pushes_into_branches_of_their_own() {
    let (_desk, repo, took) = fifty(|nth| Revision::BranchOrNew(format!("stage/s{nth}"))).await;
    assert_eq!(repo.branches().await.unwrap().len(), 51);
    for nth in 0..50 {
        let log = repo.log(&format!("stage/s{nth}")).await.unwrap();
        assert_eq!(log.len(), 2, "{nth}");
    }
    let requests = repo.requests().len();
    assert!(requests <= 100, "{requests} requests, at most 2 each");
    assert!(
        took < Duration::from_secs(4),
        "{took:?}, {requests} requests"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_alone_costs_two_requests_and_five_if_others_were_faster() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    promote(&desk, &repo, "first", branch("main")).await;
    repo.forget_requests();
    promote(&desk, &repo, "second", branch("main")).await;
    assert_eq!(repo.requests().len(), 2, "{:?}", repo.requests());
    desk.main(&repo, "third").await;
    desk.change("third", "env/third/values.yaml", "tag: b\n")
        .await;
    repo.commit("main", "theirs", &[("theirs", "1")])
        .await
        .unwrap();
    repo.forget_requests();
    desk.push(&repo, "third").await.unwrap();
    assert_eq!(repo.requests().len(), 4, "{:?}", repo.requests());
}
