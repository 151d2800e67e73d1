//! Evaluates what a step says: its variables, its condition, its configuration.

use std::collections::BTreeMap;
use std::fmt;

use argosy_api::collection::FreightReference;
use argosy_api::step::{ExpressionVariable, PromotionStep};
use argosy_expr::{Env, Error, Numbers, Template, TemplateError, Value, Wanted, template};
use serde_json::Value as Json;

use super::fact::{Fact, Facts};
use super::{Setting, progress, surroundings, variables};
use crate::promotion::alias_of;
use crate::stage_check::Problem;

/// Why there is no value yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Unready {
    /// Fetch these and evaluate again.
    Needs(Vec<Fact>),
    /// It will not get better.
    Wrong(Problem),
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(facts) => {
                let facts: Vec<String> = facts.iter().map(ToString::to_string).collect();
                write!(f, "not known yet: {}", facts.join(", "))
            }
            Self::Wrong(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for Unready {}

impl Setting<'_> {
    /// Whether the step at a place is to run. A step without `if` is; whether an earlier failure passes it over is
    /// not decided here.
    ///
    /// # Errors
    /// If the condition cannot be evaluated, or gives neither true nor false.
    pub fn condition(&self, at: usize, facts: &Facts) -> Result<bool, Unready> {
        let Some(step) = self.spec.steps.get(at) else {
            return Ok(false);
        };
        let Some(condition) = &step.condition else {
            return Ok(true);
        };
        let alias = alias_of(at, step);
        let env = self.env(at, facts)?;
        match render(condition, &env, &alias, "if")? {
            Json::Bool(value) => Ok(value),
            other => {
                let message = format!("a condition is true or false, not {other}");
                Err(Unready::Wrong(Problem::at(&alias, "if", message)))
            }
        }
    }

    /// The configuration of the step at a place with its expressions evaluated, `null` if it has none. `is_text`
    /// says which of its fields are texts: [`crate::steps::StepKind::is_text`].
    ///
    /// # Errors
    /// If a variable or the configuration cannot be evaluated.
    pub fn config(
        &self,
        at: usize,
        facts: &Facts,
        is_text: &dyn Fn(&[&str]) -> bool,
    ) -> Result<Json, Unready> {
        let Some(step) = self.spec.steps.get(at) else {
            return Ok(Json::Null);
        };
        let Some(config) = &step.config else {
            return Ok(Json::Null);
        };
        let env = self.env(at, facts)?;
        let alias = alias_of(at, step);
        template::render(config, &env, is_text).map_err(|error| unready(&error, &alias, "config"))
    }

    /// All that the expressions of the step at a place can refer to.
    ///
    /// # Errors
    /// If a variable cannot be evaluated.
    pub fn env(&self, at: usize, facts: &Facts) -> Result<Env, Unready> {
        let nothing = PromotionStep::default();
        let step = self.spec.steps.get(at).unwrap_or(&nothing);
        let alias = alias_of(at, step);
        let collection = self.status.freight_collection.as_ref();
        let freight: Vec<FreightReference> = collection
            .into_iter()
            .flat_map(|collection| collection.items.values())
            .cloned()
            .collect();
        let env = surroundings(self.now, &freight, facts);
        let env = variables::with_promotion(env, self, &alias);
        // Variables of the promotion are the same for all steps, so they do not see what steps did.
        let env = vars(env, &self.spec.vars, &alias)?;
        let env = progress::with_functions(env, self.status, &alias);
        let env = variables::with_outputs(env, self.status, &alias);
        vars(env, &step.vars, &alias)
    }
}

/// Adds variables in their order. Each sees those before it, and replaces one of the same name. `step` is named
/// in errors.
///
/// # Errors
/// If one cannot be evaluated.
pub fn vars(env: Env, vars: &[ExpressionVariable], step: &str) -> Result<Env, Unready> {
    let mut env = env;
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    if let Some(Value::Map(known)) = env.variable("vars") {
        all.extend(
            known
                .iter()
                .map(|(name, value)| (name.text(), value.clone())),
        );
    }
    env.set("vars", Value::map(all.clone()));
    for var in vars {
        let field = format!("vars.{}", var.name);
        let json = render(&var.value, &env, step, &field)?;
        all.insert(var.name.clone(), Value::from_json(&json, Numbers::Floats));
        env.set("vars", Value::map(all.clone()));
    }
    Ok(env)
}

fn render(text: &str, env: &Env, step: &str, field: &str) -> Result<Json, Unready> {
    Template::parse(text)
        .and_then(|template| template.render(env, Wanted::Anything))
        .map_err(|error| match Fact::of_error(&error) {
            Some(fact) => Unready::Needs(vec![fact]),
            None => Unready::Wrong(problem(&error, step, field.to_owned())),
        })
}

fn unready(error: &TemplateError, step: &str, field: &str) -> Unready {
    match error {
        TemplateError::Needs(_) => Unready::Needs(Fact::of_template_error(error)),
        TemplateError::Wrong { path, error, .. } => {
            Unready::Wrong(problem(error, step, below(field, path)))
        }
    }
}

/// A path below a field: `config` and `apps[0]` are `config.apps[0]`.
pub(super) fn below(field: &str, path: &str) -> String {
    match path.chars().next() {
        None => field.to_owned(),
        Some('[') => format!("{field}{path}"),
        Some(_) => format!("{field}.{path}"),
    }
}

pub(super) fn problem(error: &Error, step: &str, field: String) -> Problem {
    Problem {
        step: Some(step.to_owned()),
        field,
        place: Some((error.line, error.column)),
        message: error.message.clone(),
    }
}
