//! Promotion: brings one piece of Freight into one Stage, step by step.

use std::fmt;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::FreightOrigin;
use crate::collection::{FreightCollection, FreightReference};
use crate::schema::rules;
use crate::step::{ExpressionVariable, HealthCheckStep, NO_TASKS, PromotionStep};
use crate::{Condition, Object, Time, is_default};

/// What is promoted, and where to.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kargo.akuity.io",
    version = "v1alpha1",
    kind = "Promotion",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    status = "PromotionStatus",
    shortname = "promo",
    shortname = "promos",
    doc = "Brings one piece of Freight into one Stage, step by step.",
    validation = Rule::new(
        "!has(oldSelf.status) || !has(oldSelf.status.phase) || !has(oldSelf.spec.steps) || self.spec == oldSelf.spec"
    )
    .message("the spec of a Promotion never changes once it has its steps")
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("has(self.freight) || has(self.origin)", "freight or origin must be given"),
    (
        "!has(self.freight) || !has(self.origin)",
        "freight and origin exclude each other",
    ),
    ("self.stage == oldSelf.stage", "the Stage of a Promotion never changes"),
    (
        "!has(oldSelf.freight) || has(self.freight) && self.freight == oldSelf.freight",
        "the Freight of a Promotion never changes",
    ),
])))]
pub struct PromotionSpec {
    /// The Stage that gets the Freight.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub stage: String,
    /// Name of the Freight. Either this or `origin` must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub freight: Option<String>,
    /// Promote what would be promoted by itself from this origin. Replaced by `freight` at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<FreightOrigin>,
    /// The Target within the Stage that gets the Freight, where the Stage has targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub target: Option<String>,
    /// Variables that all steps know. Filled in from the Stage.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256))]
    pub vars: Vec<ExpressionVariable>,
    /// The steps. Filled in from the Stage, with tasks replaced by their steps.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(min = 1), extend("x-kubernetes-validations" = rules(&[NO_TASKS])))]
    pub steps: Vec<PromotionStep>,
}

/// How far a promotion is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionStatus {
    /// How far it is, or how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<PromotionPhase>,
    /// Why it is in this phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// State of the Promotion in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// When the first step started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// The last value of the refresh annotation that was acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_refresh: Option<String>,
    /// Index of the step at which it is, from 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub current_step: i64,
    /// What is known about each step so far.
    #[serde(default, skip_serializing_if = "is_default")]
    pub step_execution_metadata: Vec<StepExecutionMetadata>,
    /// Outputs of the steps, by their names.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::object")]
    pub state: Object,
    /// The Freight that is promoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight: Option<FreightReference>,
    /// All Freight that the Stage holds once this promotion succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freight_collection: Option<FreightCollection>,
    /// How to tell whether what was promoted is in good health.
    #[serde(default, skip_serializing_if = "is_default")]
    pub health_checks: Vec<HealthCheckStep>,
}

/// How far a promotion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PromotionPhase {
    /// Waits for its turn.
    Pending,
    /// Its steps run.
    Running,
    /// All steps that count succeeded.
    Succeeded,
    /// A step said no.
    Failed,
    /// A step could not be carried out.
    Errored,
    /// A person stopped it.
    Aborted,
}

impl PromotionPhase {
    /// Whether nothing more happens in this phase.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Errored | Self::Aborted => true,
        }
    }
}

impl fmt::Display for PromotionPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Errored => "Errored",
            Self::Aborted => "Aborted",
        })
    }
}

/// What is known about one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepExecutionMetadata {
    /// Name of the step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alias: String,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// How many tries failed so far.
    #[serde(default, skip_serializing_if = "is_default")]
    pub error_count: u32,
    /// How far it is, or how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StepStatus>,
    /// Why it has this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether the promotion goes on if it does not succeed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub continue_on_error: bool,
}

/// How far a step is. In order of gravity: the phase of a promotion is that of its gravest step.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum StepStatus {
    /// It did what it should.
    Succeeded,
    /// It was not to run.
    Skipped,
    /// It runs, or waits.
    Running,
    /// A person stopped it.
    Aborted,
    /// It said no.
    Failed,
    /// It could not be carried out.
    Errored,
}

impl StepStatus {
    /// Whether nothing more happens in this status.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Running => false,
            Self::Succeeded | Self::Skipped | Self::Aborted | Self::Failed | Self::Errored => true,
        }
    }
}
