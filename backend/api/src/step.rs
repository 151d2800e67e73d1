//! Steps of promotions and health checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{GoDuration, is_default};

/// One step of a promotion: either a kind of step (`uses`) or a task, whose steps take its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionStep {
    /// Kind of step to run, for example `git-clone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<String>,
    /// Task whose steps run in place of this one. Only in the promotion template of a Stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<PromotionTaskReference>,
    /// Name under which later steps find the outputs of this one: `${{ outputs.<name>.… }}`.
    /// `step-<number>` if absent; names of that form, and `task-<number>`, cannot be chosen.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Expression that decides whether the step runs: `${{ … }}` that gives true or false.
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Go on with the next step, and let the promotion succeed, if this one does not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub continue_on_error: bool,
    /// When to try again, and when to give up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<PromotionStepRetry>,
    /// Variables of this step, or inputs of the task. Expressions read them as `${{ vars.<name> }}`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub vars: Vec<ExpressionVariable>,
    /// Configuration, whose form depends on the kind of step. May contain `${{ }}` expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub config: Option<Value>,
}

/// Names a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionTaskReference {
    /// Name of the task.
    pub name: String,
    /// Kind of the task; `PromotionTask`, in the Stage's namespace, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PromotionTaskKind>,
}

/// The kinds of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PromotionTaskKind {
    /// Of one project.
    #[default]
    PromotionTask,
    /// Of the whole cluster.
    ClusterPromotionTask,
}

/// When a step is tried again, and when it is given up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionStepRetry {
    /// How long the step may take in all, tries included. Each kind of step has its own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// How many failed tries in a row end the step. Each kind of step has its own default, mostly 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_threshold: Option<u32>,
}

/// A variable that expressions read as `${{ vars.<name> }}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpressionVariable {
    /// Name of the variable.
    pub name: String,
    /// Value of the variable. May contain `${{ }}` expressions. In a task, an empty value
    /// marks an input that the Stage must give.
    #[serde(default)]
    pub value: String,
}

/// A check that a step left behind: how to tell whether what it did is in good health.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckStep {
    /// Kind of check, the same word as the step's.
    pub uses: String,
    /// Configuration of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub config: Option<Value>,
}
