//! `PromotionRequest`: brings Freight into several Targets of a Stage.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::rules;
use crate::{Condition, Time, is_default};

/// What is promoted, and to which Targets.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kargo.akuity.io",
    version = "v1alpha1",
    kind = "PromotionRequest",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "PromotionRequestStatus",
    shortname = "promotionrequest",
    shortname = "promotionrequests",
    doc = "Brings one piece of Freight into the Targets of a Stage, one Promotion for each."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("self.stage == oldSelf.stage", "the Stage of a PromotionRequest never changes"),
    ("self.freight == oldSelf.freight", "the Freight of a PromotionRequest never changes"),
])))]
pub struct PromotionRequestSpec {
    /// The Stage, which must have targets.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub stage: String,
    /// Name of the Freight.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub freight: String,
    /// The Targets that get the Freight.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256), extend(
        "x-kubernetes-list-type" = "atomic",
        "x-kubernetes-validations" = rules(&[(
            "self.all(t, self.exists_one(o, o.name == t.name))",
            "a Target is named twice",
        )])
    ))]
    pub targets: Vec<TargetReference>,
}

/// Names a Target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetReference {
    /// Name of the Target, in the same namespace.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub name: String,
}

/// How far a request is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionRequestStatus {
    /// How far it is, or how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PromotionRequestPhase>,
    /// State of the request in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// When the first Promotion started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When the last Promotion ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// How many Promotions are in which phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<PromotionRequestSummary>,
    /// Each Target and its Promotion.
    #[serde(default, skip_serializing_if = "is_default")]
    pub targets: Vec<TargetStatus>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PromotionRequestPhase {
    /// No Promotion has started.
    Pending,
    /// Promotions run.
    Running,
    /// All Promotions succeeded.
    Succeeded,
    /// A Promotion failed.
    Failed,
    /// A Promotion could not be carried out.
    Errored,
}

impl PromotionRequestPhase {
    /// Whether nothing more happens in this phase.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Errored => true,
        }
    }
}

/// How many Promotions are in which phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionRequestSummary {
    /// Wait for their turn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pending: i64,
    /// Run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub running: i64,
    /// Succeeded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub succeeded: i64,
    /// Failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed: i64,
    /// Could not be carried out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub errored: i64,
    /// Were stopped by a person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aborted: i64,
}

/// A Target and its Promotion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// Name of the Target.
    pub name: String,
    /// How far its Promotion is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<crate::promotion::PromotionPhase>,
    /// Name of its Promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<String>,
}
