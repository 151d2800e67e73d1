//! What can be said about the expressions of a step before it runs.

use std::ops::RangeInclusive;

use argosy_api::step::PromotionStep;
use argosy_expr::{Known, TemplateError, template};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::evaluate::{below, problem};
use super::fact::Facts;
use super::surroundings;
use crate::stage_check::Problem;

/// Functions of a step beyond [`surroundings`], with how many arguments they take.
const OF_STEPS: [(&str, RangeInclusive<usize>); 4] = [
    ("always", 0..=0),
    ("failure", 0..=0),
    ("success", 0..=0),
    ("status", 1..=1),
];

/// Variables of a step. `task` is there in steps of tasks, `target` in Stages with targets.
const VARIABLES: [&str; 6] = ["ctx", "outputs", "stepMetas", "target", "task", "vars"];

/// The names that expressions of a step can use.
#[must_use]
pub fn known() -> Known {
    let mut known = Known::from(&surroundings(Timestamp::UNIX_EPOCH, &[], &Facts::new()));
    known.variables.extend(VARIABLES.map(str::to_owned));
    known
        .functions
        .extend(OF_STEPS.map(|(name, arity)| (name.to_owned(), arity)));
    known
}

/// Expressions of a step that do not compile, and names in them that are not known.
#[must_use]
pub fn check_step(alias: &str, step: &PromotionStep) -> Vec<Problem> {
    let known = known();
    let mut problems = Vec::new();
    let mut check = |field: &str, document: &Json| {
        for found in template::check(document, &known) {
            if let TemplateError::Wrong { path, error, .. } = found {
                problems.push(problem(&error, alias, below(field, &path)));
            }
        }
    };
    for var in &step.vars {
        check(
            &format!("vars.{}", var.name),
            &Json::from(var.value.as_str()),
        );
    }
    if let Some(condition) = &step.condition {
        check("if", &Json::from(condition.as_str()));
    }
    if let Some(config) = &step.config {
        check("config", config);
    }
    problems
}
