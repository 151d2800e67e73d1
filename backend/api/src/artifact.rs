//! What Freight carries: commits, images, charts and other artifacts, and where they come from.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::is_default;

/// What kind of object Freight comes from.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum OriginKind {
    /// A Warehouse.
    #[default]
    Warehouse,
}

impl fmt::Display for OriginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warehouse => "Warehouse",
        })
    }
}

/// Where Freight comes from. Displayed as `Warehouse/<name>`, the key of collections and holds.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct FreightOrigin {
    /// Kind of the origin. `Warehouse` is the only one.
    pub kind: OriginKind,
    /// Name of the origin, in the same namespace.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub name: String,
}

impl FreightOrigin {
    /// The Warehouse of this name.
    pub fn warehouse(name: impl Into<String>) -> Self {
        Self {
            kind: OriginKind::Warehouse,
            name: name.into(),
        }
    }
}

impl fmt::Display for FreightOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// A commit of a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitCommit {
    /// Address of the repository.
    #[serde(rename = "repoURL", default, skip_serializing_if = "is_default")]
    pub repo_url: String,
    /// Full hash of the commit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub id: String,
    /// Branch on which the commit was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Tag that led to the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// First line of the commit's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Author, `Name <email>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Committer, `Name <email>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committer: Option<String>,
    /// Name of the subscription that found the commit, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_name: Option<String>,
}

/// A container image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Address of the image's repository, without tag.
    #[serde(rename = "repoURL", default, skip_serializing_if = "is_default")]
    pub repo_url: String,
    /// Tag of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Digest of the image, or of the index for an image of several platforms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Annotations of the image.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
    /// Name of the subscription that found the image, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_name: Option<String>,
}

/// A version of a Helm chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// Address of the chart repository, or `oci://` and the chart's own.
    #[serde(rename = "repoURL", default, skip_serializing_if = "is_default")]
    pub repo_url: String,
    /// Name of the chart in a classic repository; empty for OCI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version of the chart.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: String,
    /// Name of the subscription that found the chart, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_name: Option<String>,
}

/// A version of something that is neither commit, image nor chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactReference {
    /// What kind of artifact it is.
    #[schemars(length(min = 1))]
    pub artifact_type: String,
    /// Name of the subscription that found it.
    pub subscription_name: String,
    /// Version of the artifact.
    pub version: String,
    /// Anything else that is known about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::object")]
    pub metadata: Option<Value>,
}
