//! What is known about a Stage.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::FreightOrigin;
use crate::collection::{FreightCollection, FreightReference};
use crate::promotion::PromotionStatus;
use crate::promotion_request::PromotionRequestPhase;
use crate::{Condition, Object, Time, is_default};

/// What is known about a Stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageStatus {
    /// State of the Stage in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The generation that the status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the refresh annotation that was acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_refresh: Option<String>,
    /// What the Stage does just now, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<StagePhase>,
    /// The current Freight in short: its name, `n/m Fulfilled`, or `N/A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight_summary: Option<String>,
    /// What promotions noted about the Stage with `set-metadata`.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::any_map")]
    pub metadata: Object,
    /// Whether what was promoted is in good health.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Freight that is and was in the Stage, newest first, at most 10.
    #[serde(default, skip_serializing_if = "is_default")]
    pub freight_history: Vec<FreightCollection>,
    /// The Promotion that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_promotion: Option<PromotionReference>,
    /// The Promotion that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_promotion: Option<PromotionReference>,
    /// Whether new Freight is promoted by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auto_promotion_enabled: bool,
    /// Origins whose Freight is not promoted by itself for now, because a person chose other
    /// Freight. By origin: `Warehouse/<name>`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auto_promotion_holds: BTreeMap<String, AutoPromotionHold>,
    /// The same, with those that Promotions under way would bring.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effective_auto_promotion_holds: BTreeMap<String, AutoPromotionHold>,
    /// The request that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_promotion_request: Option<PromotionRequestReference>,
    /// The request that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_promotion_request: Option<PromotionRequestReference>,
    /// Whether a window denies promotions just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_window_status: Option<PromotionWindowStatus>,
}

/// What a Stage does just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum StagePhase {
    /// It holds verified Freight, and nothing happens.
    Steady,
    /// A Promotion runs.
    Promoting,
    /// Its Freight is being verified.
    Verifying,
    /// It has no Freight yet, or only controls the flow.
    NotApplicable,
    /// The last Promotion or verification did not succeed.
    Failed,
}

impl fmt::Display for StagePhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "Steady",
            Self::Promoting => "Promoting",
            Self::Verifying => "Verifying",
            Self::NotApplicable => "NotApplicable",
            Self::Failed => "Failed",
        })
    }
}

/// Whether what was promoted is in good health.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The worst of all checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<HealthState>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "is_default")]
    pub issues: Vec<String>,
    /// What the checks were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub config: Option<Value>,
    /// What the checks found, one entry for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub output: Option<Value>,
}

/// States of health. In order of gravity: the worst check counts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum HealthState {
    /// All is well.
    Healthy,
    /// There is nothing to check.
    NotApplicable,
    /// It is on its way.
    Progressing,
    /// Nothing is known.
    Unknown,
    /// Something is wrong.
    Unhealthy,
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "Healthy",
            Self::NotApplicable => "NotApplicable",
            Self::Progressing => "Progressing",
            Self::Unknown => "Unknown",
            Self::Unhealthy => "Unhealthy",
        })
    }
}

/// A Promotion as its Stage remembers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionReference {
    /// Name of the Promotion.
    pub name: String,
    /// The Freight that it promotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<FreightReference>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Its whole status, so that it can be read after the Promotion itself is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PromotionStatus>,
}

/// Why Freight of an origin is not promoted by itself for now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoPromotionHold {
    /// The origin that is held back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub origin: FreightOrigin,
    /// The Freight that a person chose.
    #[serde(default, skip_serializing_if = "is_default")]
    pub freight_name: String,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    /// The Promotion that brought the hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_name: Option<String>,
}

/// A request as its Stage remembers it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionRequestReference {
    /// Name of the request.
    pub name: String,
    /// The Freight that it promotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<RequestedFreight>,
    /// How far it is, or how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PromotionRequestPhase>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
}

/// Names the Freight of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestedFreight {
    /// Name of the Freight.
    pub name: String,
}

/// Whether a window denies promotions just now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionWindowStatus {
    /// Whether promotions are denied.
    pub closed: bool,
    /// Which window denies them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When they are allowed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_open: Option<Time>,
    /// When they are denied next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_close: Option<Time>,
    /// Which window will deny them next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_close_reason: Option<String>,
}
