//! Warehouse: watches repositories, and makes Freight of what is new in them.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactReference;
use crate::schema::rules;
use crate::subscription::{NAMES_ARE_UNIQUE, Subscription};
use crate::{Condition, GoDuration, Time, is_default};

/// What a Warehouse watches, and how Freight comes of it.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kargo.akuity.io",
    version = "v1alpha1",
    kind = "Warehouse",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "WarehouseStatus",
    doc = "Watches repositories, and makes Freight of what is new in them."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["subscriptions"]))]
pub struct WarehouseSpec {
    /// Shard whose controller looks after the Warehouse; the default one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::LABEL_VALUE), length(max = 63))]
    pub shard: Option<String>,
    /// How often to look for something new.
    #[serde(default = "interval")]
    pub interval: GoDuration,
    /// Whether Freight is made of whatever is new, or only by people.
    #[serde(default)]
    pub freight_creation_policy: FreightCreationPolicy,
    /// What the newest artifacts must meet to become Freight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight_creation_criteria: Option<FreightCreationCriteria>,
    /// The repositories to watch. Freight takes one artifact of each.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(min = 1, max = 64), extend(
        "x-kubernetes-validations" = rules(&[NAMES_ARE_UNIQUE])
    ))]
    pub subscriptions: Vec<Subscription>,
}

/// How often Warehouses look for something new, where they do not say.
pub const INTERVAL: GoDuration = GoDuration::from_secs(5 * 60);

const fn interval() -> GoDuration {
    INTERVAL
}

impl Default for WarehouseSpec {
    fn default() -> Self {
        Self {
            shard: None,
            interval: interval(),
            freight_creation_policy: FreightCreationPolicy::default(),
            freight_creation_criteria: None,
            subscriptions: Vec::new(),
        }
    }
}

/// Who makes Freight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FreightCreationPolicy {
    /// The Warehouse, of the newest artifact of each subscription.
    #[default]
    Automatic,
    /// People, of whatever was discovered.
    Manual,
}

/// What the newest artifacts must meet to become Freight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightCreationCriteria {
    /// Expression, without `${{ }}`, that must be true. `imageFrom(url)`, `commitFrom(url)`,
    /// `chartFrom(url, name)` and `artifactFrom(subscription)` give the newest of each.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expression: String,
}

/// What a Warehouse found, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarehouseStatus {
    /// State of the Warehouse in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The generation that the status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the refresh annotation that was acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_refresh: Option<String>,
    /// Name of the Freight that was made last.
    #[serde(
        rename = "lastFreightID",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub last_freight_id: Option<String>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered_artifacts: Option<DiscoveredArtifacts>,
}

/// What was found in all subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredArtifacts {
    /// When it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered_at: Option<Time>,
    /// Commits, for each Git subscription.
    #[serde(default, skip_serializing_if = "is_default")]
    pub git: Vec<GitDiscoveryResult>,
    /// Images, for each image subscription.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<ImageDiscoveryResult>,
    /// Versions, for each chart subscription.
    #[serde(default, skip_serializing_if = "is_default")]
    pub charts: Vec<ChartDiscoveryResult>,
    /// Other artifacts, for each other subscription.
    #[serde(default, skip_serializing_if = "is_default")]
    pub results: Vec<DiscoveryResult>,
}

/// What was found in a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitDiscoveryResult {
    /// Address of the repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Name of the subscription, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_name: Option<String>,
    /// The commits, best first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub commits: Vec<DiscoveredCommit>,
    /// State of the repository when it was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_refs: Option<ObservedRefs>,
}

/// A commit that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredCommit {
    /// Full hash of the commit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub id: String,
    /// Branch on which it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Tag that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// First line of the message, at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Author, `Name <email>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Committer, `Name <email>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committer: Option<String>,
    /// When the commit, or the annotated tag, was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator_date: Option<Time>,
}

/// State of a Git repository when it was read last, so that nothing is fetched while it stays the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedRefs {
    /// Hash at the head of the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_head: Option<String>,
    /// The tags, at most 1000.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tags: Vec<ObservedTag>,
}

/// A tag and where it pointed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedTag {
    /// Hash of what it pointed to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub id: String,
    /// Name of the tag.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
}

/// What was found in a repository of images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageDiscoveryResult {
    /// Address of the repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Platform that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Name of the subscription, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_name: Option<String>,
    /// The images, best first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub references: Vec<DiscoveredImageReference>,
}

/// An image that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredImageReference {
    /// Tag of the image.
    #[schemars(regex(pattern = r"^[\w.\-\_]+$"), length(min = 1, max = 128))]
    pub tag: String,
    /// Digest of the image, or of the index for an image of several platforms.
    #[schemars(regex(pattern = "^[a-z0-9]+:[a-f0-9]+$"), length(min = 1))]
    pub digest: String,
    /// Annotations of the image.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
    /// When the image was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
}

/// What was found of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartDiscoveryResult {
    /// Address of the repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Name of the chart in a classic repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Versions that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver_constraint: Option<String>,
    /// Name of the subscription, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_name: Option<String>,
    /// The versions, greatest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub versions: Vec<String>,
}

/// What was found by a subscription of another kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryResult {
    /// Name of the subscription.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// The artifacts, best first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub artifact_references: Vec<ArtifactReference>,
}
