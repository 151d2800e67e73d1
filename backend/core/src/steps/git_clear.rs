//! `git-clear`: empties a work tree.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Deletes everything in a work tree but its connection to the repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The work tree, as a `path` of `git-clone`.
    #[schemars(length(min = 1))]
    pub path: String,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "git-clear",
    default_timeout: Duration::from_secs(2 * 60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[],
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
