//! Local copies: what is fetched into them, how they break, and how they go.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argosy::git::{GitError, Request, Retry};
use argosy_tests::git::{Commit, Repo};

use super::desk::{Desk, branch, files, to_branch};

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_fetched() {
    let received = Arc::new(Mutex::new(Vec::<Request>::new()));
    let observer = Arc::clone(&received);
    let desk = Desk::with(|config| {
        config.observer = Some(Arc::new(move |request: &Request| {
            observer.lock().unwrap().push(request.clone())
        }));
    })
    .await;
    let repo = desk.repo("acme/app").await;
    let noise = |nth: u64| {
        // Text that does not compress well, so that a repeated fetch would show.
        (0..200_u64)
            .map(|i| {
                format!(
                    "{:x}\n",
                    (nth * 7919 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                )
            })
            .collect::<String>()
    };
    let history: Vec<Commit> = (0..5_000)
        .map(|nth| {
            Commit::new("main", &format!("c{nth}"))
                .write(&format!("d{}/f{nth}", nth % 50), &noise(nth))
        })
        .collect();
    repo.add(&history).await.unwrap();
    desk.main(&repo, "out").await;
    let objects = size(&desk.folder.path().join("git"));
    assert_eq!(files(&desk.path("out")).len(), 5_002);
    repo.forget_requests();
    repo.commit("main", "one more", &[("d1/more", "1")])
        .await
        .unwrap();
    let began = Instant::now();
    desk.main(&repo, "again").await;
    let took = began.elapsed();
    let grown = size(&desk.folder.path().join("git")) - objects;
    assert!(grown < 100_000, "{grown} bytes more after one commit");
    assert_eq!(
        requests(&repo),
        ["POST /git-upload-pack", "POST /git-upload-pack"],
        "{took:?}"
    );
    assert_eq!(desk.read("again", "d1/more").as_deref(), Some("1"));
    let seen = received.lock().unwrap();
    let operations: Vec<_> = seen
        .iter()
        .map(|r| (r.operation, r.result.as_str()))
        .collect();
    let (list, fetch) = (("list", "ok"), ("fetch", "ok"));
    assert_eq!(operations, [list, list, fetch, list, fetch]);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_ask_at_once_share_the_requests() {
    let desk = Arc::new(Desk::new().await);
    let repo = desk.repo("acme/app").await;
    let all = (0..30).map(|nth| {
        let (desk, repo) = (desk.clone(), repo.clone());
        async move { desk.main(&repo, &format!("w{nth}")).await }
    });
    let all = futures::future::join_all(all).await;
    assert!(all.iter().all(|done| done.commit == all[0].commit));
    let requests = requests(&repo);
    assert!(requests.len() <= 5, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_fetched_again() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    desk.change("out", "a", "1").await;
    let copies = desk.folder.path().join("git");
    let break_packs = |how: fn(&std::path::Path)| {
        let mut broken = 0;
        for copy in std::fs::read_dir(&copies).unwrap() {
            for file in std::fs::read_dir(copy.unwrap().path().join("objects/pack")).unwrap() {
                how(&file.unwrap().path());
                broken += 1;
            }
        }
        assert!(0 < broken);
    };
    break_packs(|file| std::fs::remove_file(file).unwrap());
    desk.main(&repo, "again").await;
    assert_eq!(desk.read("again", "README.md").as_deref(), Some("hello\n"));
    desk.push(&repo, "out").await.unwrap();
    break_packs(|file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::remove_file(file).unwrap();
        std::fs::write(
            file,
            bytes.iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>(),
        )
        .unwrap();
    });
    desk.main(&repo, "third").await;
    assert_eq!(desk.read("third", "a").as_deref(), Some("1"));
    assert_eq!(repo.log("main").await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_branch_is_followed() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    repo.git(&["update-ref", "-d", "refs/heads/main"])
        .await
        .unwrap();
    repo.commit("main", "anew", &[("anew", "1")]).await.unwrap();
    repo.git(&["reflog", "expire", "--expire=now", "--all"])
        .await
        .unwrap();
    repo.git(&["gc", "--quiet", "--prune=now"]).await.unwrap();
    desk.main(&repo, "again").await;
    assert_eq!(files(&desk.path("again")), ["anew"]);
    desk.change("again", "b", "1").await;
    desk.push(&repo, "again").await.unwrap();
    assert_eq!(repo.files("main").await.unwrap(), ["anew", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_packs_become_few() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    for nth in 0..70 {
        desk.change("out", "counter", &nth.to_string()).await;
        desk.push_as(&repo, "out", &to_branch("counter"))
            .await
            .unwrap();
    }
    let packs = || {
        let copy = std::fs::read_dir(desk.folder.path().join("git"))
            .unwrap()
            .next()
            .unwrap();
        let packs = std::fs::read_dir(copy.unwrap().path().join("objects/pack")).unwrap();
        packs
            .filter(|file| file.as_ref().unwrap().path().extension().unwrap() == "pack")
            .count()
    };
    argosy_tests::wait_for("packs become few", Duration::from_secs(10), || async {
        anyhow::ensure!(packs() < 52, "{}", packs());
        Ok(())
    })
    .await
    .unwrap();
    desk.checkout(&repo, "whole", branch("counter"))
        .await
        .unwrap();
    assert_eq!(desk.read("whole", "counter").as_deref(), Some("69"));
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_nobody_needs_are_removed() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    assert_eq!(desk.git.clean(Duration::from_secs(3_600)).await.unwrap(), 0);
    assert_eq!(
        desk.git.clean(Duration::ZERO).await.unwrap(),
        0,
        "a work tree borrows from it"
    );
    std::fs::remove_dir_all(desk.path("out")).unwrap();
    assert_eq!(desk.git.clean(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(
        std::fs::read_dir(desk.folder.path().join("git"))
            .unwrap()
            .count(),
        0
    );
    desk.main(&repo, "out").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_has_a_limit() {
    let desk = Desk::with(|config| config.fetch_limit = 100).await;
    let repo = desk.repo("acme/app").await;
    let error = desk
        .checkout(&repo, "out", branch("main"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, GitError::TooLarge { limit: 100, .. }),
        "{error}"
    );
    let left = size(&desk.folder.path().join("git"));
    assert!(left < 10_000, "{left} bytes are left of the aborted fetch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_survived() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    let copies = std::fs::read_dir(desk.folder.path().join("git")).unwrap();
    let copy = copies.map(|entry| entry.unwrap().path()).next().unwrap();
    // A device on which there is never any space.
    std::fs::remove_file(copy.join("lent")).unwrap();
    std::os::unix::fs::symlink("/dev/full", copy.join("lent")).unwrap();
    let error = desk
        .checkout(&repo, "again", branch("main"))
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::DiskFull { .. }), "{error}");
    assert_eq!(error.retry(), Retry::Soon);
    assert!(!error.to_string().contains("/dev"), "{error}");
    std::fs::remove_file(copy.join("lent")).unwrap();
    desk.main(&repo, "again").await;
}

fn requests(repo: &Repo) -> Vec<String> {
    repo.requests()
        .iter()
        .map(|seen| format!("{} {}", seen.method, seen.path))
        .collect()
}

fn size(folder: &std::path::Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            match entry.metadata().unwrap() {
                found if found.is_dir() => size(&entry.path()),
                found => found.len(),
            }
        })
        .sum()
}
