//! Stage: a place that Freight is promoted to, or a junction on its way.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::FreightOrigin;
use crate::mechanisms::PromotionMechanisms;
use crate::schema::rules;
use crate::stage_status::StageStatus;
use crate::step::{ALIASES_ARE_FREE, ALIASES_ARE_UNIQUE, ExpressionVariable, PromotionStep};
use crate::verification::Verification;
use crate::{GoDuration, LabelSelector, is_default};

/// What Freight a Stage takes, how it gets there, and how it is verified there.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kargo.akuity.io",
    version = "v1alpha1",
    kind = "Stage",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "StageStatus",
    doc = "A place that Freight is promoted to, or, without steps, a junction on its way."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend(
    "required" = ["requestedFreight"],
    "x-kubernetes-validations" = rules(&[(
        "!has(self.promotionTemplate) || !has(self.promotionMechanisms)",
        "promotionTemplate takes the place of promotionMechanisms: leave one out",
    )])
))]
pub struct StageSpec {
    /// Shard whose controller looks after the Stage; the default one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::LABEL_VALUE), length(max = 63))]
    pub shard: Option<String>,
    /// Variables that all steps know as `${{ vars.<name> }}`.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256))]
    pub vars: Vec<ExpressionVariable>,
    /// What Freight the Stage takes, one entry for each origin.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-validations" = rules(&[(
        "self.all(r, self.exists_one(o, o.origin.kind == r.origin.kind && o.origin.name == r.origin.name))",
        "Freight of one origin is requested twice",
    )])))]
    pub requested_freight: Vec<FreightRequest>,
    /// How Freight is promoted to the Stage. Without steps, the Stage only controls the flow:
    /// all Freight that is available to it counts as verified in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_template: Option<PromotionTemplate>,
    /// How Freight is promoted, as Kargo 0.8 said it. Deprecated: the steps of a
    /// `promotionTemplate` say the same and more. A condition of the Stage shows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_mechanisms: Option<PromotionMechanisms>,
    /// How Freight is verified in the Stage. Without it, Freight counts as verified once the
    /// Stage is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// The Targets that the Stage promotes to, one Promotion for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<StageTargets>,
}

impl StageSpec {
    /// Whether the Stage promotes nothing and only controls the flow.
    pub fn is_control_flow(&self) -> bool {
        let steps = self
            .promotion_template
            .as_ref()
            .map_or(0, |template| template.spec.steps.len());
        steps == 0 && self.promotion_mechanisms.is_none()
    }
}

/// Freight that a Stage takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightRequest {
    /// Where the Freight comes from.
    pub origin: FreightOrigin,
    /// On which way it may come.
    pub sources: FreightSources,
}

/// On which way Freight may come into a Stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "!has(self.autoPromotionOptions) || !has(self.autoPromotionOptions.selectionPolicy) \
     || self.autoPromotionOptions.selectionPolicy != 'MatchUpstream' \
     || (!has(self.direct) || !self.direct) && has(self.stages) && self.stages.size() == 1",
    "selectionPolicy MatchUpstream needs exactly one Stage in stages, and not direct",
)])))]
pub struct FreightSources {
    /// Straight from its origin.
    #[serde(default, skip_serializing_if = "is_default")]
    pub direct: bool,
    /// From these Stages, once it is verified there.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 253)))]
    pub stages: Vec<String>,
    /// How long it must have been in such a Stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_soak_time: Option<GoDuration>,
    /// Whether one of the Stages is enough or all must have verified it. `OneOf` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_strategy: Option<AvailabilityStrategy>,
    /// What is promoted by itself, where a policy allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_promotion_options: Option<AutoPromotionOptions>,
}

/// How many of the Stages before must have verified Freight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AvailabilityStrategy {
    /// All of them.
    All,
    /// One of them.
    #[default]
    OneOf,
}

/// What is promoted by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoPromotionOptions {
    /// How the Freight is chosen. `NewestFreight` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_policy: Option<SelectionPolicy>,
}

/// How Freight is chosen for a promotion that happens by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SelectionPolicy {
    /// The newest that is available.
    #[default]
    NewestFreight,
    /// What the one Stage before has now, even if it is older.
    MatchUpstream,
}

/// How Freight is promoted to a Stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionTemplate {
    /// What becomes the spec of each Promotion.
    pub spec: PromotionTemplateSpec,
}

/// What becomes the spec of each Promotion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionTemplateSpec {
    /// Variables that all steps know as `${{ vars.<name> }}`. They win over those of the Stage.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256))]
    pub vars: Vec<ExpressionVariable>,
    /// The steps, in order.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(min = 1, max = 128), extend(
        "x-kubernetes-validations" = rules(&[ALIASES_ARE_UNIQUE, ALIASES_ARE_FREE])
    ))]
    pub steps: Vec<PromotionStep>,
}

/// The Targets that a Stage promotes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageTargets {
    /// Labels of the Targets. A Target that one of these matches belongs to the Stage.
    #[serde(default, skip_serializing_if = "is_default")]
    pub selectors: Vec<LabelSelector>,
}
