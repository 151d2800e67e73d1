//! Expressions and templates with their answers, case by case.
//!
//! `kargo.jsonl` is what a running Kargo answered; texts of errors are our own, so only that there is an error
//! counts. `language.jsonl` goes through every operator and function, with the kind of each error.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use argosy_expr::{Env, Function, Numbers, Program, Template, Value, Wanted, template};
use serde_json::{Value as Json, json};

/// Where a better answer is right; `None` is an error. The reasons are in `docs/expressions.md`.
fn answered_better(id: &str) -> Option<Option<Json>> {
    let better = match id {
        // Integers do not wrap around.
        "expr-0028" => None,
        // Whole numbers have a remainder, also those of JSON documents.
        "expr-0034" => Some(json!(1)),
        // Keys of any type are text in JSON.
        "expr-0226" => Some(json!({"0": [2, 4], "1": [1, 3]})),
        "expr-0328" => Some(json!({"a": 1, "b": 2})),
        // Text becomes a number only if nothing is lost.
        "expr-0538" => Some(json!("inf")),
        "expr-0550" => Some(json!("12345e6")),
        "expr-0556" => Some(json!(".5")),
        // A letter is no boolean.
        "expr-0838" => Some(json!({"json": "{\"a\":\"t\",\"b\":\"F\"}"})),
        // Numbers that are not touched keep all their digits.
        "expr-0844" => Some(json!({"json": "{\"a\":1234567890123456789}"})),
        _ => return None,
    };
    Some(better)
}

fn env(vector: &Json) -> Env {
    let mut env = Env::new().at("2024-05-06T07:08:09Z".parse().unwrap());
    for (name, value) in vector["input"]["env"].as_object().into_iter().flatten() {
        env.set(name, Value::from_json(value, Numbers::Floats));
    }
    env
}

/// What is answered, or the message of the error.
fn answer(vector: &Json) -> Result<Json, String> {
    let text = vector["input"]["template"].as_str().unwrap();
    let env = env(vector);
    match vector["op"].as_str().unwrap() {
        "expr" => Template::parse(text)
            .and_then(|template| template.render(&env, Wanted::Anything))
            .map_err(|error| error.to_string()),
        "jsontemplate" => {
            let document: Json = serde_json::from_str(text).unwrap();
            template::render(&document, &env, &|_| false)
                .map(|rendered| json!({ "json": rendered.to_string() }))
                .map_err(|error| error.to_string())
        }
        other => Err(format!("unknown op {other}")),
    }
}

/// Numbers are the same if they are equal, whether they are written with a fraction or not.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

#[track_caller]
fn check(vectors: &str) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in vectors.lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let id = vector["id"].as_str().unwrap();
        let expected = answered_better(id).unwrap_or_else(|| vector.get("output").cloned());
        let answered = answer(&vector);
        let right = match (&expected, &answered) {
            (Some(expected), Ok(answered)) => same(expected, answered),
            (None, Err(_)) => true,
            (Some(_), Err(_)) | (None, Ok(_)) => false,
        };
        if !right {
            let text = &vector["input"]["template"];
            wrong.push(format!(
                "{id} {text}\n  expected {expected:?}\n  answered {answered:?}"
            ));
        }
        count += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(0 < count, "there are no vectors");
}

#[test]
fn templates_are_answered_as_recorded() {
    check(include_str!("vectors/kargo.jsonl"));
}

#[test]
fn the_language_answers_as_its_definition_says() {
    let variables: Json = serde_json::from_str(include_str!("vectors/language-env.json")).unwrap();
    let always = Function::new(0..=0, |_| Ok(Value::Bool(true)));
    let env = env(&json!({ "input": { "env": variables } })).with_function("always", always);
    let mut wrong = Vec::new();
    for line in include_str!("vectors/language.jsonl").lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let text = vector["text"].as_str().unwrap();
        let answered = match Program::compile(text).and_then(|program| program.run(&env)) {
            Ok(value) => json!({ "output": value.to_json().unwrap() }),
            Err(error) => json!({ "error": format!("{:?}", error.kind) }),
        };
        let right = match vector.get("output") {
            Some(expected) => answered
                .get("output")
                .is_some_and(|output| same(expected, output)),
            None => answered["error"] == vector["error"],
        };
        if !right {
            wrong.push(format!("{vector}\n  answered {answered}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
