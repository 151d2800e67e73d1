//! Project: a namespace and everything in it that moves releases through one set of Stages.

use kube::core::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{POLICIES_ARE_UNIQUE, PromotionPolicy};
use crate::schema::rules;
use crate::{Condition, is_default};

/// A set of Stages, Warehouses and what goes with them, in a namespace of the Project's name.
/// The namespace is made with the Project, and goes with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",
    "the name of a Project is that of its namespace too: lower case letters, digits and -, at most 63",
)])))]
pub struct Project {
    /// Name, labels and the rest.
    #[schemars(skip)]
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Configuration of old manifests. Newer ones leave it out and use a `ProjectConfig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ProjectSpec>,
    /// What is known about the Project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ProjectStatus>,
}

crate::resource::root!(Project, "projects", ClusterResourceScope);

/// Configuration of old manifests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectSpec {
    /// Which Stages promote by themselves. Deprecated: belongs into the `ProjectConfig`, whose
    /// policies come first where both match.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 128), extend("x-kubernetes-validations" = rules(&POLICIES_ARE_UNIQUE)))]
    pub promotion_policies: Vec<PromotionPolicy>,
}

/// What is known about a Project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectStatus {
    /// State of the Project in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// How many Warehouses and Stages there are, and how many of them are well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<ProjectStats>,
}

/// How much is in a Project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectStats {
    /// The Warehouses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warehouses: Option<Tally>,
    /// The Stages, without those that only control the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Tally>,
}

/// How many there are, and how many of them are well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// How many there are.
    pub count: i64,
    /// How many of them are well.
    #[serde(default, skip_serializing_if = "is_default")]
    pub health: HealthTally,
}

/// How many are well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthTally {
    /// How many are healthy.
    pub healthy: i64,
}
