//! Whole promotions, round by round, as Kargo v1.11.2 recorded them: tasks, expressions and the fold together.
//!
//! A round is what happens until a step has to be tried again. Error texts need not be equal; that there is one, which
//! step has it and what becomes of the promotion must be.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use argosy_api::collection::FreightCollection;
use argosy_api::promotion::{PromotionSpec, PromotionStatus};
use argosy_api::promotion_task::PromotionTaskSpec;
use argosy_api::step::PromotionStep;
use argosy_core::context::{Facts, Setting, Unready};
use argosy_core::promotion::{
    Fault, Next, Outcome, Ran, Recorded, Seen, begin, decide, finish, record,
};
use argosy_core::steps::{self, compose_output, copy, fail};
use argosy_core::task::{Tasks, expand};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// Steps that are recorded but not among those that exist.
const LATER: &[&str] = &["yaml-parse"];

#[test]
fn promotions_go_as_recorded() {
    let mut compared = 0;
    for line in include_str!("vectors/engine.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if LATER
            .iter()
            .any(|kind| line.contains(&format!("uses: {kind}")))
        {
            continue;
        }
        compared += 1;
        compare(&vector);
    }
    assert_eq!(compared, 21);
}

fn compare(vector: &Value) {
    let input = &vector["input"];
    let documents = |field: &str| -> Vec<Value> {
        let text = input[field].as_str().unwrap_or_default();
        yaml_serde::Deserializer::from_str(text)
            .map(|it| serde::Deserialize::deserialize(it).unwrap())
            .collect()
    };
    let promotion = documents("promotion").remove(0);
    let tasks: BTreeMap<String, PromotionTaskSpec> = documents("objects")
        .into_iter()
        .filter(|object| object["kind"] == "PromotionTask")
        .map(|task| {
            (
                task["metadata"]["name"].as_str().unwrap().to_owned(),
                from(&task["spec"]),
            )
        })
        .collect();
    let project = tasks
        .iter()
        .map(|(name, task)| (name.as_str(), task))
        .collect();
    let mut spec: PromotionSpec = from(&with(&promotion["spec"], "stage", "dev"));
    match expand(
        &spec.steps,
        &spec.vars,
        &Tasks {
            project,
            cluster: BTreeMap::new(),
        },
    ) {
        Ok(steps) => spec.steps = steps,
        Err(problem) => return assert!(vector["error"].is_string(), "{}: {problem}", vector["id"]),
    }
    assert_eq!(vector["error"], Value::Null, "{}", vector["id"]);
    assert_eq!(
        inflated(&spec.steps),
        vector["output"]["inflated"],
        "{}",
        vector["id"]
    );
    let collection: FreightCollection = from(&promotion["status"]["freightCollection"]);
    let rounds = rounds(&spec, collection, input["rounds"].as_u64().unwrap_or(1));
    let wanted = vector["output"]["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), wanted.len(), "{}: {rounds:#?}", vector["id"]);
    for (have, want) in rounds.iter().zip(wanted) {
        assert_eq!(*have, without_texts(want), "{}", vector["id"]);
    }
}

fn rounds(spec: &PromotionSpec, collection: FreightCollection, most: u64) -> Vec<Value> {
    let mut now = Timestamp::from_second(1_800_000_000).unwrap();
    let status = PromotionStatus {
        freight_collection: Some(collection),
        ..PromotionStatus::default()
    };
    let mut recorded = Recorded {
        status: begin(&status, now),
        not_before: None,
    };
    let mut rounds = Vec::new();
    for _ in 0..200 {
        now += SignedDuration::from_millis(10);
        let Recorded { status, not_before } = &recorded;
        let step = |index: usize| (index, &spec.steps[index]);
        let (index, outcome) = match decide(&Seen {
            now,
            steps: &spec.steps,
            status,
            not_before: *not_before,
            driven_since: Timestamp::UNIX_EPOCH,
        }) {
            Next::Begin(index) => (index, begun(spec, status, index)),
            Next::Skip(index) => (index, Outcome::Skipped),
            Next::Expire(index) => (index, Outcome::TimedOut),
            Next::Run(index) => (index, run(spec, status, index)),
            Next::Wait(until) => {
                rounds.push(shown(status));
                if rounds.len() as u64 == most {
                    return rounds;
                }
                now = until;
                continue;
            }
            Next::Finish(verdict) => {
                rounds.push(shown(&finish(status, &verdict, now)));
                return rounds;
            }
        };
        recorded = record(&recorded.status, step(index), &outcome, now);
    }
    panic!("no end: {recorded:?}");
}

fn setting<'a>(spec: &'a PromotionSpec, status: &'a PromotionStatus) -> Setting<'a> {
    Setting {
        now: Timestamp::from_second(1_800_000_000).unwrap(),
        ui_base_url: "",
        project: "demo",
        promotion: "promo",
        spec,
        status,
        freight_alias: "",
        actor: "",
        rollback: false,
        target: None,
    }
}

/// Evaluates with facts as a cluster without any of the objects has them.
fn evaluated<T>(evaluate: impl Fn(&Facts) -> Result<T, Unready>) -> Result<T, String> {
    let mut facts = Facts::new();
    loop {
        match evaluate(&facts) {
            Ok(value) => return Ok(value),
            Err(Unready::Wrong(problem)) => return Err(problem.to_string()),
            Err(Unready::Needs(wanted)) => wanted
                .into_iter()
                .for_each(|fact| facts.insert(fact, Value::Null)),
        }
    }
}

fn begun(spec: &PromotionSpec, status: &PromotionStatus, index: usize) -> Outcome {
    match evaluated(|facts| setting(spec, status).condition(index, facts)) {
        Ok(true) => Outcome::Started,
        Ok(false) => Outcome::Skipped,
        Err(reason) => Outcome::ConditionFault(reason),
    }
}

fn run(spec: &PromotionSpec, status: &PromotionStatus, index: usize) -> Outcome {
    let uses = spec.steps[index].uses.as_deref().unwrap();
    let kind = steps::find(uses).unwrap_or_else(|| panic!("no kind {uses}"));
    let is_text = |path: &[&str]| kind.is_text(path);
    let config = match evaluated(|facts| setting(spec, status).config(index, facts, &is_text)) {
        Ok(config) => config,
        Err(reason) => return Outcome::ConfigFault(reason),
    };
    let wrong = |error| Fault::failed(format!("invalid {uses} config: {error}"));
    let ran = match uses {
        "compose-output" => compose_output::parse(&config)
            .map(|config| Ran {
                output: Some(config.outputs),
                ..Ran::succeeded()
            })
            .map_err(wrong),
        "fail" => Err(fail::parse(&config).map_or_else(wrong, |config| {
            Fault::failed(format!("failed: {}", config.message.unwrap_or_default()))
        })),
        // In all of these the file is missing.
        "copy" => Err(copy::parse(&config)
            .map_or_else(wrong, |_| Fault::errored("no such file or directory"))),
        other => panic!("no vector uses {other}"),
    };
    ran.map_or_else(Outcome::Faulted, Outcome::Ran)
}

/// The steps as the vectors show them.
fn inflated(steps: &[PromotionStep]) -> Value {
    let shown = |step: &PromotionStep| {
        let mut shown = json!({ "as": step.alias, "uses": step.uses });
        if !step.vars.is_empty() {
            shown["vars"] = json!(step.vars);
        }
        shown
    };
    steps.iter().map(shown).collect()
}

/// A round as the vectors show it, without texts.
fn shown(status: &PromotionStatus) -> Value {
    let steps = status.step_execution_metadata.iter().map(|entry| {
        let mut step = json!({
            "alias": entry.alias,
            "status": entry.status,
            "started": entry.started_at.is_some(),
            "finished": entry.finished_at.is_some(),
            "message": entry.message.is_some(),
        });
        if entry.continue_on_error {
            step["continueOnError"] = json!(true);
        }
        if entry.error_count != 0 {
            step["errorCount"] = json!(entry.error_count);
        }
        step
    });
    json!({
        "phase": status.phase,
        "currentStep": status.current_step,
        "state": status.state,
        "message": status.phase.is_some_and(argosy_api::promotion::PromotionPhase::is_terminal) && status.message.is_some(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// A recorded round, with whether there is a text in the place of each text.
fn without_texts(round: &Value) -> Value {
    let mut round = round.clone();
    round.as_object_mut().unwrap().remove("error");
    for object in
        std::iter::once(&mut round["steps"]).flat_map(|steps| steps.as_array_mut().unwrap())
    {
        object["message"] = json!(object["message"].is_string());
    }
    round["message"] = json!(round["message"].is_string());
    // Empty outputs are dropped when the status is written.
    let state: Map<String, Value> = from(&round["state"]);
    round["state"] = state
        .into_iter()
        .filter(|(_, output)| !output.is_null())
        .collect();
    round
}

fn with(object: &Value, field: &str, value: &str) -> Value {
    let mut object = object.clone();
    object[field] = json!(value);
    object
}

fn from<T: serde::de::DeserializeOwned + Default>(value: &Value) -> T {
    if value.is_null() {
        T::default()
    } else {
        serde_json::from_value(value.clone()).unwrap()
    }
}
