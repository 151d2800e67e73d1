//! `argocd-update`: points Applications at a commit or version and syncs them.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Outdated, Problems, child, items, output_of};
use super::{ConfigError, Output, StepKind, schema};

/// Updates Argo CD Applications and waits until their sync has finished.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The Applications to update.
    #[schemars(length(min = 1))]
    pub apps: Vec<App>,
}

/// One Application, or all that a selector finds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// Name of the Application. Either this or `selector`.
    #[serde(default)]
    pub name: Option<String>,
    /// Finds Applications by their labels. Either this or `name`.
    #[serde(default)]
    pub selector: Option<Selector>,
    /// Namespace of the Application. Without it, the one where Argo CD runs.
    #[serde(default)]
    pub namespace: Option<String>,
    /// What to change in the Application's sources. Without it, the Application is only synced.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// Labels that an Application must have. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    /// Labels and the values that they must have.
    #[serde(default)]
    pub match_labels: BTreeMap<String, String>,
    /// Conditions on labels.
    #[serde(default)]
    pub match_expressions: Vec<Requirement>,
}

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// The label.
    #[schemars(length(min = 1))]
    pub key: String,
    /// How the label is compared with `values`.
    pub operator: Operator,
    /// The values for `In` and `NotIn`.
    #[serde(default)]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[expect(
    missing_docs,
    reason = "the words are those of Kubernetes' label selectors"
)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// A source of the Application, found by its repository, and what to change in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// Repository of the source. Spellings of one Git address are taken for the same.
    #[serde(rename = "repoURL")]
    #[schemars(length(min = 1))]
    pub repo_url: String,
    /// Name of the chart, if the repository is a chart repository.
    #[serde(default)]
    pub chart: Option<String>,
    /// The commit or chart version that the Application must be synced to.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub desired_revision: Option<String>,
    /// Older form of `desiredRevision`: alias of the step whose `commit` output is desired.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub desired_commit_from_step: Option<String>,
    /// Whether the desired revision is also written to the source's `targetRevision`.
    #[serde(default)]
    pub update_target_revision: bool,
    /// Changes to a Kustomize source.
    #[serde(default)]
    pub kustomize: Option<Kustomize>,
    /// Changes to a Helm source.
    #[serde(default)]
    pub helm: Option<Helm>,
}

/// Changes to a Kustomize source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kustomize {
    /// Images that replace the source's list of images.
    #[schemars(length(min = 1))]
    pub images: Vec<KustomizeImage>,
}

/// An image of a Kustomize source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KustomizeImage {
    /// Name of the image as the manifests have it.
    #[serde(rename = "repoURL")]
    #[schemars(length(min = 1))]
    pub repo_url: String,
    /// Name to put in its place.
    #[serde(default)]
    pub new_name: Option<String>,
    /// Tag to set. Either this or `digest`.
    #[serde(default)]
    pub tag: Option<String>,
    /// Digest to set. Either this or `tag`.
    #[serde(default)]
    pub digest: Option<String>,
}

/// Changes to a Helm source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Helm {
    /// Helm parameters to set. Others stay.
    #[schemars(length(min = 1))]
    pub images: Vec<HelmImage>,
}

/// A Helm parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HelmImage {
    /// Name of the parameter, as `image.tag`.
    #[schemars(length(min = 1))]
    pub key: String,
    /// Value of the parameter.
    pub value: String,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "argocd-update",
    default_timeout: Duration::from_secs(5 * 60),
    default_error_threshold: 1,
    fills_workdir: false,
    outputs: &[Output {
        name: "apps",
        description: "The Applications that were updated, each with `name` and `namespace`.",
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

fn rules(config: &Value, problems: &mut Problems) {
    for (path, app) in items("", config, "apps") {
        problems.exactly_one(&path, app, &["name", "selector"]);
        if app["selector"].is_object() {
            selector_rules(&child(&path, "selector"), &app["selector"], problems);
        }
        for (path, source) in items(&path, app, "sources") {
            problems.at_most_one(&path, source, &["desiredRevision", "desiredCommitFromStep"]);
            let revision = ["desiredRevision", "desiredCommitFromStep"];
            let revision = revision
                .iter()
                .any(|field| problems.is_given(&source[*field]));
            if source["updateTargetRevision"] == Value::Bool(true) && !revision {
                problems.add(
                    &child(&path, "updateTargetRevision"),
                    "needs desiredRevision",
                );
            }
            for (path, image) in items(&child(&path, "kustomize"), &source["kustomize"], "images") {
                problems.at_most_one(&path, image, &["tag", "digest"]);
            }
        }
    }
}

fn selector_rules(path: &str, selector: &Value, problems: &mut Problems) {
    let empty = |field: &str| match &selector[field] {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if empty("matchLabels") && empty("matchExpressions") {
        problems.add(path, "matchLabels or matchExpressions is needed");
    }
    for (path, requirement) in items(path, selector, "matchExpressions") {
        let values = requirement["values"]
            .as_array()
            .is_some_and(|values| !values.is_empty());
        let open = problems.is_open(&requirement["values"]);
        match requirement["operator"].as_str() {
            Some("In" | "NotIn") if !values && !open => {
                problems.add(
                    &child(&path, "values"),
                    "must not be empty for In and NotIn",
                );
            }
            Some("Exists" | "DoesNotExist") if values => {
                problems.add(
                    &child(&path, "values"),
                    "must be empty for Exists and DoesNotExist",
                );
            }
            _ => {}
        }
    }
}

fn outdated(config: &Value) -> Vec<Outdated> {
    let sources = items("", config, "apps")
        .into_iter()
        .flat_map(|(path, app)| items(&path, app, "sources"));
    sources
        .filter_map(|(path, source)| {
            let alias = source["desiredCommitFromStep"].as_str()?;
            Some(Outdated {
                path: child(&path, "desiredCommitFromStep"),
                instead: format!("desiredRevision: {}", output_of(alias, "commit")),
            })
        })
        .collect()
}
