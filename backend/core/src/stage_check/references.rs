//! References of a step to steps before it and to variables.

use argosy_api::step::PromotionStep;
use argosy_expr::Template;
use serde_json::Value;

use super::Problem;
use super::guess::guess;
use crate::promotion::alias_of;
use crate::steps;
use crate::task::Inflated;

/// References of the step at a place that lead nowhere. One that provides for that itself, with `??` or `?.`, is fine.
pub(super) fn check(inflated: &Inflated, at: usize) -> Vec<Problem> {
    let Some(step) = inflated.steps.get(at) else {
        return Vec::new();
    };
    let scope = Scope {
        inflated,
        at,
        alias: alias_of(at, step),
    };
    let mut problems = Vec::new();
    let mut see = |field: &str, text: &str| {
        let Ok(template) = Template::parse(text) else {
            return;
        };
        for reference in template
            .programs()
            .flat_map(|program| program.references().variables)
        {
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            let wrong = scope.wrong(step, &path).filter(|_| !reference.guarded);
            problems.extend(wrong.map(|message| Problem::at(&scope.alias, field, message)));
        }
    };
    for var in &step.vars {
        see(&format!("vars.{}", var.name), &var.value);
    }
    if let Some(condition) = &step.condition {
        see("if", condition);
    }
    let config = step.config.as_ref().unwrap_or(&Value::Null);
    texts(config, "config", &mut see);
    problems.extend(scope.older_forms(config));
    problems
}

/// What a step can see.
struct Scope<'a> {
    inflated: &'a Inflated,
    at: usize,
    alias: String,
}

impl Scope<'_> {
    /// Why a reference leads nowhere.
    fn wrong(&self, step: &PromotionStep, path: &[&str]) -> Option<String> {
        match path {
            ["outputs", name, rest @ ..] => self.output(name, name, rest),
            ["task", "outputs", name, rest @ ..] => match self.alias.split_once("::") {
                Some((task, _)) => self.output(&format!("{task}::{name}"), name, rest),
                None => Some("`task` is there only for steps of a task".to_owned()),
            },
            ["vars", name, ..] => {
                let vars = || {
                    self.inflated
                        .vars
                        .iter()
                        .chain(&step.vars)
                        .map(|var| var.name.as_str())
                };
                let missing = !vars().any(|known| known == *name);
                missing.then(|| {
                    format!(
                        "there is no variable {name:?}{}",
                        meant(guess(name, vars()))
                    )
                })
            }
            _ => None,
        }
    }

    /// Why there is no such output. `alias` is the step's whole name, `shown` what was written.
    fn output(&self, alias: &str, shown: &str, rest: &[&str]) -> Option<String> {
        let is = |(at, step): &(usize, &PromotionStep)| alias_of(*at, step) == alias;
        let steps = || self.inflated.steps.iter().enumerate();
        let Some((at, step)) = steps().find(is) else {
            // What the steps of a task compose is there under the task's name.
            let task = format!("{alias}::");
            let composed = steps()
                .take(self.at)
                .any(|(at, step)| alias_of(at, step).starts_with(&task));
            let names: Vec<String> = steps()
                .take(self.at)
                .map(|(at, step)| alias_of(at, step))
                .collect();
            let guess = guess(alias, names.iter().map(String::as_str));
            return (!composed).then(|| format!("there is no step {shown:?}{}", meant(guess)));
        };
        if self.at <= at {
            let when = if self.at == at {
                "is this one"
            } else {
                "comes later"
            };
            return Some(format!(
                "step {shown:?} {when}, so there is no output of it yet"
            ));
        }
        let kind = step.uses.as_deref().and_then(steps::find)?;
        let known = || kind.outputs.iter().map(|output| output.name);
        let output = rest
            .first()
            .filter(|output| known().next().is_some() && !known().any(|name| name == **output))?;
        let guess = guess(output, known());
        Some(format!(
            "step {shown:?} ({}) has no output {output:?}{}",
            kind.name,
            meant(guess)
        ))
    }

    /// Fields that name a step without an expression.
    fn older_forms(&self, config: &Value) -> Vec<Problem> {
        let messages = config["messageFromSteps"].as_array().into_iter().flatten();
        let messages = messages.enumerate().map(|(at, alias)| {
            (
                format!("config.messageFromSteps[{at}]"),
                alias,
                "commitMessage",
            )
        });
        let apps = config["apps"].as_array().into_iter().flatten().enumerate();
        let commits = apps.flat_map(|(app, value)| {
            let sources = value["sources"]
                .as_array()
                .into_iter()
                .flatten()
                .enumerate();
            sources.map(move |(source, value)| {
                let field = format!("config.apps[{app}].sources[{source}].desiredCommitFromStep");
                (field, &value["desiredCommitFromStep"], "commit")
            })
        });
        let named = messages.chain(commits);
        named
            .filter_map(|(field, alias, output)| {
                let alias = alias.as_str().filter(|alias| !alias.contains("${"))?;
                let message = self.output(alias, alias, &[output])?;
                Some(Problem::at(&self.alias, &field, message))
            })
            .collect()
    }
}

fn meant(guess: Option<&str>) -> String {
    guess
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

/// Shows every text of a document with the path that leads to it.
fn texts(value: &Value, path: &str, see: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => see(path, text),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                texts(item, &format!("{path}[{at}]"), see);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                texts(field, &format!("{path}.{name}"), see);
            }
        }
    }
}
