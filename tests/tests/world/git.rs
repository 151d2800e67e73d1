//! Git over HTTP.

use std::process::Output;
use std::time::{Duration, Instant};

use argosy_tests::Folder;
use argosy_tests::git::{Commit, GitServer, Repo};

fn git(folder: &Folder, args: &[&str]) -> Output {
    std::process::Command::new("git")
        .args(args)
        .current_dir(folder.path())
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([
            ("GIT_AUTHOR_NAME", "T"),
            ("GIT_AUTHOR_EMAIL", "t@example.com"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "T"),
            ("GIT_COMMITTER_EMAIL", "t@example.com"),
        ])
        .output()
        .unwrap()
}

fn succeeds(folder: &Folder, args: &[&str]) -> String {
    let output = git(folder, args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn fails(folder: &Folder, args: &[&str]) -> String {
    let output = git(folder, args);
    assert!(!output.status.success(), "{args:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

fn with_user(repo: &Repo, user: &str) -> String {
    repo.url().replace("http://", &format!("http://{user}@"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_cloned_changed_and_pushed() {
    let server = GitServer::start().await.unwrap();
    let repo = server.repo("github.com/acme/app.git").await.unwrap();
    let id = repo
        .commit("main", "Add it", &[("a/b.yaml", "x: 1\n")])
        .await
        .unwrap();
    assert_eq!(repo.url(), format!("{}/github.com/acme/app", server.url()));

    let work = Folder::new().unwrap();
    succeeds(&work, &["clone", "-q", &format!("{}.git", repo.url()), "."]);
    assert_eq!(succeeds(&work, &["rev-parse", "HEAD"]).trim(), id);
    std::fs::write(work.path().join("a/b.yaml"), "x: 2\n").unwrap();
    succeeds(&work, &["commit", "-q", "-am", "Change it"]);
    succeeds(&work, &["push", "-q", "origin", "main", "main:other"]);

    assert_eq!(repo.read("other", "a/b.yaml").await.unwrap(), "x: 2\n");
    assert_eq!(repo.branches().await.unwrap(), ["main", "other"]);
    assert_eq!(repo.files("main").await.unwrap(), ["a/b.yaml"]);
    let log = repo.log("main").await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(
        (log[0].message.as_str(), log[1].message.as_str()),
        ("Change it", "Add it")
    );
    assert_eq!(log[0].parents, [id]);
    let pushes = repo
        .requests()
        .into_iter()
        .filter(|seen| seen.path == "/git-receive-pack");
    assert_eq!(pushes.map(|seen| seen.status).collect::<Vec<_>>(), [200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_and_push_is_a_matter_of_the_repository() {
    let server = GitServer::start().await.unwrap();
    let work = Folder::new().unwrap();
    let open = server.repo("open").await.unwrap();
    open.commit("main", "Add it", &[("a", "1")]).await.unwrap();
    open.user("ada", "secret");
    succeeds(&work, &["clone", "-q", &open.url(), "open"]);
    fails(&work, &["-C", "open", "push", "-q", "origin", "main:other"]);
    let url = with_user(&open, "ada:secret");
    succeeds(&work, &["-C", "open", "push", "-q", &url, "main:other"]);

    let closed = server.repo("closed").await.unwrap();
    closed
        .commit("main", "Add it", &[("a", "1")])
        .await
        .unwrap();
    closed.private("ada", "secret");
    fails(&work, &["clone", "-q", &closed.url(), "closed"]);
    let wrong = with_user(&closed, "ada:wrong");
    fails(&work, &["clone", "-q", &wrong, "closed"]);
    succeeds(
        &work,
        &["clone", "-q", &with_user(&closed, "ada:secret"), "closed"],
    );
    let refused = closed
        .requests()
        .into_iter()
        .filter(|seen| seen.status == 401)
        .count();
    assert!(2 <= refused, "{:?}", closed.requests());
    assert!(
        fails(&work, &["clone", "-q", &format!("{}/none", server.url())]).contains("not found")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_are_rejected_and_held_on_demand() {
    let server = GitServer::start().await.unwrap();
    let repo = server.repo("app").await.unwrap();
    repo.commit("main", "Add it", &[("a", "1")]).await.unwrap();
    let work = Folder::new().unwrap();
    succeeds(&work, &["clone", "-q", &repo.url(), "."]);

    repo.reject_pushes("the branch is protected").unwrap();
    let said = fails(&work, &["push", "-q", "origin", "main:other"]);
    assert!(said.contains("the branch is protected"), "{said}");
    repo.accept_pushes();
    repo.hold_pushes().unwrap();
    let push = std::thread::spawn(move || succeeds(&work, &["push", "-q", "origin", "main:other"]));
    argosy_tests::wait_for("the push hangs", Duration::from_secs(10), || async {
        anyhow::ensure!(repo.pushes_held() == 1, "no push is held");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(repo.branches().await.unwrap(), ["main"]);
    repo.accept_pushes();
    push.join().unwrap();
    assert_eq!(repo.branches().await.unwrap(), ["main", "other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_commits_are_made_quickly() {
    let server = GitServer::start().await.unwrap();
    let repo = server.repo("long").await.unwrap();
    let commits = (0..5_000).map(|n| {
        Commit::new("main", &format!("Change {n}"))
            .write(&format!("files/{}", n % 100), &format!("{n}\n"))
            .by("Bob Example <bob@example.com>", 1_600_000_000 + n)
    });
    let begin = Instant::now();
    repo.add(&commits.collect::<Vec<_>>()).await.unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(
        repo.git(&["rev-list", "--count", "main"])
            .await
            .unwrap()
            .trim(),
        "5000"
    );

    repo.add(&[Commit::new("main", "Remove one").delete("files/0")])
        .await
        .unwrap();
    repo.tag("v1.0.0", "main", Some("The first")).await.unwrap();
    repo.branch("next", "v1.0.0").await.unwrap();
    assert_eq!(repo.files("next").await.unwrap().len(), 99);
    let log = repo.log("next~1").await.unwrap();
    assert_eq!(log[0].author, "Bob Example <bob@example.com>");
    assert!(
        repo.last_patch("next")
            .await
            .unwrap()
            .contains("deleted file mode")
    );
}
