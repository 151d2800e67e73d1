//! `compose-output`: leaves its configuration as its output.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Gives names to values, for later steps and for the task that the step belongs to.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Config {
    /// The outputs: any names, any values.
    #[schemars(extend("minProperties" = 1))]
    pub outputs: Map<String, Value>,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "compose-output",
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
