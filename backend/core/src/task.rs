//! From what a Stage says to the steps that a promotion runs: tasks are replaced by their steps, and every step gets a
//! name.

use std::collections::{BTreeMap, BTreeSet};

use argosy_api::promotion_task::PromotionTaskSpec;
use argosy_api::stage::StageSpec;
use argosy_api::step::{
    ExpressionVariable, PromotionStep, PromotionTaskKind, PromotionTaskReference,
};

use crate::mechanisms;
use crate::stage_check::Problem;

/// The tasks that can be referred to, by name.
#[derive(Clone, Debug, Default)]
pub struct Tasks<'a> {
    /// Those of the project.
    pub project: BTreeMap<&'a str, &'a PromotionTaskSpec>,
    /// Those of the cluster.
    pub cluster: BTreeMap<&'a str, &'a PromotionTaskSpec>,
}

impl<'a> Tasks<'a> {
    /// The task that is meant, if it is there.
    #[must_use]
    pub fn find(&self, reference: &PromotionTaskReference) -> Option<&'a PromotionTaskSpec> {
        let tasks = match reference.kind.unwrap_or_default() {
            PromotionTaskKind::PromotionTask => &self.project,
            PromotionTaskKind::ClusterPromotionTask => &self.cluster,
        };
        tasks.get(reference.name.as_str()).copied()
    }
}

/// What a promotion runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inflated {
    /// Variables of all steps: the Stage's, then its template's.
    pub vars: Vec<ExpressionVariable>,
    /// The steps, each with a name of its own and none a task.
    pub steps: Vec<PromotionStep>,
}

/// The variables and steps of a promotion to `stage`.
///
/// `carries` says whether the Freight has a commit of a repository; only Kargo 0.8's mechanisms ask.
///
/// # Errors
/// What keeps the promotion from starting: a missing task, a missing input, a name that is taken or reserved.
pub fn inflate(
    stage: &StageSpec,
    tasks: &Tasks<'_>,
    carries: &dyn Fn(&str) -> bool,
) -> Result<Inflated, Problem> {
    let Some(template) = &stage.promotion_template else {
        let Some(mechanisms) = &stage.promotion_mechanisms else {
            return Ok(Inflated::default());
        };
        let steps = mechanisms::steps(mechanisms, carries)?;
        return Ok(Inflated {
            vars: stage.vars.clone(),
            steps: named(steps)?,
        });
    };
    let vars = merged(&stage.vars, &template.spec.vars);
    let steps = expand(&template.spec.steps, &vars, tasks)?;
    Ok(Inflated { vars, steps })
}

/// The steps with tasks replaced by theirs. `vars` are the promotion's own.
///
/// # Errors
/// As [`inflate`].
pub fn expand(
    steps: &[PromotionStep],
    vars: &[ExpressionVariable],
    tasks: &Tasks<'_>,
) -> Result<Vec<PromotionStep>, Problem> {
    let mut expanded = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let Some(reference) = &step.task else {
            let alias = chosen(step)?.unwrap_or_else(|| format!("step-{}", at + 1));
            expanded.push(PromotionStep {
                alias: Some(alias),
                ..step.clone()
            });
            continue;
        };
        let alias = chosen(step)?.unwrap_or_else(|| format!("task-{}", at + 1));
        let task = tasks
            .find(reference)
            .ok_or_else(|| missing(reference, &alias))?;
        task_steps(task, (reference, &alias), step, vars, &mut expanded)?;
    }
    distinct(&expanded)?;
    Ok(expanded)
}

fn task_steps(
    task: &PromotionTaskSpec,
    (reference, alias): (&PromotionTaskReference, &str),
    step: &PromotionStep,
    vars: &[ExpressionVariable],
    expanded: &mut Vec<PromotionStep>,
) -> Result<(), Problem> {
    let inputs = inputs(task, step, vars).map_err(|missing| {
        let message = format!(
            "task {:?} needs a value for the variable {missing:?}",
            reference.name
        );
        Problem::at(alias, "vars", message)
    })?;
    for (at, inner) in task.steps.iter().enumerate() {
        let name = format!(
            "{alias}::{}",
            inner
                .alias
                .clone()
                .unwrap_or_else(|| format!("step-{}", at + 1))
        );
        if inner.task.is_some() {
            return Err(Problem::at(
                &name,
                "task",
                "a task cannot contain another task",
            ));
        }
        let vars = inputs.iter().chain(&inner.vars).cloned().collect();
        expanded.push(PromotionStep {
            alias: Some(name),
            vars,
            ..inner.clone()
        });
    }
    Ok(())
}

/// What the steps of a task know, later ones winning: defaults that the promotion does not override, then what the
/// reference gives. Otherwise the name of an input that nobody gives.
fn inputs(
    task: &PromotionTaskSpec,
    step: &PromotionStep,
    vars: &[ExpressionVariable],
) -> Result<Vec<ExpressionVariable>, String> {
    let gives = |list: &[ExpressionVariable], name: &str| {
        list.iter()
            .any(|var| var.name == name && !var.value.is_empty())
    };
    let mut inputs = Vec::new();
    for var in &task.vars {
        if vars.iter().any(|outer| outer.name == var.name) {
            continue;
        }
        if !var.value.is_empty() {
            inputs.push(var.clone());
        } else if !gives(&step.vars, &var.name) {
            return Err(var.name.clone());
        }
    }
    inputs.extend(step.vars.iter().cloned());
    Ok(inputs)
}

/// The variables of both lists; of two with one name the second stays, at the first one's place.
fn merged(first: &[ExpressionVariable], second: &[ExpressionVariable]) -> Vec<ExpressionVariable> {
    let mut merged: Vec<ExpressionVariable> = Vec::new();
    for var in first.iter().chain(second) {
        match merged.iter_mut().find(|earlier| earlier.name == var.name) {
            Some(earlier) => earlier.value.clone_from(&var.value),
            None => merged.push(var.clone()),
        }
    }
    merged
}

/// Gives steps without a name theirs.
fn named(steps: Vec<PromotionStep>) -> Result<Vec<PromotionStep>, Problem> {
    let mut steps = steps;
    for (at, step) in steps.iter_mut().enumerate() {
        step.alias.get_or_insert_with(|| format!("step-{}", at + 1));
    }
    distinct(&steps)?;
    Ok(steps)
}

/// The name that a step was given, if any.
fn chosen(step: &PromotionStep) -> Result<Option<String>, Problem> {
    let Some(alias) = step
        .alias
        .as_deref()
        .map(str::trim)
        .filter(|alias| !alias.is_empty())
    else {
        return Ok(None);
    };
    if is_reserved(alias) {
        return Err(Problem::at(
            alias,
            "as",
            format!("the name {alias:?} is reserved for steps without a name"),
        ));
    }
    Ok(Some(alias.to_owned()))
}

/// Whether the name has the form of those that steps get by themselves: `step-3`, `task-1`.
#[must_use]
pub fn is_reserved(alias: &str) -> bool {
    let number = alias
        .strip_prefix("step-")
        .or_else(|| alias.strip_prefix("task-"));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn distinct(steps: &[PromotionStep]) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for alias in steps.iter().filter_map(|step| step.alias.as_deref()) {
        if !seen.insert(alias) {
            return Err(Problem::at(
                alias,
                "as",
                format!("another step is already called {alias:?}"),
            ));
        }
    }
    Ok(())
}

fn missing(reference: &PromotionTaskReference, alias: &str) -> Problem {
    let kind = match reference.kind.unwrap_or_default() {
        PromotionTaskKind::PromotionTask => "PromotionTask",
        PromotionTaskKind::ClusterPromotionTask => "ClusterPromotionTask",
    };
    Problem::at(
        alias,
        "task.name",
        format!("there is no {kind} {:?}", reference.name),
    )
}

#[cfg(test)]
mod tests;
