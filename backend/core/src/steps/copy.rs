//! `copy`: copies files and folders inside the work directory.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Copies a file, or a folder with what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The file or folder to copy.
    #[schemars(length(min = 1))]
    pub in_path: String,
    /// Where to. Folders are made; what is there already and has no counterpart stays.
    #[schemars(length(min = 1))]
    pub out_path: String,
    /// Patterns of what not to copy, one on a line, as in a `.gitignore` file.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub ignore: Option<String>,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "copy",
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
