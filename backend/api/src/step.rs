//! Steps of promotions and health checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::{Rule, rules};
use crate::{GoDuration, is_default};

/// One step of a promotion: either a kind of step (`uses`) or a task, whose steps take its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    ("has(self.uses) != has(self.task)", "exactly one of uses and task must be given"),
    ("!has(self.task) || !has(self.__if__)", "a task cannot have an if: give it to the task's steps"),
    ("!has(self.task) || !has(self.config)", "a task has no config: give it vars"),
    (
        "!has(self.task) || !has(self.continueOnError) || !self.continueOnError",
        "a task cannot have continueOnError: give it to the task's steps",
    ),
])))]
pub struct PromotionStep {
    /// Kind of step to run, for example `git-clone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub uses: Option<String>,
    /// Task whose steps run in place of this one. Only in the promotion template of a Stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<PromotionTaskReference>,
    /// Name under which later steps find the outputs of this one: `${{ outputs.<name>.… }}`.
    /// `step-<number>` if absent; names of that form, and `task-<number>`, cannot be chosen.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
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
    #[schemars(schema_with = "crate::schema::object")]
    pub config: Option<Value>,
}

/// Two steps of one name would hide each other's outputs.
pub(crate) const ALIASES_ARE_UNIQUE: Rule = (
    "self.all(s, !has(s.__as__) || self.exists_one(o, has(o.__as__) && o.__as__ == s.__as__))",
    "two steps have the same name in `as`",
);
/// Names that steps without one are given.
pub(crate) const ALIASES_ARE_FREE: Rule = (
    r"self.all(s, !has(s.__as__) || !s.__as__.matches('^(step|task)-[0-9]+$'))",
    "`as` cannot be step-<number> or task-<number>: steps without a name are called so",
);
/// Tasks do not nest, and Promotions hold what has become of them.
pub(crate) const NO_TASKS: Rule = (
    "self.all(s, has(s.uses) && !has(s.task))",
    "a step here must say uses, and cannot be a task",
);

/// Names a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionTaskReference {
    /// Name of the task.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
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
    #[schemars(regex(pattern = crate::schema::VARIABLE), length(min = 1, max = 253))]
    pub name: String,
    /// Value of the variable. May contain `${{ }}` expressions. In a task, an empty value
    /// marks an input that the Stage must give.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: String,
}

/// A check that a step left behind: how to tell whether what it did is in good health.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthCheckStep {
    /// Kind of check, the same word as the step's.
    #[schemars(length(min = 1))]
    pub uses: String,
    /// Configuration of the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub config: Option<Value>,
}
