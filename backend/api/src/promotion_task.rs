//! `PromotionTask` and `ClusterPromotionTask`: steps that several Stages share.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::schema::rules;
use crate::step::{
    ALIASES_ARE_FREE, ALIASES_ARE_UNIQUE, ExpressionVariable, NO_TASKS, PromotionStep,
};

/// Steps, and the inputs that they need.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kargo.akuity.io",
    version = "v1alpha1",
    kind = "PromotionTask",
    namespaced,
    derive = "PartialEq",
    derive = "Default",
    shortname = "promotask",
    shortname = "promotasks",
    doc = "Steps that several Stages of a Project share."
)]
#[serde(rename_all = "camelCase")]
pub struct PromotionTaskSpec {
    /// Inputs of the task. One with an empty value must be given by the Stage.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256))]
    pub vars: Vec<ExpressionVariable>,
    /// The steps. They cannot be tasks themselves.
    #[schemars(length(min = 1, max = 128), extend(
        "x-kubernetes-validations" = rules(&[NO_TASKS, ALIASES_ARE_UNIQUE, ALIASES_ARE_FREE])
    ))]
    pub steps: Vec<PromotionStep>,
}

/// Steps, and the inputs that they need.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "kargo.akuity.io",
    version = "v1alpha1",
    kind = "ClusterPromotionTask",
    derive = "PartialEq",
    derive = "Default",
    shortname = "clusterpromotask",
    shortname = "clusterpromotasks",
    doc = "Steps that Stages of all Projects share."
)]
#[serde(transparent)]
pub struct ClusterPromotionTaskSpec(pub PromotionTaskSpec);
