//! Promotion policies: which Stages promote by themselves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::schema::{Rule, rules};

/// What is allowed to happen by itself in the Stages that it names. The first policy that matches wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "has(self.stage) != has(self.stageSelector)",
        "exactly one of stage and stageSelector must be given",
    ),
    (
        "!has(self.stageSelector) || has(self.stageSelector.name) \
         || has(self.stageSelector.matchLabels) && self.stageSelector.matchLabels.size() > 0 \
         || has(self.stageSelector.matchExpressions) && self.stageSelector.matchExpressions.size() > 0",
        "stageSelector must say which Stages: by name, matchLabels or matchExpressions",
    ),
])))]
pub struct PromotionPolicy {
    /// Name of one Stage. Deprecated: `stageSelector` says the same and more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub stage: Option<String>,
    /// The Stages that the policy is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_selector: Option<Selector>,
    /// Promote new Freight as soon as it is available to the Stage.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auto_promotion_enabled: bool,
    /// Go back to the last good Freight by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_rollback: Option<AutoRollback>,
}

/// Two policies for one name: the second would never be looked at.
pub(crate) const POLICIES_ARE_UNIQUE: [Rule; 2] = [
    (
        "self.all(p, !has(p.stage) || self.exists_one(o, has(o.stage) ? o.stage == p.stage \
         : has(o.stageSelector) && has(o.stageSelector.name) && o.stageSelector.name == p.stage))",
        "two policies are about the same Stage",
    ),
    (
        "self.all(p, !has(p.stageSelector) || !has(p.stageSelector.name) \
         || self.exists_one(o, has(o.stageSelector) && has(o.stageSelector.name) \
         && o.stageSelector.name == p.stageSelector.name))",
        "two policies have the same name in stageSelector",
    ),
];

/// Chooses Stages, or Projects, by name and labels. If both are given, both must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// The exact name, or a pattern: `glob:prod-*`, `regex:^prod-.*$` (also `regexp:`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub name: Option<String>,
    /// Labels that must be there with these values.
    #[serde(default, skip_serializing_if = "is_default")]
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions on labels. All must hold.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub match_expressions: Vec<LabelRequirement>,
}

/// A condition on one label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 \
     : !has(self.values) || self.values.size() == 0",
    "In and NotIn need values, Exists and DoesNotExist have none",
)])))]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// How its value relates to `values`.
    pub operator: LabelOperator,
    /// The values; empty for `Exists` and `DoesNotExist`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub values: Vec<String>,
}

/// How a label relates to a list of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LabelOperator {
    /// Its value is one of them.
    #[default]
    In,
    /// Its value is none of them, or it is absent.
    NotIn,
    /// It is there.
    Exists,
    /// It is absent.
    DoesNotExist,
}

/// When a Stage goes back to the last good Freight by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoRollback {
    /// Ends of a Promotion that start it.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 2), extend("x-kubernetes-list-type" = "set"))]
    pub on_promotion: Vec<PromotionTrouble>,
    /// Ends of a verification that start it.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 2), extend("x-kubernetes-list-type" = "set"))]
    pub on_verification: Vec<VerificationTrouble>,
}

/// Ends of a Promotion that may start a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PromotionTrouble {
    /// A step said no.
    Failed,
    /// A step could not be carried out.
    Errored,
}

/// Ends of a verification that may start a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum VerificationTrouble {
    /// It did not pass.
    Failed,
    /// It could not be carried out.
    Error,
}
