//! Values files in one branch, changed as Kargo 0.8 did it.

use super::Seed;

fn values(stage: &str) -> String {
    format!(
        "# {stage}
image:
  repository: ealen/echo-server
  tag: 0.6.0 # changed by promotions

replicaCount: 1
"
    )
}

fn files() -> Vec<(String, String)> {
    let path = |stage| format!("snippets/02-kargo/app/{stage}.yaml");
    ECHO_SERVER
        .stages
        .map(|stage| (path(stage), values(stage)))
        .into()
}

fn tags() -> Vec<String> {
    let tags = [
        "0.5.0", "0.5.1", "0.5.2", "0.6.0", "0.7.0", "0.8.0", "0.8.12", "0.9.0", "0.9.1",
    ];
    tags.into_iter()
        .chain(["0.9.2", "latest"])
        .map(str::to_owned)
        .collect()
}

/// The tag of an image in a values file for each stage, all in one branch.
pub const ECHO_SERVER: Seed = Seed {
    folder: "echo-server",
    project: "echo-server",
    warehouse: "echo-server-image",
    stages: ["development", "staging", "production"],
    applications: None,
    images: "docker.io/ealen/echo-server",
    tags,
    repository: "github.com/krzwiatrzyk/blog",
    branch: "master",
    files,
    user: "krzwiatrzyk",
};
