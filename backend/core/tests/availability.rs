//! Which Freight is available to a Stage, and what would be promoted next, case by case.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at the first thing that is not as it should be"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use argosy_api::{Freight, ProjectConfig, Stage};
use argosy_core::{availability, policy, stage};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where a better answer is right, see `docs/decisions/0005-where-kargo-is-not-followed.md`.
const ANSWERED_BETTER: &[(&str, &[&str])] = &[
    // No upstream Stage named, and not direct: only what is approved.
    ("freight-0010", &["f5"]),
    // Soaking in a Stage that is not listed does not count.
    ("freight-0028", &[]),
    // Nothing to follow.
    ("freight-0040", &[]),
    // A policy that names no Stage matches none.
    ("freight-0064", &["a"]),
];

#[test]
fn freight_is_available_as_recorded() {
    let mut wrong = Vec::new();
    for line in include_str!("vectors/freight.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let id = vector["id"].as_str().unwrap();
        let answer = answer(&vector["input"]);
        let mut expected = vector["output"].clone();
        if let Some((_, available)) = ANSWERED_BETTER.iter().find(|(known, _)| *known == id) {
            expected = json!({ "available": available });
        }
        let differs = expected
            .as_object()
            .unwrap()
            .iter()
            .any(|(key, value)| answer[key] != *value);
        if differs {
            wrong.push(format!("{id}\n  expected {expected}\n  answered {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn answer(input: &Value) -> Value {
    let objects = Objects::parse(input["objects"].as_str().unwrap());
    let stage = &objects.stage;
    let name = stage.metadata.name.as_deref().unwrap();
    let labels = stage.metadata.labels.clone().unwrap_or_default();
    let policies = objects
        .config
        .map(|it| it.spec.promotion_policies)
        .unwrap_or_default();
    let enabled = policy::auto_promotion_enabled(&policies, name, &labels);
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let seen = stage::Seen {
        now,
        stage,
        auto_promotion_enabled: enabled,
        freight: &objects.freight,
        promotions: &[],
        applications: &BTreeMap::new(),
        problems: &[],
        old_forms: &[],
    };
    let request = &stage.spec.requested_freight[0];
    let mut available: Vec<_> = objects
        .freight
        .iter()
        .filter(|freight| {
            availability::refusal(&availability::Seen {
                now,
                stage: name,
                request,
                freight,
            })
            .is_none()
        })
        .map(|freight| freight.metadata.name.clone().unwrap())
        .collect();
    available.sort();
    let candidates: BTreeMap<_, _> = stage::candidates(&seen)
        .into_iter()
        .map(|it| (it.origin, it.freight.metadata.name.clone().unwrap()))
        .collect();
    json!({
        "autoPromotionEnabled": enabled,
        "available": available,
        "candidates": candidates,
    })
}

struct Objects {
    stage: Stage,
    freight: Vec<Arc<Freight>>,
    config: Option<ProjectConfig>,
}

impl Objects {
    fn parse(text: &str) -> Self {
        let mut stage = None;
        let mut freight = Vec::new();
        let mut config = None;
        for document in yaml_serde::Deserializer::from_str(text) {
            let value = Value::deserialize(document).unwrap();
            match value["kind"].as_str().unwrap() {
                "Stage" => stage = Some(read(value)),
                "Freight" => freight.push(Arc::new(read(value))),
                "ProjectConfig" => config = Some(read(value)),
                _ => {}
            }
        }
        Self {
            stage: stage.unwrap(),
            freight,
            config,
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(mut value: Value) -> T {
    value["apiVersion"] = json!("kargo.akuity.io/v1alpha1");
    serde_json::from_value(value).unwrap()
}
