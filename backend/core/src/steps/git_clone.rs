//! `git-clone`: puts work trees of a repository into the work directory.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Problems, child, items, nothing_outdated};
use super::{ConfigError, Output, StepKind, schema};

/// Clones a repository and checks out one or more revisions, each in a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The repository.
    #[serde(rename = "repoURL")]
    #[schemars(length(min = 1))]
    pub repo_url: String,
    /// What to check out, and where.
    #[schemars(length(min = 1))]
    pub checkout: Vec<Checkout>,
    /// Author and committer of the commits that later steps make in these work trees.
    #[serde(default)]
    pub author: Option<Author>,
    /// Whether a certificate that nobody vouches for is accepted.
    #[serde(default, rename = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: bool,
    /// Whether submodules are fetched and checked out too.
    #[serde(default)]
    pub recurse_submodules: bool,
    /// Changes nothing: file contents are fetched once, into the copy that all promotions share.
    #[serde(default)]
    pub blobless: bool,
}

/// A revision and the folder for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkout {
    /// The folder, inside the work directory.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Branch to check out. Without branch, tag and commit, the default branch.
    #[serde(default)]
    pub branch: Option<String>,
    /// Commit to check out, by its hash.
    #[serde(default)]
    pub commit: Option<String>,
    /// Tag to check out.
    #[serde(default)]
    pub tag: Option<String>,
    /// Whether the branch is made, with one commit that has no files, if it does not exist.
    #[serde(default)]
    pub create: bool,
    /// Key of the commit in the output `commits`. Without it, `path`.
    #[serde(default, rename = "as")]
    pub output_key: Option<String>,
    /// Folders to check out; others are left out.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub sparse: Vec<String>,
}

/// Who commits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Author {
    /// Name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Mail address.
    #[schemars(length(min = 1))]
    pub email: String,
    /// Armoured OpenPGP private key to sign commits with.
    #[serde(default)]
    pub signing_key: Option<String>,
}

/// What is checked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision<'a> {
    /// The head of the repository's default branch.
    DefaultBranch,
    /// The head of a branch, which must exist.
    Branch(&'a str),
    /// The head of a branch, which is made if it does not exist.
    BranchOrNew(&'a str),
    /// What a tag points to.
    Tag(&'a str),
    /// A commit.
    Commit(&'a str),
}

impl Checkout {
    /// What is to be checked out.
    pub fn revision(&self) -> Revision<'_> {
        match (
            given(self.branch.as_ref()),
            given(self.tag.as_ref()),
            given(self.commit.as_ref()),
        ) {
            (Some(branch), _, _) if self.create => Revision::BranchOrNew(branch),
            (Some(branch), _, _) => Revision::Branch(branch),
            (None, Some(tag), _) => Revision::Tag(tag),
            (None, None, Some(commit)) => Revision::Commit(commit),
            (None, None, None) => Revision::DefaultBranch,
        }
    }

    /// The key of this checkout's commit in the output `commits`.
    pub fn output_key(&self) -> &str {
        given(self.output_key.as_ref()).unwrap_or(&self.path)
    }
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "git-clone",
    default_timeout: Duration::from_secs(10 * 60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[Output {
        name: "commits",
        description: "The commit of each checkout, by its `as` or else its `path`.",
    }],
    schema: LazyLock::new(schema::of::<Config>),
    rules,
    outdated: nothing_outdated,
};

/// Reads a configuration whose expressions have been evaluated.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(config: &Value) -> Result<Config, ConfigError> {
    KIND.parse(config)
}

fn rules(config: &Value, problems: &mut Problems) {
    let (mut paths, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for (at, checkout) in items("", config, "checkout") {
        problems.at_most_one(&at, checkout, &["branch", "commit", "tag"]);
        if checkout["create"] == Value::Bool(true) && !problems.is_given(&checkout["branch"]) {
            problems.add(&child(&at, "create"), "needs branch");
        }
        let path = checkout["path"].as_str();
        let key = checkout["as"].as_str().filter(|key| !key.is_empty());
        if let Some(path) = path
            && !paths.insert(path.trim_start_matches("./").trim_end_matches('/'))
        {
            problems.add(&child(&at, "path"), "is used by an earlier checkout");
        }
        if let Some(key) = key.or(path)
            && !keys.insert(key)
        {
            problems.add(&child(&at, "as"), "is used by an earlier checkout");
        }
    }
}
