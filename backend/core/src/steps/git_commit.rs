//! `git-commit`: commits what has changed in a work tree.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Outdated, Problems, output_of};
use super::git_clone::Author;
use super::{ConfigError, Output, StepKind, schema};

/// Commits every change in a work tree. Without changes nothing is committed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The work tree, as a `path` of `git-clone`.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The commit message.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub message: Option<String>,
    /// Older form of `message`: aliases of the steps whose `commitMessage` outputs make up the
    /// message.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub message_from_steps: Vec<String>,
    /// Author and committer. Without it, those that `git-clone` was given.
    #[serde(default)]
    pub author: Option<Author>,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "git-commit",
    default_timeout: Duration::from_secs(2 * 60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[Output {
        name: "commit",
        description: "The new commit, or the one that was there if nothing has changed.",
    }],
    schema: LazyLock::new(schema::of::<Config>),
    rules,
    outdated,
};

/// Reads a configuration whose expressions have been evaluated.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(config: &Value) -> Result<Config, ConfigError> {
    KIND.parse(config)
}

/// The message for `messageFromSteps`, from the `commitMessage` outputs of those steps: the only
/// one as it is, or all of them under a headline.
pub fn joined_message(messages: &[&str]) -> String {
    match messages {
        [] => String::new(),
        [only] => (*only).to_owned(),
        several => {
            let bodies = several.iter().map(|message| message.trim_end());
            let bodies: Vec<&str> = bodies.collect();
            format!("Apply {} updates\n\n{}", several.len(), bodies.join("\n\n"))
        }
    }
}

fn rules(config: &Value, problems: &mut Problems) {
    problems.at_most_one("", config, &["message", "messageFromSteps"]);
    let steps = &config["messageFromSteps"];
    let from_steps =
        problems.is_given(steps) && steps.as_array().is_none_or(|steps| !steps.is_empty());
    if !problems.is_given(&config["message"]) && !from_steps {
        problems.add("message", "required field is missing");
    }
}

fn outdated(config: &Value) -> Vec<Outdated> {
    let steps = config["messageFromSteps"].as_array().into_iter().flatten();
    let messages: Vec<String> = steps
        .filter_map(Value::as_str)
        .map(|step| output_of(step, "commitMessage"))
        .collect();
    if messages.is_empty() {
        return Vec::new();
    }
    let instead = format!("message: {}", messages.join(" "));
    vec![Outdated {
        path: "messageFromSteps".to_owned(),
        instead,
    }]
}
