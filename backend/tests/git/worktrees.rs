//! Checking out, clearing and committing.

use argosy::git::{Author, Clone, GitError, Push, Revision};
use argosy::secret::Secret;
use argosy::settings::PushPolicy;
use argosy_tests::git::Commit;

use super::desk::{Desk, branch, files, remote, to_checked_out};

#[tokio::test(flavor = "multi_thread")]
async fn branches_tags_and_commits_are_checked_out() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let first = repo.head("main").await.unwrap();
    repo.tag("v1", "main", Some("one")).await.unwrap();
    let second = repo
        .commit("main", "two", &[("README.md", "two\n")])
        .await
        .unwrap();
    repo.commit("main", "three", &[("README.md", "three\n")])
        .await
        .unwrap();
    repo.commit("other", "other", &[("o", "o\n")])
        .await
        .unwrap();
    for (folder, revision, commit, readme) in [
        (
            "main",
            branch("main"),
            repo.head("main").await.unwrap(),
            Some("three\n"),
        ),
        (
            "default",
            Revision::DefaultBranch,
            repo.head("main").await.unwrap(),
            Some("three\n"),
        ),
        (
            "tag",
            Revision::Tag("v1".to_owned()),
            first.clone(),
            Some("hello\n"),
        ),
        (
            "commit",
            Revision::Commit(second.clone()),
            second.clone(),
            Some("two\n"),
        ),
        (
            "short",
            Revision::Commit(second[..7].to_owned()),
            second.clone(),
            Some("two\n"),
        ),
        (
            "other",
            branch("other"),
            repo.head("other").await.unwrap(),
            None,
        ),
    ] {
        let done = desk.checkout(&repo, folder, revision).await.unwrap();
        assert_eq!(
            (done.key.as_str(), done.commit),
            (folder, commit),
            "{folder}"
        );
        assert_eq!(
            desk.read(folder, "README.md").as_deref(),
            readme,
            "{folder}"
        );
    }
    // What is checked out is what Git itself would say.
    let status = std::process::Command::new("git")
        .args(["status", "--porcelain=v2", "--branch"])
        .current_dir(desk.path("main"))
        .output()
        .unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("# branch.head main"), "{status}");
    assert!(
        !status.lines().any(|line| !line.starts_with('#')),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_named() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    for (revision, expected) in [
        (branch("nope"), "has no branch `nope`"),
        (Revision::Tag("nope".to_owned()), "has no tag `nope`"),
        (Revision::Commit("0".repeat(40)), "has no commit 000000"),
        (Revision::Commit("beef".to_owned()), "has no commit beef"),
        (branch("a b"), "is not a name that Git allows for a branch"),
        (branch("a\nref-prefix refs/"), "is not a name"),
        (
            Revision::Commit("main".to_owned()),
            "is not a name that Git allows for a commit",
        ),
    ] {
        let error = desk.checkout(&repo, "out", revision).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!desk.path("out").exists());
    }
    let empty = desk.server.repo("acme/empty").await.unwrap();
    let error = desk
        .checkout(&empty, "out", Revision::DefaultBranch)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("has no default branch"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_branch_is_made_once() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let revision = || Revision::BranchOrNew("stage/dev".to_owned());
    let (one, two) = tokio::join!(
        desk.checkout(&repo, "one", revision()),
        desk.checkout(&repo, "two", revision())
    );
    assert_eq!(one.unwrap().commit, two.unwrap().commit);
    let again = desk.checkout(&repo, "one", revision()).await.unwrap();
    let log = repo.log("stage/dev").await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].id, again.commit);
    assert_eq!(log[0].message, "Initial commit");
    assert_eq!(log[0].author, "Kargo <no-reply@kargo.io>");
    assert!(files(&desk.path("one")).is_empty());
    // An empty repository can be begun this way.
    let empty = desk.server.repo("acme/empty").await.unwrap();
    desk.checkout(&empty, "begun", Revision::BranchOrNew("main".to_owned()))
        .await
        .unwrap();
    desk.change("begun", "a", "1").await;
    desk.push(&empty, "begun").await.unwrap();
    assert_eq!(empty.read("main", "a").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_checkout_replaces_the_work_tree_and_nothing_else() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    desk.write("out", "left/over", "x");
    std::fs::remove_file(desk.path("out").join("README.md")).unwrap();
    desk.main(&repo, "out").await;
    assert_eq!(
        files(&desk.path("out")),
        ["README.md", "env/dev/values.yaml"]
    );
    // Killed while the first files of it were written.
    std::fs::remove_dir_all(desk.path("out")).unwrap();
    std::fs::create_dir_all(desk.path("out").join(".git/argosy")).unwrap();
    desk.write("out", "README.md", "hal");
    desk.main(&repo, "out").await;
    assert_eq!(desk.read("out", "README.md").as_deref(), Some("hello\n"));
    desk.write("mine", "precious", "x");
    let error = desk
        .checkout(&repo, "mine", branch("main"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the folder for checkout `mine` exists and is not empty"
    );
    assert_eq!(desk.read("mine", "precious").as_deref(), Some("x"));
    let foreign = desk
        .git
        .commit(&desk.path("mine"), "m", None, "k")
        .await
        .unwrap_err();
    assert_eq!(foreign, GitError::NotAWorkTree);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_trees_may_lie_inside_each_other() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    for _ in 0..2 {
        let checkouts = vec![
            desk.at("all/inner", Revision::BranchOrNew("rendered".to_owned())),
            desk.at("all", branch("main")),
        ];
        let what = Clone {
            checkouts,
            author: None,
            submodules: false,
        };
        desk.git
            .checkout(&remote(&repo), &what, &desk.cancel)
            .await
            .unwrap();
        desk.write("all/inner", "made", "1");
        desk.write("all", "changed", "1");
        assert!(desk.commit("all", "outer").await.changed);
        assert!(desk.commit("all/inner", "inner").await.changed);
    }
    desk.push(&repo, "all").await.unwrap();
    desk.push(&repo, "all/inner").await.unwrap();
    let expected = ["README.md", "changed", "env/dev/values.yaml"];
    assert_eq!(repo.files("main").await.unwrap(), expected);
    assert_eq!(repo.files("rendered").await.unwrap(), ["made"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_chosen_folders_are_checked_out_and_the_others_stay_in_the_commit() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let files_of_main = [
        ("apps/web/a", "1"),
        ("apps/api/b", "1"),
        ("apps/notes", "1"),
    ];
    repo.commit("main", "more", &files_of_main).await.unwrap();
    let mut checkout = desk.at("out", branch("main"));
    checkout.sparse = vec!["apps/web".to_owned(), "not/there".to_owned()];
    let what = Clone {
        checkouts: vec![checkout],
        author: None,
        submodules: false,
    };
    desk.git
        .checkout(&remote(&repo), &what, &desk.cancel)
        .await
        .unwrap();
    assert_eq!(
        files(&desk.path("out")),
        ["README.md", "apps/notes", "apps/web/a"]
    );
    assert!(!desk.commit("out", "nothing").await.changed);
    desk.write("out", "apps/web/new", "2");
    std::fs::remove_file(desk.path("out").join("apps/web/a")).unwrap();
    assert!(desk.commit("out", "change").await.changed);
    // Others change what is not checked out.
    repo.commit("main", "others", &[("apps/api/b", "2")])
        .await
        .unwrap();
    desk.push(&repo, "out").await.unwrap();
    let expected = [
        "README.md",
        "apps/api/b",
        "apps/notes",
        "apps/web/new",
        "env/dev/values.yaml",
    ];
    assert_eq!(repo.files("main").await.unwrap(), expected);
    assert_eq!(repo.read("main", "apps/api/b").await.unwrap(), "2");
    assert_eq!(
        files(&desk.path("out")),
        ["README.md", "apps/notes", "apps/web/new"]
    );
    assert!(!desk.commit("out", "nothing again").await.changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn clearing_leaves_only_what_git_keeps() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    let outside = desk.path("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("kept"), "x").unwrap();
    std::os::unix::fs::symlink(&outside, desk.path("out").join("link")).unwrap();
    for _ in 0..2 {
        desk.git.clear(&desk.path("out")).await.unwrap();
        assert!(files(&desk.path("out")).is_empty());
    }
    assert!(outside.join("kept").exists());
    assert!(desk.commit("out", "emptied").await.changed);
    desk.push(&repo, "out").await.unwrap();
    assert!(repo.files("main").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_has_message_author_and_every_change() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    repo.commit(
        "main",
        "ignore",
        &[(".gitignore", "*.log\n"), ("gone", "x")],
    )
    .await
    .unwrap();
    desk.main(&repo, "out").await;
    desk.write("out", "env/dev/values.yaml", "tag: b\n");
    desk.write("out", "new/file", "1");
    desk.write("out", "noise.log", "1");
    std::fs::remove_file(desk.path("out").join("gone")).unwrap();
    std::os::unix::fs::symlink("README.md", desk.path("out").join("link")).unwrap();
    desk.commit("out", "#hash first\nline  \n\n\n").await;
    desk.push(&repo, "out").await.unwrap();
    let log = repo.log("main").await.unwrap();
    assert_eq!(log[0].message, "#hash first\nline");
    assert_eq!(log[0].author, "Kargo <no-reply@kargo.io>");
    assert_eq!(log[0].committer, "Kargo <no-reply@kargo.io>");
    let expected = [
        ".gitignore",
        "README.md",
        "env/dev/values.yaml",
        "link",
        "new/file",
    ];
    assert_eq!(repo.files("main").await.unwrap(), expected);
    let error = desk
        .git
        .commit(&desk.path("out"), " \n", None, "k")
        .await
        .unwrap_err();
    assert_eq!(error, GitError::NoMessage);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_author_commits() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let author = |name: &str| Author {
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        signing_key: None,
    };
    let what = Clone {
        checkouts: vec![desk.at("out", branch("main"))],
        author: Some(author("clone")),
        submodules: false,
    };
    desk.git
        .checkout(&remote(&repo), &what, &desk.cancel)
        .await
        .unwrap();
    desk.change("out", "a", "1").await;
    desk.write("out", "a", "2");
    desk.git
        .commit(&desk.path("out"), "m", Some(author("own")), "k")
        .await
        .unwrap();
    desk.push(&repo, "out").await.unwrap();
    let log = repo.log("main").await.unwrap();
    assert_eq!(log[1].author, "clone <clone@example.com>");
    assert_eq!(log[0].author, "own <own@example.com>");
    assert_eq!(log[0].committer, "own <own@example.com>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_commit_answers_as_the_first() {
    let mut desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let before = desk.main(&repo, "out").await.commit;
    let nothing = desk.commit("out", "nothing").await;
    assert_eq!(
        (nothing.commit.as_str(), nothing.changed),
        (before.as_str(), false)
    );
    let made = desk.change("out", "a", "1").await;
    desk.restart();
    let again = desk.commit("out", "a 1").await;
    assert_eq!(again, made);
    // Killed when the commit was noted and the branch had not moved yet, with a lock left behind.
    let run = |args: &[&str]| {
        let done = std::process::Command::new("git")
            .args(args)
            .current_dir(desk.path("out"))
            .status()
            .unwrap();
        assert!(done.success());
    };
    run(&["update-ref", "refs/heads/main", &before]);
    std::fs::write(desk.path("out").join(".git/index.lock"), "").unwrap();
    std::fs::write(desk.path("out").join(".git/refs/heads/main.lock"), "").unwrap();
    assert_eq!(desk.commit("out", "a 1").await, made);
    let later = desk.commit("out", "another step").await;
    assert_eq!((later.commit, later.changed), (made.commit, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_checked_out_on_request() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let lib = desk.repo("acme/lib").await;
    let commit = lib.head("main").await.unwrap();
    lib.commit("main", "later", &[("later", "x")])
        .await
        .unwrap();
    // Made by hand: a commit of another repository at a path.
    let modules = "[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = ../lib\n";
    repo.add(&[Commit::new("main", "modules").write(".gitmodules", modules)])
        .await
        .unwrap();
    let tree = repo.git(&["ls-tree", "-r", "main"]).await.unwrap();
    let index = desk.folder.path().join("index");
    let run = |args: Vec<String>, input: String| {
        use std::io::Write as _;
        let mut child = std::process::Command::new("git")
            .args(args)
            .current_dir(repo.folder())
            .env("GIT_INDEX_FILE", &index)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let entries = format!("{tree}160000 commit {commit}\tvendor/lib\n");
    run(words("update-index --add --index-info"), entries);
    let tree = run(words("write-tree"), String::new());
    let made = run(
        words(&format!("commit-tree -p main -m sub {tree}")),
        String::new(),
    );
    repo.git(&["update-ref", "refs/heads/main", &made])
        .await
        .unwrap();

    for submodules in [false, true, true] {
        let checkouts = vec![desk.at("out", branch("main"))];
        let what = Clone {
            checkouts,
            author: None,
            submodules,
        };
        desk.git
            .checkout(&remote(&repo), &what, &desk.cancel)
            .await
            .unwrap();
        let found = desk.read("out", "vendor/lib/README.md");
        assert_eq!(found.is_some(), submodules);
        assert!(!desk.path("out/vendor/lib/later").exists());
    }
    assert!(!desk.commit("out", "nothing").await.changed);
    desk.change("out", "a", "1").await;
    desk.push(&repo, "out").await.unwrap();
    let kept = repo.git(&["ls-tree", "main", "vendor/lib"]).await.unwrap();
    assert!(kept.contains(&commit), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_signed_with_the_key_of_the_checkout() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let home = desk.folder.sub("gnupg").unwrap();
    let gpg = |args: &[&str]| {
        let done = std::process::Command::new("gpg")
            .arg("--homedir")
            .arg(&home)
            .args([
                "--batch",
                "--quiet",
                "--passphrase",
                "",
                "--pinentry-mode",
                "loopback",
            ])
            .args(args)
            .output()
            .expect("the program gpg is installed");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    };
    gpg(&[
        "--quick-generate-key",
        "Kargo <no-reply@kargo.io>",
        "ed25519",
        "sign",
    ]);
    let key = gpg(&["--armor", "--export-secret-keys"]);
    let author = |key: String| Author {
        signing_key: Some(Secret::new(key)),
        ..Author::default()
    };
    let what = |key| Clone {
        checkouts: vec![desk.at("out", branch("main"))],
        author: Some(author(key)),
        submodules: false,
    };
    desk.git
        .checkout(&remote(&repo), &what(key), &desk.cancel)
        .await
        .unwrap();
    desk.change("out", "a", "1").await;
    // It is made anew on top of others' work, and signed again.
    repo.commit("main", "theirs", &[("theirs", "1")])
        .await
        .unwrap();
    let push = Push {
        policy: Some(PushPolicy::RebaseOrFail),
        ..to_checked_out()
    };
    desk.push_as(&repo, "out", &push).await.unwrap();
    let verified = std::process::Command::new("git")
        .args(["verify-commit", "main"])
        .current_dir(repo.folder())
        .env("GNUPGHOME", &home)
        .status()
        .unwrap();
    assert!(verified.success());
    desk.git
        .checkout(&remote(&repo), &what("no key".to_owned()), &desk.cancel)
        .await
        .unwrap();
    desk.write("out", "a", "2");
    let error = desk
        .git
        .commit(&desk.path("out"), "m", None, "k")
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::Signing { .. }), "{error}");
    let mut end = std::process::Command::new("gpgconf");
    assert!(
        end.arg("--homedir")
            .arg(&home)
            .args(["--kill", "all"])
            .status()
            .unwrap()
            .success()
    );
}
