//! `kustomize-set-image`: sets images in a kustomization.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Problems, items, nothing_outdated};
use super::{ConfigError, Output, StepKind, schema};

/// Sets images in the `images` list of a `kustomization.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The folder with the kustomization.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The images to set. Without it, every image of the promotion's Freight.
    #[serde(default)]
    pub images: Vec<Image>,
}

/// An image to set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// The image's repository.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Tag to set. Without tag and digest, those of the promotion's Freight.
    #[serde(default)]
    pub tag: Option<String>,
    /// Digest to set, instead of a tag.
    #[serde(default)]
    pub digest: Option<String>,
    /// Name of the image as the manifests have it. Without it, `image`.
    #[serde(default)]
    pub name: Option<String>,
    /// Name to put in its place.
    #[serde(default)]
    pub new_name: Option<String>,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "kustomize-set-image",
    default_timeout: Duration::from_secs(60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[Output {
        name: "commitMessage",
        description: "What was changed, for `git-commit`.",
    }],
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
    for (path, image) in items("", config, "images") {
        problems.at_most_one(&path, image, &["tag", "digest"]);
    }
}
