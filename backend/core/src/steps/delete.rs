//! `delete`: deletes files and folders of the work directory.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Problems, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Deletes files and folders, folders with what is in them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// What to delete. Either this or `paths`.
    #[serde(default)]
    pub path: Option<String>,
    /// All that is to be deleted. Either this or `path`.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub paths: Vec<String>,
    /// Whether the paths are patterns: `*`, `?`, `[a-z]`, `{a,b}` and `**` for any folders.
    #[serde(default)]
    pub paths_are_globs: bool,
    /// Whether it is an error if there is nothing to delete.
    #[serde(default)]
    pub strict: bool,
}

impl Config {
    /// All paths, whichever field they are in.
    pub fn all_paths(&self) -> impl Iterator<Item = &str> {
        let one = self.path.as_deref().filter(|path| !path.is_empty());
        one.into_iter().chain(self.paths.iter().map(String::as_str))
    }
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "delete",
    default_timeout: Duration::from_secs(60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[],
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
    problems.exactly_one("", config, &["path", "paths"]);
    if config["paths"].as_array().is_some_and(Vec::is_empty) {
        problems.add("paths", "must not be empty");
    }
}
