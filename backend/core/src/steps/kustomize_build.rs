//! `kustomize-build`: renders a kustomization.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Renders a kustomization into plain manifests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The folder with the kustomization.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Where the manifests go: one file if it ends in `.yaml` or `.yml`, else a folder.
    #[schemars(length(min = 1))]
    pub out_path: String,
    /// How files in a folder are named.
    #[serde(default)]
    pub output_format: OutputFormat,
    /// Settings for what kustomize calls.
    #[serde(default)]
    pub plugin: Option<Plugin>,
}

/// How files in a folder are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// `[<namespace>-]<kind>-<name>.yaml`.
    #[default]
    Kargo,
    /// As `kustomize build -o` does.
    Kustomize,
}

/// Settings for what kustomize calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plugin {
    /// Settings for charts that the kustomization inflates.
    #[serde(default)]
    pub helm: Option<Helm>,
}

/// Settings for charts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Helm {
    /// Kubernetes APIs that the charts are told.
    #[serde(default)]
    pub api_versions: Vec<String>,
    /// Kubernetes version that the charts are told.
    #[serde(default)]
    pub kube_version: Option<String>,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "kustomize-build",
    default_timeout: Duration::from_secs(5 * 60),
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
