//! Promotion mechanisms, as Kargo 0.8 had them in place of steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::FreightOrigin;
use crate::is_default;
use crate::schema::rules;

/// How Freight is promoted: changes in Git, then changes of Argo CD Applications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "has(self.gitRepoUpdates) && self.gitRepoUpdates.size() > 0 \
     || has(self.argoCDAppUpdates) && self.argoCDAppUpdates.size() > 0",
    "promotionMechanisms needs gitRepoUpdates or argoCDAppUpdates",
)])))]
pub struct PromotionMechanisms {
    /// Where the Freight comes from, for mechanisms below that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Changes in Git repositories.
    #[serde(default, skip_serializing_if = "is_default")]
    pub git_repo_updates: Vec<GitRepoUpdate>,
    /// Changes of Argo CD Applications.
    #[serde(
        rename = "argoCDAppUpdates",
        default,
        skip_serializing_if = "is_default"
    )]
    pub argocd_app_updates: Vec<ArgoCdAppUpdate>,
}

/// A change in a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitRepoUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the repository.
    #[serde(rename = "repoURL")]
    #[schemars(length(min = 1))]
    pub repo_url: String,
    /// Trust any certificate.
    #[serde(
        rename = "insecureSkipTLSVerify",
        default,
        skip_serializing_if = "is_default"
    )]
    pub insecure_skip_tls_verify: bool,
    /// Branch to start from; the Freight's commit or the default branch if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_branch: Option<String>,
    /// Branch to write to.
    #[schemars(length(min = 1))]
    pub write_branch: String,
    /// Write through a pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestMechanism>,
    /// Changes of values and charts of Helm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmMechanism>,
    /// Changes of images with Kustomize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<KustomizeMechanism>,
    /// Rendering of whole manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub render: Option<RenderMechanism>,
}

/// How a pull request is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "!has(self.github) || !has(self.gitlab)",
    "a pull request is made on github or on gitlab",
)])))]
pub struct PullRequestMechanism {
    /// On GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github: Option<Forge>,
    /// On GitLab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<Forge>,
}

/// A forge of which nothing more is to be said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forge {}

/// Changes of values and charts of Helm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmMechanism {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Images in values files.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<HelmImageUpdate>,
    /// Charts that an umbrella chart depends on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub charts: Vec<HelmChartUpdate>,
}

/// An image in a values file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmImageUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the image's repository.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Path of the values file in the repository.
    #[schemars(length(min = 1))]
    pub values_file_path: String,
    /// Key in the file, with dots.
    #[schemars(length(min = 1))]
    pub key: String,
    /// What to write there.
    pub value: ImageValue,
}

/// What is written of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImageValue {
    /// `repository:tag`.
    #[default]
    ImageAndTag,
    /// The tag.
    Tag,
    /// `repository@digest`.
    ImageAndDigest,
    /// The digest.
    Digest,
}

/// A chart that an umbrella chart depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the chart's repository.
    #[schemars(length(min = 1))]
    pub repository: String,
    /// Name of the chart.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Folder of the umbrella chart.
    #[schemars(length(min = 1))]
    pub chart_path: String,
}

/// Changes of images with Kustomize.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KustomizeMechanism {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// The images.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<KustomizeImageUpdate>,
}

/// An image in a kustomization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KustomizeImageUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the image's repository.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Folder of the kustomization.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Write the digest in place of the tag.
    #[serde(default, skip_serializing_if = "is_default")]
    pub use_digest: bool,
}

/// Rendering of whole manifests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenderMechanism {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// The images to render with; all of the Freight if empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<ImageUpdate>,
}

/// An image to write.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the image's repository.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Write the digest in place of the tag.
    #[serde(default, skip_serializing_if = "is_default")]
    pub use_digest: bool,
}

/// A change of an Argo CD Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArgoCdAppUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Name of the Application.
    #[schemars(length(min = 1))]
    pub app_name: String,
    /// Namespace of the Application; Argo CD's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_namespace: Option<String>,
    /// Changes of the Application's sources.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source_updates: Vec<ArgoCdSourceUpdate>,
}

/// A change of a source of an Argo CD Application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArgoCdSourceUpdate {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the source's repository.
    #[serde(rename = "repoURL")]
    #[schemars(length(min = 1))]
    pub repo_url: String,
    /// Name of the chart, if the source is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// Set the target revision to the Freight's commit or chart version.
    #[serde(default, skip_serializing_if = "is_default")]
    pub update_target_revision: bool,
    /// Changes of images with Kustomize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<ArgoCdKustomize>,
    /// Changes of parameters of Helm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helm: Option<ArgoCdHelm>,
}

/// Changes of images with Kustomize.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArgoCdKustomize {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// The images.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<ImageUpdate>,
}

/// Changes of parameters of Helm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArgoCdHelm {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// The images.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<ArgoCdHelmImage>,
}

/// An image in a parameter of Helm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArgoCdHelmImage {
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// Address of the image's repository.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Name of the parameter.
    #[schemars(length(min = 1))]
    pub key: String,
    /// What to write there.
    pub value: ImageValue,
}
