//! Tells the program which commit it is built from.

use std::path::Path;
use std::process::Command;

fn main() {
    println!(
        "cargo:rustc-env=ARGOSY_COMMIT={}",
        commit().unwrap_or_else(|| "unknown".to_owned())
    );
    println!("cargo:rerun-if-env-changed=ARGOSY_COMMIT");
    // A new commit moves the head's log; a work tree keeps its own.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"])
        && Path::new(&log).exists()
    {
        println!("cargo:rerun-if-changed={log}");
    } else {
        println!("cargo:rerun-if-changed=build.rs");
    }
}

/// A container build has no checkout, so the environment may say it.
fn commit() -> Option<String> {
    let given = std::env::var("ARGOSY_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty());
    given.or_else(|| git(&["rev-parse", "--short=12", "HEAD"]))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
