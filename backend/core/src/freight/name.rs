//! Names that follow from what is named: the same artifacts have the same name everywhere.

use argosy_api::artifact::{ArtifactReference, Chart, FreightOrigin, GitCommit, Image};
use argosy_api::freight::Freight;
use sha1::{Digest as _, Sha1};

use crate::urls::{normalize_chart, normalize_git};

/// The name of Freight with this origin and these artifacts: 40 hexadecimal digits. Alias,
/// branches, messages, authors and annotations do not count.
pub fn name(freight: &Freight) -> String {
    let FreightOrigin { kind, name } = &freight.origin;
    let commits = freight.commits.iter().map(commit);
    let images = freight.images.iter().map(image);
    let charts = freight.charts.iter().map(chart);
    let artifacts = freight.artifacts.iter().map(artifact);
    let mut parts: Vec<String> = commits
        .chain(images)
        .chain(charts)
        .chain(artifacts)
        .collect();
    parts.sort_unstable();
    hex_sha1(&format!("{kind}/{name}:{}", parts.join("|")))
}

/// The id of a collection of Freight, from the names of the Freight in it.
pub fn collection_id<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    hex_sha1(&names.join(","))
}

fn commit(commit: &GitCommit) -> String {
    let GitCommit {
        repo_url,
        id,
        tag,
        subscription_name,
        ..
    } = commit;
    let repo = normalize_git(repo_url);
    let part = match text(tag) {
        "" => format!("{repo}:{id}"),
        tag => format!("{repo}:{tag}:{id}"),
    };
    with_subscription(part, subscription_name)
}

fn image(image: &Image) -> String {
    let Image {
        repo_url,
        tag,
        digest,
        subscription_name,
        ..
    } = image;
    let part = format!("{repo_url}:{}@{}", text(tag), text(digest));
    with_subscription(part, subscription_name)
}

fn chart(chart: &Chart) -> String {
    let Chart {
        repo_url,
        name,
        version,
        subscription_name,
    } = chart;
    let place = join(&normalize_chart(repo_url), text(name));
    with_subscription(format!("{place}:{version}"), subscription_name)
}

fn artifact(artifact: &ArtifactReference) -> String {
    let ArtifactReference {
        artifact_type,
        subscription_name,
        version,
        ..
    } = artifact;
    format!("{artifact_type}:{subscription_name}:{version}")
}

fn with_subscription(part: String, subscription: &Option<String>) -> String {
    match text(subscription) {
        "" => part,
        subscription => format!("{part}:{subscription}"),
    }
}

fn text(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default()
}

/// Joins as paths are joined, so that `https://` becomes `https:/`. That is odd, and part of the
/// names that Freight has.
fn join(base: &str, name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let rooted = base.starts_with('/') || (base.is_empty() && name.starts_with('/'));
    for part in base.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if rooted { format!("/{joined}") } else { joined }
}

fn hex_sha1(text: &str) -> String {
    Sha1::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freight(yaml: &str) -> Freight {
        yaml_serde::from_str(yaml).unwrap()
    }

    #[test]
    fn names_are_those_that_kargo_gives() {
        let digest = "a".repeat(64);
        let image = format!(
            "{{repoURL: public.ecr.aws/nginx/nginx, tag: 1.27.0, digest: 'sha256:{digest}'}}"
        );
        let one = freight(&format!(
            "{{origin: {{kind: Warehouse, name: kargo-demo}}, images: [{image}]}}"
        ));
        assert_eq!(name(&one), "91d5ea3c77715372c132c25545492d4970394102");
        let all = freight(&format!(
            "origin: {{kind: Warehouse, name: wh}}
commits:
- repoURL: https://github.com/example/repo.git
  tag: v1.0.0
  id: 0123456789abcdef0123456789abcdef01234567
images: [{image}]
charts: [{{repoURL: 'https://charts.example.com/stable', name: demo, version: 1.2.3}}]
"
        ));
        assert_eq!(name(&all), "5e9a78a711f42bca03d91b8f80249f3a1886b035");
    }

    /// As a running Kargo named them.
    #[test]
    fn observed_names_are_reproduced() {
        let app = freight(
            "origin: {kind: Warehouse, name: app}
images:
- repoURL: 127.0.0.1:15000/s1a/app
  tag: 1.7.0
  digest: sha256:aa4bdc83e3e28abcc0ae010dbb255ebfc89c6b1df1841ee2e1570aea27119cdd
",
        );
        assert_eq!(name(&app), "a78f898038ca86a417f132ab5f6c111b498e5eff");
        let git = freight(
            "origin: {kind: Warehouse, name: svc-056}
commits:
- author: Bench <bench@example.com>
  branch: main
  id: 752acee7cd03e340cdf6ed1693f4e295bfc85dd9
  repoURL: http://127.0.0.1:13000/s3a-mono.git
",
        );
        assert_eq!(name(&git), "00fec0d93ee17ea282bd46aa63ddb365d5ab4bf7");
        assert_eq!(
            collection_id(["a78f898038ca86a417f132ab5f6c111b498e5eff"]),
            "9d9939ee8c59ca5a16dc856ccd83b65bea1b1f9a"
        );
    }

    #[test]
    fn what_does_not_identify_does_not_count() {
        let with = |rest: &str| {
            let commit = format!("{{repoURL: 'https://h/r.git', id: abc{rest}}}");
            name(&freight(&format!(
                "{{origin: {{kind: Warehouse, name: w}}, commits: [{commit}]}}"
            )))
        };
        assert_eq!(
            with(""),
            with(", branch: main, message: m, author: a, committer: c")
        );
        assert_eq!(with(""), with(", tag: ''"));
        assert_ne!(with(""), with(", tag: v1"));
        assert_ne!(with(""), with(", subscriptionName: s"));
    }

    #[test]
    fn the_order_of_artifacts_and_collections_does_not_count() {
        let images = |list: &str| {
            name(&freight(&format!(
                "{{origin: {{kind: Warehouse, name: w}}, images: [{list}]}}"
            )))
        };
        assert_eq!(
            images("{repoURL: a}, {repoURL: b}"),
            images("{repoURL: b}, {repoURL: a}")
        );
        assert_eq!(collection_id(["a", "b"]), collection_id(["b", "a"]));
        assert_eq!(join("https://h/p/", ""), "https:/h/p");
        assert_eq!(join("ghcr.io/a", "../b"), "ghcr.io/b");
    }
}
