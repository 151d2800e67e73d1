//! `helm-template`: renders a chart.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, StepKind, schema};

/// Renders a chart into plain manifests, without a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The chart's folder.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Where the manifests go: one file if it ends in `.yaml` or `.yml`, else a folder.
    #[schemars(length(min = 1))]
    pub out_path: String,
    /// Name of the release, `.Release.Name` in the templates.
    #[schemars(length(min = 1))]
    pub release_name: String,
    /// Namespace of the release.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Files with values, later ones winning.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub values_files: Vec<String>,
    /// Whether values files that do not exist are passed over.
    #[serde(default)]
    pub ignore_missing_value_files: bool,
    /// Single values, winning over files.
    #[serde(default)]
    pub set_values: Vec<SetValue>,
    /// Whether the chart's dependencies are fetched first.
    #[serde(default)]
    pub build_dependencies: bool,
    /// Whether the chart's custom resource definitions are written too.
    #[serde(default, rename = "includeCRDs")]
    pub include_crds: bool,
    /// Whether hooks are left out.
    #[serde(default)]
    pub disable_hooks: bool,
    /// Whether tests are left out.
    #[serde(default)]
    pub skip_tests: bool,
    /// Kubernetes version that the chart is told.
    #[serde(default)]
    pub kube_version: Option<String>,
    /// Kubernetes APIs that the chart is told.
    #[serde(default)]
    pub api_versions: Vec<String>,
    /// How files in a folder are laid out: in folders as helm does, or side by side.
    #[serde(default)]
    pub out_layout: OutLayout,
    /// Whether the folder for the output carries the release's name instead of the chart's.
    #[serde(default)]
    pub use_release_name: bool,
}

/// A single value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetValue {
    /// Dotted path of the value.
    #[schemars(length(min = 1))]
    pub key: String,
    /// The value, read as helm's `--set` does.
    pub value: String,
    /// Whether the value is taken as it is, as helm's `--set-literal` does.
    #[serde(default)]
    pub literal: bool,
}

/// How rendered files are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutLayout {
    /// As helm does: `<chart>/templates/…`.
    #[default]
    Helm,
    /// All files in one folder.
    Flat,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "helm-template",
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
