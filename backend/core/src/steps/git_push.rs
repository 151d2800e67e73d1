//! `git-push`: pushes the commits of a work tree.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Problems, nothing_outdated, whole_number};
use super::{ConfigError, Output, StepKind, schema};

/// Pushes a work tree's commits. If others have pushed meanwhile, they are integrated first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The work tree, as a `path` of `git-clone`.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Branch to push to. Without it, the branch that was checked out.
    #[serde(default)]
    pub target_branch: Option<String>,
    /// Whether to push to a branch of this promotion's own, `kargo/promotion/<promotion>`.
    #[serde(default)]
    pub generate_target_branch: bool,
    /// Tag to push, instead of a branch.
    #[serde(default)]
    pub tag: Option<String>,
    /// Whether the branch is overwritten. What others have pushed to it is lost.
    #[serde(default)]
    pub force: bool,
    /// How often to try when others keep pushing to the branch.
    #[serde(default = "ten", deserialize_with = "whole_number")]
    #[schemars(range(min = 1))]
    pub max_attempts: u32,
    /// Kind of the Git server, for the address of the commit. Without it, it is told from the host.
    #[serde(default)]
    pub provider: Option<Provider>,
}

/// A kind of Git server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Provider {
    Azure,
    Bitbucket,
    Gitea,
    Github,
    Gitlab,
}

/// Where to push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The branch that was checked out.
    CheckedOut,
    /// This branch.
    Branch(&'a str),
    /// A branch of the promotion's own.
    Generated,
    /// This tag.
    Tag(&'a str),
}

impl Config {
    /// Where to push.
    pub fn target(&self) -> Target<'_> {
        let branch = self
            .target_branch
            .as_deref()
            .filter(|branch| !branch.is_empty());
        let tag = self.tag.as_deref().filter(|tag| !tag.is_empty());
        match (branch, tag, self.generate_target_branch) {
            (Some(branch), _, _) => Target::Branch(branch),
            (None, Some(tag), _) => Target::Tag(tag),
            (None, None, true) => Target::Generated,
            (None, None, false) => Target::CheckedOut,
        }
    }
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "git-push",
    default_timeout: Duration::from_secs(10 * 60),
    default_error_threshold: 1,
    fills_workdir: false,
    outputs: &[
        Output {
            name: "commit",
            description: "The commit that was pushed.",
        },
        Output {
            name: "branch",
            description: "The branch that it was pushed to.",
        },
        Output {
            name: "commitURL",
            description: "The commit's page, if the kind of Git server is known.",
        },
    ],
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
    problems.at_most_one("", config, &["targetBranch", "generateTargetBranch", "tag"]);
    problems.at_most_one("", config, &["force", "tag"]);
}

fn ten() -> u32 {
    10
}
