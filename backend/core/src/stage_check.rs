//! What can be seen to be wrong with a Stage's steps before any of them runs.

mod guess;
mod references;

use std::fmt;

use argosy_api::stage::StageSpec;
use argosy_api::step::{ExpressionVariable, PromotionStep};

use crate::promotion::alias_of;
use crate::task::{Inflated, Tasks};
use crate::{context, mechanisms, steps, task};

pub use guess::unknown_kind;

/// Something that is wrong with the steps of a Stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the step; none if the Stage as a whole is meant.
    pub step: Option<String>,
    /// Path of the field, below the step or the Stage's `spec`, as `config.images[0].tag`.
    pub field: String,
    /// Where in the field's text, line and column, both from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong with it.
    pub message: String,
}

impl Problem {
    /// Something wrong with a field of a step.
    pub fn at(step: &str, field: &str, message: impl Into<String>) -> Self {
        Self {
            step: Some(step.to_owned()),
            field: field.to_owned(),
            place: None,
            message: message.into(),
        }
    }

    /// Something wrong with a field of the Stage's `spec`.
    pub fn of_stage(field: &str, message: impl Into<String>) -> Self {
        Self {
            step: None,
            field: field.to_owned(),
            place: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(f, "step {step:?}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        match self.place {
            Some((1, column)) => write!(f, "column {column}: ")?,
            Some((line, column)) => write!(f, "line {line}, column {column}: ")?,
            None => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Everything that is wrong with how the Stage promotes: names, tasks, kinds of steps, their configuration and
/// expressions, and references to what is not there.
#[must_use]
pub fn check(stage: &StageSpec, tasks: &Tasks<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let inflated = task::inflate(stage, tasks, &|_| false).unwrap_or_else(|problem| {
        problems.push(problem);
        as_written(stage)
    });
    problems.extend(variables(&inflated.vars));
    for (at, step) in inflated.steps.iter().enumerate() {
        let alias = alias_of(at, step);
        problems.extend(kind(&alias, step));
        problems.extend(context::check_step(&alias, step));
        problems.extend(references::check(&inflated, at));
    }
    let mut distinct: Vec<Problem> = Vec::new();
    for problem in problems {
        if !distinct.contains(&problem) {
            distinct.push(problem);
        }
    }
    distinct
}

/// The older forms that the Stage uses, each with what to write instead.
#[must_use]
pub fn old_forms(stage: &StageSpec) -> Vec<String> {
    let template = stage.promotion_template.as_ref();
    let steps = template
        .map(|template| template.spec.steps.as_slice())
        .unwrap_or_default();
    let mut forms = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let kind = step.uses.as_deref().and_then(steps::find);
        let Some((kind, config)) = kind.zip(step.config.as_ref()) else {
            continue;
        };
        let alias = alias_of(at, step);
        forms.extend(kind.outdated(config).into_iter().map(|outdated| {
            format!(
                "step {alias:?}: instead of config.{} write `{}`",
                outdated.path, outdated.instead
            )
        }));
    }
    if let (None, Some(mechanisms)) = (template, &stage.promotion_mechanisms)
        && let Ok(modern) = mechanisms::modern(mechanisms)
    {
        forms.push(format!("instead of promotionMechanisms write:\n{modern}"));
    }
    forms
}

/// The steps that are no tasks, for a Stage whose tasks cannot be put in place.
fn as_written(stage: &StageSpec) -> Inflated {
    let Some(template) = &stage.promotion_template else {
        return Inflated::default();
    };
    let spec = &template.spec;
    let plain = |(at, step): (usize, &PromotionStep)| {
        let alias = Some(alias_of(at, step));
        step.task.is_none().then(|| PromotionStep {
            alias,
            ..step.clone()
        })
    };
    Inflated {
        vars: stage.vars.iter().chain(&spec.vars).cloned().collect(),
        steps: spec.steps.iter().enumerate().filter_map(plain).collect(),
    }
}

/// Variables of all steps know the promotion, but nothing of what steps leave.
fn variables(vars: &[ExpressionVariable]) -> Vec<Problem> {
    let step = PromotionStep {
        vars: vars.to_vec(),
        ..PromotionStep::default()
    };
    let of_stage = |problem| Problem {
        step: None,
        ..problem
    };
    context::check_step("", &step)
        .into_iter()
        .map(of_stage)
        .collect()
}

fn kind(alias: &str, step: &PromotionStep) -> Vec<Problem> {
    let uses = step.uses.as_deref().unwrap_or_default();
    let Some(kind) = steps::find(uses) else {
        return vec![Problem::at(alias, "uses", unknown_kind(uses))];
    };
    let config = step.config.as_ref().unwrap_or(&serde_json::Value::Null);
    let wrong = kind.check_template(config).into_iter();
    let field = |path: &str| match path {
        "" => "config".to_owned(),
        path => format!("config.{path}"),
    };
    wrong
        .map(|error| Problem::at(alias, &field(&error.path), error.message))
        .collect()
}

#[cfg(test)]
mod tests;
