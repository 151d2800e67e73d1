//! Servers that refuse, stall, get lost and come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use argosy::git::{Clone, GitError, Remote, Retry, Revision};
use argosy_tests::faults::{Fault, Faults};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::desk::{Desk, branch, remote, remote_as, to_checked_out};

async fn checkout(desk: &Desk, remote: &Remote) -> Result<(), GitError> {
    let checkouts = vec![desk.at("out", Revision::DefaultBranch)];
    let what = Clone {
        checkouts,
        author: None,
        submodules: false,
    };
    desk.git
        .checkout(remote, &what, &desk.cancel)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_told_apart_and_never_shown() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    for (remote, hint) in [
        (
            remote_as(&repo.url(), "ada", "wrong-password"),
            "does not accept those that were found",
        ),
        (Remote::anonymous(repo.url()), "none were found"),
    ] {
        let error = checkout(&desk, &remote).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, GitError::Unauthorized { .. }), "{text}");
        assert!(text.contains(hint) && text.contains(&repo.url()), "{text}");
        assert!(!text.contains("wrong-password"), "{text}");
        assert_eq!(error.retry(), Retry::Never);
    }
    // In the address they work and are not shown either.
    let url = repo.url().replace("http://", "http://ada:hunter2@");
    checkout(&desk, &Remote::anonymous(&url)).await.unwrap();
    let kept = desk.git.origin(&desk.path("out")).await.unwrap();
    assert_eq!(kept.url, repo.url());
    let missing = Remote::anonymous(format!("{url}-missing"));
    let error = checkout(&desk, &missing).await.unwrap_err();
    assert!(matches!(error, GitError::NoRepository { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let config = std::fs::read_to_string(desk.path("out").join(".git/config")).unwrap();
    assert!(!config.contains("hunter2"), "{config}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_project_sees_is_not_shown_to_another() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let commit = repo.head("main").await.unwrap();
    desk.main(&repo, "mine").await;
    let checkouts = vec![desk.at("theirs", Revision::Commit(commit))];
    let what = Clone {
        checkouts,
        author: None,
        submodules: false,
    };
    let eve = remote_as(&repo.url(), "eve", "guess");
    let error = desk
        .git
        .checkout(&eve, &what, &desk.cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::Unauthorized { .. }), "{error}");
    assert!(!desk.path("theirs").exists());
}

type Case = (Fault, fn(&GitError) -> bool, Retry);

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_an_ailing_server_say_when_to_come_back() {
    let desk = Desk::with(|config| config.stall_timeout = Duration::from_millis(300)).await;
    let repo = desk.repo("acme/app").await;
    let faults = Faults::before(&desk.server.url()).await.unwrap();
    let remote = remote_as(&format!("{}/acme/app", faults.url()), "ada", "hunter2");
    let cases: [Case; 6] = [
        (
            Fault::status(500),
            |e| matches!(e, GitError::Server { status: 500, .. }),
            Retry::Soon,
        ),
        (
            Fault::too_many(7),
            |e| matches!(e, GitError::Throttled { .. }),
            Retry::After(Duration::from_secs(7)),
        ),
        (
            Fault::status(403),
            |e| matches!(e, GitError::Forbidden { .. }),
            Retry::Never,
        ),
        (
            Fault::Hang,
            |e| matches!(e, GitError::Stalled { .. }),
            Retry::Soon,
        ),
        (
            Fault::Cut,
            |e| matches!(e, GitError::Unreachable { .. }),
            Retry::Soon,
        ),
        (
            Fault::Answer(
                200,
                vec![("content-type", "text/html".to_owned())],
                "<html>".to_owned(),
            ),
            |e| matches!(e, GitError::Protocol { .. }),
            Retry::Soon,
        ),
    ];
    for (fault, is_expected, retry) in cases {
        faults.always(fault.clone(), |_| true);
        let error = checkout(&desk, &remote).await.unwrap_err();
        assert!(is_expected(&error), "{fault:?}: {error:?}");
        assert_eq!(error.retry(), retry, "{error}");
        assert!(error.to_string().contains("/acme/app"), "{error}");
        faults.heal();
    }
    checkout(&desk, &remote).await.unwrap();
    // In the middle of a fetch, too.
    repo.commit("main", "more", &[("more", "1")]).await.unwrap();
    faults.always(Fault::Cut, |seen| seen.path.ends_with("upload-pack"));
    assert_eq!(
        checkout(&desk, &remote).await.unwrap_err().retry(),
        Retry::Soon
    );
    faults.heal();
    checkout(&desk, &remote).await.unwrap();
    assert!(desk.read("out", "more").is_some());
    let port = argosy_tests::faults::Faults::before("http://127.0.0.1:1")
        .await
        .unwrap()
        .url();
    let gone = remote_as(&format!("{port}/acme/app"), "ada", "hunter2");
    let error = checkout(&desk, &gone).await.unwrap_err();
    assert!(
        matches!(
            error,
            GitError::Unreachable { .. } | GitError::Server { .. }
        ),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_fetch_ends_within_a_second_of_being_cancelled() {
    let desk = Desk::new().await;
    desk.repo("acme/app").await;
    let faults = Faults::before(&desk.server.url()).await.unwrap();
    let remote = remote_as(&format!("{}/acme/app", faults.url()), "ada", "hunter2");
    faults.always(Fault::Hang, |seen| seen.path.ends_with("git-upload-pack"));
    let running = checkout(&desk, &remote);
    let cancelled = async {
        argosy_tests::wait_for("the fetch hangs", Duration::from_secs(10), || async {
            anyhow::ensure!(faults.seen().iter().any(|seen| seen.faulted));
            Ok(())
        })
        .await
        .unwrap();
        desk.cancel.cancel();
        Instant::now()
    };
    let (result, since) = tokio::join!(running, cancelled);
    assert!(since.elapsed() < Duration::from_secs(1));
    assert_eq!(result.unwrap_err(), GitError::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_gives_up_does_not_cancel_those_who_wait_with_it() {
    let desk = Desk::new().await;
    desk.repo("acme/app").await;
    let faults = Faults::before(&desk.server.url()).await.unwrap();
    let remote = remote_as(&format!("{}/acme/app", faults.url()), "ada", "hunter2");
    faults.times(1, Fault::Delay(Duration::from_millis(500)), |_| true);
    let impatient = tokio::time::timeout(Duration::from_millis(100), checkout(&desk, &remote));
    let checkouts = vec![desk.at("patient", branch("main"))];
    let what = Clone {
        checkouts,
        author: None,
        submodules: false,
    };
    let patient = desk.git.checkout(&remote, &what, &desk.cancel);
    let (impatient, patient) = tokio::join!(impatient, patient);
    assert!(impatient.is_err());
    patient.unwrap();
    assert!(!desk.path("out").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_server_is_spoken_to_in_its_own_version() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    // What large forges allow and old servers do not.
    for setting in ["uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"] {
        repo.git(&["config", setting, "false"]).await.unwrap();
    }
    let old = without_second_version(&desk.server.url()).await;
    let old = remote_as(&format!("{old}/acme/app"), "ada", "hunter2");
    let first = repo.head("main").await.unwrap();
    repo.tag("v1", "main", Some("one")).await.unwrap();
    repo.commit("main", "two", &[("two", "1")]).await.unwrap();
    let checkouts = vec![
        desk.at("out", Revision::DefaultBranch),
        desk.at("tag", Revision::Tag("v1".to_owned())),
        desk.at("old", Revision::Commit(first.clone())),
        desk.at("new", Revision::BranchOrNew("stage/dev".to_owned())),
    ];
    let what = Clone {
        checkouts,
        author: None,
        submodules: false,
    };
    let done = desk.git.checkout(&old, &what, &desk.cancel).await.unwrap();
    assert_eq!((&done[1].commit, &done[2].commit), (&first, &first));
    desk.change("out", "a", "1").await;
    repo.commit("main", "three", &[("three", "1")])
        .await
        .unwrap();
    let out = desk.path("out");
    desk.git
        .push(&old, &out, &to_checked_out(), &desk.cancel)
        .await
        .unwrap();
    assert_eq!(repo.files("main").await.unwrap().len(), 5);
    // In version 2 only the first listing would be such a request.
    let seen = repo.requests();
    let is_list = |seen: &&argosy_tests::git::Request| seen.query == "service=git-upload-pack";
    let lists = seen.iter().filter(is_list).count();
    assert!(1 < lists && seen.len() < 15, "{seen:?}");
    let heads = desk.git.heads(&old, &desk.cancel).await.unwrap();
    assert_eq!(heads.default_branch.as_deref(), Some("main"));
    assert!(heads.refs.contains_key("refs/heads/stage/dev"));
}

// A way to the server on which the wish for version 2 of the protocol gets lost.
async fn without_second_version(server: &str) -> String {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = tokio::net::TcpStream::connect(&server).await.unwrap();
            tokio::spawn(pass(client, server));
        }
    });
    address
}

async fn pass(client: tokio::net::TcpStream, server: tokio::net::TcpStream) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
        let wish = b"git-protocol";
        if let Some(at) = bytes[..length]
            .windows(wish.len())
            .position(|word| word == wish)
        {
            bytes[at] = b'x';
        }
        if to_server.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_and_tags_can_be_listed() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    repo.tag("v1", "main", Some("one")).await.unwrap();
    let heads = desk.git.heads(&remote(&repo), &desk.cancel).await.unwrap();
    assert_eq!(heads.default_branch.as_deref(), Some("main"));
    let commit = repo.head("main").await.unwrap();
    let tag = heads.refs["refs/tags/v1"];
    assert_eq!(tag.commit.to_string(), commit);
    assert_ne!(tag.id, tag.commit);
    assert_eq!(heads.refs["refs/heads/main"].id.to_string(), commit);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_answer_got_lost_is_found_on_the_server() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/acme/app", listener.local_addr().unwrap());
    let server = desk.server.url().trim_start_matches("http://").to_owned();
    // Cuts the connection in place of the first answer to a push.
    tokio::spawn(async move {
        let cut = Arc::new(std::sync::atomic::AtomicBool::new(false));
        while let Ok((client, _)) = listener.accept().await {
            let server = tokio::net::TcpStream::connect(&server).await.unwrap();
            tokio::spawn(lose_answer(client, server, Arc::clone(&cut)));
        }
    });
    let remote = remote_as(&url, "ada", "hunter2");
    checkout(&desk, &remote).await.unwrap();
    desk.change("out", "a", "1").await;
    repo.commit("main", "theirs", &[("theirs", "1")])
        .await
        .unwrap();
    let out = desk.path("out");
    let pushed = desk
        .git
        .push(&remote, &out, &to_checked_out(), &desk.cancel)
        .await
        .unwrap();
    let log = repo.log("main").await.unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].id, pushed.commit);
}

async fn lose_answer(
    client: tokio::net::TcpStream,
    server: tokio::net::TcpStream,
    cut: Arc<std::sync::atomic::AtomicBool>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let losing = Arc::clone(&cut);
    tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
            let what = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let is_report = what.contains("receive-pack-result");
            if is_report && !losing.swap(true, std::sync::atomic::Ordering::SeqCst) {
                return;
            }
            if to_client.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    });
    tokio::io::copy(&mut from_client, &mut to_server).await.ok();
}
