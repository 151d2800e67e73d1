//! `ctx`, `outputs`, `task`, `stepMetas` and `target`.

use argosy_api::promotion::PromotionStatus;
use argosy_expr::{Env, Numbers, Value};
use serde_json::{Value as Json, json};

use super::Setting;

fn value(json: &Json) -> Value {
    Value::from_json(json, Numbers::Floats)
}

/// What is the same for all steps.
pub(super) fn with_promotion(mut env: Env, setting: &Setting<'_>, step: &str) -> Env {
    let freight = setting.status.freight.as_ref();
    let origin = freight
        .map(|freight| freight.origin.name.as_str())
        .unwrap_or_default();
    env.set(
        "ctx",
        value(&json!({
            "uiBaseUrl": setting.ui_base_url,
            "project": setting.project,
            "stage": setting.spec.stage,
            "promotion": setting.promotion,
            "targetFreight": {
                "name": freight.map(|freight| freight.name.as_str()).unwrap_or_default(),
                "alias": setting.freight_alias,
                "origin": { "name": origin },
            },
            "meta": {
                "promotion": { "actor": setting.actor, "rollback": setting.rollback },
                "step": { "alias": step },
            },
        })),
    );
    if let Some(target) = setting.target {
        let params = Json::Object(target.spec.params.clone());
        env.set(
            "target",
            value(&json!({ "params": params, "labels": target.metadata.labels })),
        );
    }
    env
}

/// What earlier steps left. In a task, `task.outputs` has that of its own steps by their short names.
pub(super) fn with_outputs(mut env: Env, status: &PromotionStatus, step: &str) -> Env {
    let outputs = |of: &dyn Fn(&str) -> Option<String>| {
        let named = status
            .state
            .iter()
            .filter_map(|(alias, output)| Some((of(alias)?, value(output))));
        Value::map(named.map(|(alias, output)| (alias.as_str().to_owned(), output)))
    };
    env.set("outputs", outputs(&|alias| Some(alias.to_owned())));
    if let Some((task, _)) = step.rsplit_once("::") {
        let prefix = format!("{task}::");
        let own = outputs(&|alias| alias.strip_prefix(&prefix).map(str::to_owned));
        env.set("task", Value::map([("outputs", own)]));
    }
    let metas = status.step_execution_metadata.iter().map(|entry| {
        // It holds texts, numbers and times only.
        let json = serde_json::to_value(entry).unwrap_or_default();
        (entry.alias.as_str(), value(&json))
    });
    env.set("stepMetas", Value::map(metas));
    env
}
