//! Pushing: alone, with others, against others, and again.

use std::sync::Arc;
use std::time::Duration;

use argosy::git::{Force, GitError, Push, Retry, Revision, Target};
use argosy::settings::PushPolicy;
use argosy_tests::wait_for;

use super::desk::{Desk, branch, files, to_branch, to_checked_out};

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_goes_round() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    let made = desk.change("out", "a", "1").await;
    let pushed = desk.push(&repo, "out").await.unwrap();
    assert_eq!(pushed.commit, made.commit);
    assert_eq!(pushed.branch.as_deref(), Some("main"));
    assert_eq!(pushed.url, None);
    assert_eq!(repo.head("main").await.unwrap(), made.commit);
    let other = desk.main(&repo, "other").await;
    assert_eq!(other.commit, made.commit);
    assert_eq!(desk.read("other", "a").as_deref(), Some("1"));
    // Nothing new is nothing to push.
    assert_eq!(desk.push(&repo, "other").await.unwrap().commit, made.commit);
    assert_eq!(repo.log("main").await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_may_go_to_another_branch_or_a_tag() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    let at = desk
        .checkout(
            &repo,
            "out",
            Revision::Commit(repo.head("main").await.unwrap()),
        )
        .await;
    let error = desk.push(&repo, "out").await.unwrap_err();
    assert_eq!(error, GitError::Detached);
    // An existing commit is worth a branch too.
    let pushed = desk
        .push_as(&repo, "out", &to_branch("same"))
        .await
        .unwrap();
    assert_eq!(pushed.commit, at.unwrap().commit);
    let made = desk.change("out", "a", "1").await.commit;
    let pushed = desk
        .push_as(&repo, "out", &to_branch("feature/x"))
        .await
        .unwrap();
    assert_eq!(pushed.branch.as_deref(), Some("feature/x"));
    assert_eq!(
        repo.branches().await.unwrap(),
        ["feature/x", "main", "same"]
    );
    assert_eq!(repo.head("feature/x").await.unwrap(), made);
    let tag = Push {
        target: Target::Tag("v1".to_owned()),
        ..to_checked_out()
    };
    for _ in 0..2 {
        assert_eq!(desk.push_as(&repo, "out", &tag).await.unwrap().commit, made);
        assert_eq!(repo.head("refs/tags/v1").await.unwrap(), made);
    }
    desk.change("out", "a", "2").await;
    let error = desk.push_as(&repo, "out", &tag).await.unwrap_err();
    assert!(error.to_string().contains("tag `v1`"), "{error}");
    let error = desk
        .push_as(&repo, "out", &to_branch("a..b"))
        .await
        .unwrap_err();
    assert!(matches!(error, GitError::Name { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_are_put_on_top_of_what_others_have_pushed() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    desk.change("out", "a", "1").await;
    let own = desk.change("out", "b", "1").await.commit;
    desk.write("out", "untouched", "x");
    let theirs = repo
        .commit("main", "theirs", &[("env/dev/values.yaml", "tag: z\n")])
        .await
        .unwrap();
    let pushed = desk.push(&repo, "out").await.unwrap();
    assert_ne!(pushed.commit, own);
    let log = repo.log("main").await.unwrap();
    assert_eq!(log[0].id, pushed.commit);
    let messages: Vec<_> = log.iter().map(|entry| entry.message.as_str()).collect();
    assert_eq!(messages, ["b 1", "a 1", "theirs", "seed"]);
    assert_eq!(log[1].parents, [theirs]);
    // The work tree has what was pushed, and keeps what was not committed.
    assert_eq!(
        desk.read("out", "env/dev/values.yaml").as_deref(),
        Some("tag: z\n")
    );
    assert_eq!(desk.read("out", "untouched").as_deref(), Some("x"));
    let next = desk.change("out", "c", "1").await.commit;
    assert_eq!(desk.push(&repo, "out").await.unwrap().commit, next);
    assert_eq!(repo.log("main").await.unwrap().len(), 5);
    let expected = [
        "README.md",
        "a",
        "b",
        "c",
        "env/dev/values.yaml",
        "untouched",
    ];
    assert_eq!(repo.files("main").await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_say_how_commits_come_together() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    for (policy, parents) in [
        (PushPolicy::AlwaysRebase, 1),
        (PushPolicy::RebaseOrMerge, 1),
        (PushPolicy::RebaseOrFail, 1),
        (PushPolicy::AlwaysMerge, 2),
    ] {
        let name = format!("{policy:?}");
        repo.branch(&name, "main").await.unwrap();
        desk.checkout(&repo, &name, branch(&name)).await.unwrap();
        desk.change(&name, "mine", "1").await;
        repo.commit(&name, "theirs", &[("theirs", "1")])
            .await
            .unwrap();
        let what = Push {
            policy: Some(policy),
            ..to_checked_out()
        };
        desk.push_as(&repo, &name, &what).await.unwrap();
        let log = repo.log(&name).await.unwrap();
        assert_eq!(log[0].parents.len(), parents, "{name}");
        assert!(
            repo.files(&name)
                .await
                .unwrap()
                .contains(&"theirs".to_owned())
        );
    }
    let log = repo.log("AlwaysMerge").await.unwrap();
    assert_eq!(
        log[0].message,
        format!("Merge branch 'AlwaysMerge' of {}", repo.url())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_committed_is_not_rewritten_unless_that_is_the_policy() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    repo.commit("feature", "by Ada", &[("feature", "1")])
        .await
        .unwrap();
    repo.branch("feature", "main").await.unwrap();
    repo.commit("feature", "by Ada", &[("feature", "1")])
        .await
        .unwrap();
    repo.commit("main", "theirs", &[("theirs", "1")])
        .await
        .unwrap();
    desk.checkout(&repo, "out", branch("feature"))
        .await
        .unwrap();
    desk.change("out", "mine", "1").await;
    let fail = Push {
        policy: Some(PushPolicy::RebaseOrFail),
        ..to_branch("main")
    };
    let error = desk.push_as(&repo, "out", &fail).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("rewrite what somebody else has committed"),
        "{error}"
    );
    assert_eq!(error.retry(), Retry::Never);
    let merge = Push {
        policy: Some(PushPolicy::RebaseOrMerge),
        ..to_branch("main")
    };
    desk.push_as(&repo, "out", &merge).await.unwrap();
    let log = repo.log("main").await.unwrap();
    assert_eq!(log[0].parents.len(), 2);
    assert_eq!(log.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_in_the_same_place_are_a_conflict_and_files_are_named() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    desk.main(&repo, "fine").await;
    desk.change("out", "env/dev/values.yaml", "tag: mine\n")
        .await;
    desk.change("fine", "other", "1").await;
    repo.commit(
        "main",
        "theirs",
        &[("env/dev/values.yaml", "tag: theirs\n")],
    )
    .await
    .unwrap();
    let (conflict, fine) = tokio::join!(desk.push(&repo, "out"), desk.push(&repo, "fine"));
    let conflict = conflict.unwrap_err();
    let GitError::Conflict { files, branch, .. } = &conflict else {
        panic!("{conflict}")
    };
    assert_eq!(
        (files.as_slice(), branch.as_str()),
        (["env/dev/values.yaml".to_owned()].as_slice(), "main")
    );
    assert_eq!(conflict.retry(), Retry::Never);
    fine.unwrap();
    assert_eq!(
        repo.read("main", "env/dev/values.yaml").await.unwrap(),
        "tag: theirs\n"
    );
    assert_eq!(repo.read("main", "other").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn force_overwrites_and_a_careful_force_looks_first() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    let mine = desk.change("out", "a", "1").await.commit;
    repo.commit("main", "theirs", &[("theirs", "1")])
        .await
        .unwrap();
    let careful = Push {
        force: Force::IfUnmoved,
        ..to_checked_out()
    };
    let error = desk.push_as(&repo, "out", &careful).await.unwrap_err();
    assert!(matches!(error, GitError::Moved { .. }), "{error}");
    let force = Push {
        force: Force::Always,
        ..to_checked_out()
    };
    for _ in 0..2 {
        assert_eq!(
            desk.push_as(&repo, "out", &force).await.unwrap().commit,
            mine
        );
        assert_eq!(repo.head("main").await.unwrap(), mine);
    }
    let next = desk.change("out", "a", "2").await.commit;
    assert_eq!(
        desk.push_as(&repo, "out", &careful).await.unwrap().commit,
        next
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_rejects_is_an_error_with_its_reason() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    let made = desk.change("out", "a", "1").await.commit;
    repo.reject_pushes("no pushes on Friday").unwrap();
    let error = desk.push(&repo, "out").await.unwrap_err();
    assert!(matches!(error, GitError::Rejected { .. }), "{error}");
    assert_eq!(error.retry(), Retry::Never);
    let text = error.to_string();
    assert!(
        text.contains("branch `main`") && text.contains("no pushes on Friday"),
        "{text}"
    );
    repo.accept_pushes();
    assert_eq!(desk.push(&repo, "out").await.unwrap().commit, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rejected_push_does_not_fail_those_that_travel_with_it() {
    let desk = Arc::new(Desk::new().await);
    let repo = desk.repo("acme/app").await;
    // All or nothing, as servers do that check before they take anything.
    let hook = "#!/bin/sh\nwhile read old new ref; do\n  git ls-tree -r --name-only $new | \
                grep -q bad && { echo bad file >&2; exit 1; }\ndone\nexit 0\n";
    std::fs::write(repo.folder().join("hooks/pre-receive"), hook).unwrap();
    let mut pushes = Vec::new();
    for nth in 0..6 {
        let name = format!("w{nth}");
        desk.main(&repo, &name).await;
        let file = if nth == 2 {
            "bad".to_owned()
        } else {
            format!("f{nth}")
        };
        desk.change(&name, &file, "1").await;
        let target = if nth % 2 == 0 {
            to_checked_out()
        } else {
            to_branch(&name)
        };
        let (desk, repo) = (desk.clone(), repo.clone());
        pushes.push(async move { desk.push_as(&repo, &name, &target).await });
    }
    let results = futures::future::join_all(pushes).await;
    for (nth, result) in results.into_iter().enumerate() {
        assert_eq!(result.is_err(), nth == 2, "{nth}: {result:?}");
    }
    let expected = ["README.md", "env/dev/values.yaml", "f0", "f4"];
    assert_eq!(repo.files("main").await.unwrap(), expected);
    assert_eq!(repo.branches().await.unwrap(), ["main", "w1", "w3", "w5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moves_during_the_push_is_tried_again() {
    let desk = Arc::new(Desk::new().await);
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    desk.change("out", "a", "1").await;
    repo.hold_pushes().unwrap();
    let push = {
        let (desk, repo) = (desk.clone(), repo.clone());
        tokio::spawn(async move { desk.push(&repo, "out").await })
    };
    wait_for("the push is held", Duration::from_secs(10), || async {
        anyhow::ensure!(repo.pushes_held() == 1);
        Ok(())
    })
    .await
    .unwrap();
    repo.commit("main", "faster", &[("faster", "1")])
        .await
        .unwrap();
    repo.accept_pushes();
    push.await.unwrap().unwrap();
    assert_eq!(
        repo.files("main").await.unwrap(),
        ["README.md", "a", "env/dev/values.yaml", "faster"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_limited() {
    let desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    desk.change("out", "a", "1").await;
    // Somebody is always faster.
    let hook = "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
                new=$(git commit-tree -p main -m faster main^{tree}) && git update-ref refs/heads/main $new\n";
    std::fs::write(repo.folder().join("hooks/pre-receive"), hook).unwrap();
    let what = Push {
        max_attempts: 2,
        ..to_checked_out()
    };
    let error = desk.push_as(&repo, "out", &what).await.unwrap_err();
    assert!(
        matches!(error, GitError::Moved { attempts: 2, .. }),
        "{error}"
    );
    assert_eq!(error.retry(), Retry::Soon);
    assert_eq!(repo.log("main").await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_push_finds_what_was_pushed() {
    let mut desk = Desk::new().await;
    let repo = desk.repo("acme/app").await;
    desk.main(&repo, "out").await;
    let own = desk.change("out", "a", "1").await.commit;
    repo.commit("main", "theirs", &[("theirs", "1")])
        .await
        .unwrap();
    let pushed = desk.push(&repo, "out").await.unwrap();
    assert_ne!(pushed.commit, own);
    // Killed right after the server took it: neither the work tree nor anybody knows.
    desk.restart();
    let undo = |args: &[&str]| {
        let work_tree = desk.path("out");
        let done = std::process::Command::new("git")
            .args(args)
            .current_dir(work_tree)
            .status();
        assert!(done.unwrap().success());
    };
    undo(&["reset", "--hard", "--quiet", &own]);
    assert_eq!(
        files(&desk.path("out")),
        ["README.md", "a", "env/dev/values.yaml"]
    );
    repo.commit("main", "later", &[("later", "1")])
        .await
        .unwrap();
    let length = repo.log("main").await.unwrap().len();
    for _ in 0..2 {
        let again = desk.push(&repo, "out").await.unwrap();
        assert_eq!(again, pushed);
        assert_eq!(repo.log("main").await.unwrap().len(), length);
        assert_eq!(desk.read("out", "theirs").as_deref(), Some("1"));
    }
}
