//! The repository keeps its own rules: who may depend on whom, how long a file is, where links lead.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at the first thing that is not as it should be"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files that may be longer. The list may only become shorter.
const LONG_FILES: &[&str] = &[];
const LONGEST: usize = 600;

#[test]
fn what_decides_cannot_reach_what_does() {
    let outside = ["tokio", "hyper", "reqwest", "git2", "kube-client", "axum"];
    for pure in ["argosy-core", "argosy-expr"] {
        let reached = reached_by(pure);
        let forbidden: Vec<_> = outside.iter().filter(|it| reached.contains(**it)).collect();
        assert!(forbidden.is_empty(), "{pure} reaches {forbidden:?}");
    }
}

#[test]
fn what_crosses_http_depends_on_serde_alone() {
    let allowed = ["argosy-wire", "serde", "serde_core", "serde_derive"];
    let compilers = ["proc-macro2", "quote", "syn", "unicode-ident"];
    let reached = reached_by("argosy-wire");
    let others: Vec<_> = reached
        .iter()
        .filter(|it| !allowed.contains(&it.as_str()) && !compilers.contains(&it.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn only_the_shell_knows_both_decisions_and_wire_and_nobody_depends_on_it() {
    for crate_ in [
        "argosy-api",
        "argosy-core",
        "argosy-expr",
        "argosy-wire",
        "argosy-tests",
    ] {
        let reached = reached_by(crate_);
        let both = reached.contains("argosy-core") && reached.contains("argosy-wire");
        assert!(!both, "{crate_} knows both core and wire");
        assert!(!reached.contains("argosy"), "{crate_} depends on the shell");
    }
    assert!(!reached_by("argosy-api").contains("argosy-core"));
    assert!(!reached_by("argosy-expr").contains("argosy-api"));
}

#[test]
fn files_are_short() {
    let long: Vec<_> = files("rs")
        .into_iter()
        .map(|path| {
            (
                name(&path),
                fs::read_to_string(&path).unwrap().lines().count(),
            )
        })
        .filter(|(name, lines)| LONGEST < *lines && !LONG_FILES.contains(&name.as_str()))
        .collect();
    assert!(long.is_empty(), "look for the second subject in {long:?}");
}

#[test]
fn links_within_the_repository_lead_somewhere() {
    let mut broken = Vec::new();
    for page in files("md") {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            if !page.parent().unwrap().join(path).exists() {
                broken.push(format!("{}: {link}", name(&page)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn unfinished_work_names_its_issue() {
    let word = ["TO", "DO"].concat();
    let mut loose = Vec::new();
    for path in files("rs").into_iter().chain(files("md")) {
        for (at, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let loose_end =
                line.contains(&format!("{word}:")) || line.contains(&format!("{word} "));
            if loose_end && !line.contains(&format!("{word}(#")) {
                loose.push(format!("{}:{}", name(&path), at + 1));
            }
        }
    }
    assert!(loose.is_empty(), "{loose:?}");
}

/// The crates that a crate reaches when it is built alone, itself included.
fn reached_by(crate_: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    let args = [
        "tree",
        "--offline",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let output = cargo
        .args(args)
        .args(["--package", crate_])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    let first = |line: &str| line.split(' ').next().map(ToOwned::to_owned);
    let reached: BTreeSet<_> = tree
        .lines()
        .filter_map(first)
        .filter(|it| !it.is_empty())
        .collect();
    assert!(reached.contains(crate_), "cargo tree says {tree}");
    reached
}

/// The targets of a page's links and pictures, outside of its code.
fn links(text: &str) -> Vec<String> {
    let mut code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        let plain: Vec<_> = line.split('`').step_by(2).collect();
        for part in plain.join("").split("](").skip(1) {
            found.extend(part.split(')').next().map(ToOwned::to_owned));
        }
    }
    found
}

/// The files that Git knows, with this ending.
fn files(ending: &str) -> Vec<PathBuf> {
    let pattern = format!("*.{ending}");
    let args = [
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        &pattern,
    ];
    let output = Command::new("git")
        .args(args)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success());
    let listed = String::from_utf8(output.stdout).unwrap();
    let files: Vec<_> = listed
        .lines()
        .map(|it| root().join(it))
        .filter(|it| it.is_file())
        .collect();
    assert!(!files.is_empty(), "no {pattern}");
    files
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}
