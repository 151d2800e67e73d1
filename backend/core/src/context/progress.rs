//! What became of the steps so far: `always()`, `success()`, `failure()`, `status("alias")`.

use std::collections::BTreeMap;

use argosy_api::promotion::PromotionStatus;
use argosy_expr::{Env, Function, Value};

use super::freight::string;
use crate::promotion::earlier_failure;

/// `alias` is that of the step whose expressions are evaluated: in a task, the names of its siblings come first.
pub(super) fn with_functions(env: Env, status: &PromotionStatus, alias: &str) -> Env {
    let failed = earlier_failure(status);
    let statuses: BTreeMap<String, Value> = status
        .step_execution_metadata
        .iter()
        .filter_map(|entry| {
            Some((
                entry.alias.clone(),
                Value::from(format!("{:?}", entry.status?)),
            ))
        })
        .collect();
    let task = alias.rsplit_once("::").map(|(task, _)| task.to_owned());
    env.with_function("always", Function::new(0..=0, |_| Ok(Value::Bool(true))))
        .with_function(
            "failure",
            Function::new(0..=0, move |_| Ok(Value::Bool(failed))),
        )
        .with_function(
            "success",
            Function::new(0..=0, move |_| Ok(Value::Bool(!failed))),
        )
        .with_function(
            "status",
            Function::new(1..=1, move |args| {
                let name = string("status", args, 0)?;
                let sibling = task
                    .as_ref()
                    .and_then(|task| statuses.get(&format!("{task}::{name}")));
                let found = sibling.or_else(|| statuses.get(name));
                Ok(found.cloned().unwrap_or_else(|| Value::from("")))
            }),
        )
}
