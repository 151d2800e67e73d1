//! Freight: artifacts that move through the Stages together.

use std::collections::BTreeMap;

use kube::core::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactReference, Chart, FreightOrigin, GitCommit, Image};
use crate::collection::FreightReference;
use crate::schema::rules;
use crate::{Condition, GoDuration, Object, Time, is_default};

/// Artifacts that move through the Stages together. Mostly made by a Warehouse, and never changed
/// except for the alias.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "[has(self.commits) && self.commits.size() > 0, has(self.images) && self.images.size() > 0, \
         has(self.charts) && self.charts.size() > 0, has(self.artifacts) && self.artifacts.size() > 0]\
         .exists(some, some)",
        "Freight needs at least one commit, image, chart or other artifact",
    ),
    ("self.origin == oldSelf.origin", "the origin of Freight never changes"),
    (
        "!has(oldSelf.discoveredAt) || has(self.discoveredAt) && self.discoveredAt == oldSelf.discoveredAt",
        "the time at which Freight was discovered never changes",
    ),
    (
        "has(self.commits) == has(oldSelf.commits) && (!has(self.commits) || self.commits == oldSelf.commits)",
        "the artifacts of Freight never change: make other Freight",
    ),
    (
        "has(self.images) == has(oldSelf.images) && (!has(self.images) || self.images == oldSelf.images)",
        "the artifacts of Freight never change: make other Freight",
    ),
    (
        "has(self.charts) == has(oldSelf.charts) && (!has(self.charts) || self.charts == oldSelf.charts)",
        "the artifacts of Freight never change: make other Freight",
    ),
    (
        "has(self.artifacts) == has(oldSelf.artifacts) && (!has(self.artifacts) || self.artifacts == oldSelf.artifacts)",
        "the artifacts of Freight never change: make other Freight",
    ),
])))]
pub struct Freight {
    /// Name, labels and the rest.
    #[schemars(skip)]
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// A name that people can remember, unique in the Project. The only field that can change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::LABEL_VALUE), length(max = 63))]
    pub alias: Option<String>,
    /// When the artifacts were found together. The newest Freight is the one promoted by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered_at: Option<Time>,
    /// The Warehouse whose artifacts these are.
    pub origin: FreightOrigin,
    /// Commits of Git repositories.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), extend("x-kubernetes-validations" = rules(&[(
        "self.all(c, has(c.repoURL) && has(c.id))",
        "a commit needs repoURL and id",
    )])))]
    pub commits: Vec<GitCommit>,
    /// Container images.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), extend("x-kubernetes-validations" = rules(&[(
        "self.all(i, has(i.repoURL) && (has(i.tag) || has(i.digest)))",
        "an image needs repoURL, and tag or digest",
    )])))]
    pub images: Vec<Image>,
    /// Helm charts.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), extend("x-kubernetes-validations" = rules(&[(
        "self.all(c, has(c.repoURL) && has(c.version))",
        "a chart needs repoURL and version",
    )])))]
    pub charts: Vec<Chart>,
    /// Other artifacts.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub artifacts: Vec<ArtifactReference>,
    /// Where the Freight is and has been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<FreightStatus>,
}

crate::resource::root!(Freight, "freights", NamespaceResourceScope);

impl Freight {
    /// The Freight as Stages and Promotions remember it.
    pub fn reference(&self) -> FreightReference {
        FreightReference {
            name: self.metadata.name.clone().unwrap_or_default(),
            origin: self.origin.clone(),
            commits: self.commits.clone(),
            images: self.images.clone(),
            charts: self.charts.clone(),
            artifacts: self.artifacts.clone(),
        }
    }
}

/// Where Freight is and has been.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightStatus {
    /// State of the Freight in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The Stages that it is in now, by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub currently_in: BTreeMap<String, CurrentStage>,
    /// The Stages that verified it, by name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub verified_in: BTreeMap<String, VerifiedStage>,
    /// The Stages for which a person approved it, by name: it may go there unverified.
    #[serde(default, skip_serializing_if = "is_default")]
    pub approved_for: BTreeMap<String, ApprovedStage>,
    /// What promotions noted about it with `set-metadata`.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::any_map")]
    pub metadata: Object,
}

/// A Stage that Freight is in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentStage {
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

/// A Stage that verified Freight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedStage {
    /// When it was verified there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Time>,
    /// How long it was there at a stretch, at most, after it was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub longest_soak: Option<GoDuration>,
}

/// A Stage for which a person approved Freight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovedStage {
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Time>,
}
