//! `yaml-update`: sets values in a YAML file.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, Output, StepKind, schema};

/// Sets values in a YAML file and leaves everything else in it as it is.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The file.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The values to set.
    #[schemars(length(min = 1))]
    pub updates: Vec<Update>,
}

/// A value to set.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Update {
    /// Which value: keys joined by dots, list elements by number, `\.` for a dot in a key.
    #[schemars(length(min = 1))]
    pub key: String,
    /// The new value.
    pub value: Value,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "yaml-update",
    default_timeout: Duration::from_secs(60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[Output {
        name: "commitMessage",
        description: "What was changed, for `git-commit`.",
    }],
    schema: LazyLock::new(schema::of::<Config>),
    rules: no_rules,
    outdated: nothing_outdated,
};

/// Reads a configuration whose expressions have been evaluated.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(config: &Value) -> Result<Config, ConfigError> {
    KIND.parse(config)
}
