//! `fail`: ends the promotion.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Fails the promotion, most often under an `if`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Why, for whoever looks at the promotion.
    #[serde(default)]
    pub message: Option<String>,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "fail",
    default_timeout: Duration::from_secs(60),
    default_error_threshold: 1,
    fills_workdir: false,
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
