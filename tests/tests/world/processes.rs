//! Processes end with their owner.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::ensure;
use argosy_tests::{Folder, Launch, wait_for};

fn runs(pid: u32) -> bool {
    // A process that has ended but was not waited for still has an entry; it is a zombie.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[tokio::test]
async fn a_dropped_process_is_gone_with_what_it_started() {
    let folder = Folder::new().unwrap();
    let script = "sleep 1000 & echo $! > inner; echo started; wait";
    let process = Launch::new("outer", "sh", folder.path())
        .args(["-c", script])
        .start()
        .unwrap();
    process
        .ready(Duration::from_secs(5), || async {
            process.log().contains("started")
        })
        .await
        .unwrap();
    let inner = std::fs::read_to_string(folder.path().join("inner")).unwrap();
    let inner = inner.trim().parse().unwrap();
    let outer = process.pid().unwrap();
    assert!(runs(inner) && runs(outer));
    drop(process);
    wait_for("both end", Duration::from_secs(5), || async {
        ensure!(!runs(inner) && !runs(outer), "one still runs");
        Ok(())
    })
    .await
    .unwrap();
    let path = folder.path().to_owned();
    drop(folder);
    assert!(!path.exists());
}

#[tokio::test]
async fn signals_exit_codes_and_restarts_arrive() {
    let folder = Folder::new().unwrap();
    let script = "trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.02; done";
    let process = Launch::new("p", "sh", folder.path())
        .args(["-c", script])
        .start()
        .unwrap();
    for times in 1..=2 {
        let ready = || async { process.log().matches("ready").count() == times };
        process.ready(Duration::from_secs(5), ready).await.unwrap();
        assert_eq!(process.ended(), None);
        assert!(0 < process.resident_bytes().unwrap());
        process.signal("TERM").unwrap();
        assert_eq!(process.wait(Duration::from_secs(5)).await.unwrap(), 7);
        process.restart().unwrap();
    }
    process.kill();
    assert_eq!(process.ended(), Some(137));
}

#[tokio::test]
async fn a_start_that_fails_shows_the_log() {
    let folder = Folder::new().unwrap();
    let script = "echo the disk is on fire >&2; exit 3";
    let process = Launch::new("p", "sh", folder.path())
        .args(["-c", script])
        .start()
        .unwrap();
    let error = process
        .ready(Duration::from_secs(5), || async { false })
        .await
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("ended with 3") && error.contains("the disk is on fire"),
        "{error}"
    );
}

/// Does nothing unless [`nothing_outlives_a_killed_owner`] runs it in a process of its own.
#[tokio::test]
async fn an_owner_to_be_killed() {
    let Some(folder) = std::env::var_os("ARGOSY_TEST_OWNER") else {
        return;
    };
    let inside = Folder::new().unwrap();
    let process = Launch::new("p", "sleep", inside.path())
        .arg("1000")
        .start()
        .unwrap();
    let told = format!("{} {}", process.pid().unwrap(), inside.path().display());
    std::fs::write(Path::new(&folder).join("part"), told).unwrap();
    std::fs::rename(
        Path::new(&folder).join("part"),
        Path::new(&folder).join("told"),
    )
    .unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn nothing_outlives_a_killed_owner() {
    let folder = Folder::new().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::an_owner_to_be_killed"])
        .env("ARGOSY_TEST_OWNER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let told = wait_for("the owner starts", Duration::from_secs(10), || async {
        Ok(std::fs::read_to_string(folder.path().join("told"))?)
    })
    .await
    .unwrap();
    let (pid, inside) = told.split_once(' ').unwrap();
    let pid = pid.parse().unwrap();
    assert!(runs(pid) && Path::new(inside).exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for("all is gone", Duration::from_secs(10), || async {
        ensure!(!runs(pid), "the process {pid} still runs");
        ensure!(!Path::new(inside).exists(), "{inside} is still there");
        Ok(())
    })
    .await
    .unwrap();
}
