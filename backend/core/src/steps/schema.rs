//! Checks a configuration against the JSON schema of its type.
//!
//! Knows the parts of JSON Schema that our types produce, and no others: a schema with anything
//! else in it fails a test, not a promotion.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::config::{Problems, child};

/// A line of the table of fields that a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// The field, as `checkout[].path`.
    pub path: String,
    /// Its type: `string`, `integer`, `boolean`, `object`, `map`, `any`, `list of strings`, or
    /// `one of` and the allowed words.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// What is used when it is not given, as JSON.
    pub default: Option<String>,
    /// What it is for, as sentences.
    pub description: String,
}

/// The schema of a configuration type, without references.
pub(super) fn of<C: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<C>()
        .into()
}

/// Compares the value with the schema.
pub(super) fn check(schema: &Value, value: &Value, problems: &mut Problems) {
    compare("", schema, value, problems);
}

/// Every field that the schema has, parents before children.
pub fn fields(schema: &Value) -> Vec<FieldRow> {
    let mut rows = Vec::new();
    list_fields("", schema, &mut rows);
    rows
}

/// Whether the schema at the path allows only text.
pub(super) fn is_text(schema: &Value, path: &[&str]) -> bool {
    let schema = present(schema);
    let Some((first, rest)) = path.split_first() else {
        return kind(schema) == Some("string");
    };
    let inner = match kind(schema) {
        Some("array") => &schema["items"],
        Some("object") if !schema["properties"][*first].is_null() => &schema["properties"][*first],
        Some("object") => &schema["additionalProperties"],
        Some(_) | None => return false,
    };
    is_text(inner, rest)
}

fn compare(path: &str, schema: &Value, value: &Value, problems: &mut Problems) {
    if problems.is_open(value) || (value.is_null() && allows_null(schema)) {
        return;
    }
    let schema = present(schema);
    if let Some(expected) = kind(schema)
        && !is_kind(expected, value)
    {
        return problems.add(path, format!("expected {expected}, got {}", name_of(value)));
    }
    let words = words(schema);
    if !words.is_empty() && !words.iter().any(|word| Some(*word) == value.as_str()) {
        return problems.add(path, format!("must be one of {}", words.join(", ")));
    }
    match value {
        Value::String(text) => compare_text(path, schema, text, problems),
        Value::Number(number) => {
            if let Some(least) = schema["minimum"].as_f64()
                && number.as_f64().is_some_and(|n| n < least)
            {
                problems.add(path, format!("must be {least} or more"));
            }
        }
        Value::Array(list) => {
            if (list.len() as u64) < schema["minItems"].as_u64().unwrap_or(0) {
                problems.add(path, "must not be empty");
            }
            for (at, item) in list.iter().enumerate() {
                compare(&format!("{path}[{at}]"), &schema["items"], item, problems);
            }
        }
        Value::Object(_) => compare_object(path, schema, value, problems),
        Value::Null | Value::Bool(_) => {}
    }
}

fn compare_text(path: &str, schema: &Value, text: &str, problems: &mut Problems) {
    if (text.len() as u64) < schema["minLength"].as_u64().unwrap_or(0) {
        problems.add(path, "must not be empty");
    }
}

fn compare_object(path: &str, schema: &Value, value: &Value, problems: &mut Problems) {
    let Some(object) = value.as_object() else {
        return;
    };
    for field in required(schema) {
        if !object.contains_key(field) {
            problems.add(&child(path, field), "required field is missing");
        }
    }
    if (object.len() as u64) < schema["minProperties"].as_u64().unwrap_or(0) {
        problems.add(path, "must have at least one field");
    }
    let others = &schema["additionalProperties"];
    for (field, value) in object {
        let known = &schema["properties"][field.as_str()];
        if !known.is_null() {
            compare(&child(path, field), known, value, problems);
        } else if others == &Value::Bool(false) {
            problems.add(&child(path, field), unknown(schema, field));
        } else {
            compare(&child(path, field), others, value, problems);
        }
    }
}

fn unknown(schema: &Value, field: &str) -> String {
    let known: Vec<&String> = schema["properties"]
        .as_object()
        .map(|p| p.keys().collect())
        .unwrap_or_default();
    let near = known.iter().find(|name| is_near(name, field));
    match near {
        Some(name) => format!("unknown field, did you mean {name}?"),
        None => format!("unknown field; there are {}", join(&known)),
    }
}

fn join(names: &[&String]) -> String {
    names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether two names differ by case or by one letter more, less, changed or swapped.
fn is_near(name: &str, other: &str) -> bool {
    let (a, b) = (name.to_lowercase(), other.to_lowercase());
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let longest_end = a.len().min(b.len()) - start;
    let end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take(longest_end)
        .take_while(|(x, y)| x == y);
    let end = end.count();
    let (left_a, left_b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let swapped = left_a.len() == 2 && left_b.len() == 2 && left_a[0] == left_b[1];
    swapped || (left_a.len() <= 1 && left_b.len() <= 1)
}

fn list_fields(path: &str, schema: &Value, rows: &mut Vec<FieldRow>) {
    let schema = present(schema);
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, field) in properties {
        let path = child(path, name);
        let inner = present(field);
        rows.push(FieldRow {
            path: path.clone(),
            kind: shown_kind(inner),
            required: required(schema).any(|needed| needed == name),
            default: Some(&field["default"])
                .filter(|d| !d.is_null())
                .map(Value::to_string),
            description: described(field, inner),
        });
        if kind(inner) == Some("array") {
            list_fields(&format!("{path}[]"), &inner["items"], rows);
        } else {
            list_fields(&path, inner, rows);
        }
    }
}

fn described(field: &Value, inner: &Value) -> String {
    let text = field["description"]
        .as_str()
        .or_else(|| inner["description"].as_str());
    text.unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn shown_kind(schema: &Value) -> String {
    let words = words(schema);
    if !words.is_empty() {
        return format!("one of {}", words.join(", "));
    }
    match kind(schema) {
        Some("array") => match kind(present(&schema["items"])) {
            Some(item) => format!("list of {item}s"),
            None => "list".to_owned(),
        },
        Some("object") if schema["properties"].is_null() => "map".to_owned(),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The words that are allowed, if only certain words are.
fn words(schema: &Value) -> Vec<&str> {
    if let Some(list) = schema["enum"].as_array() {
        return list.iter().filter_map(Value::as_str).collect();
    }
    let cases = schema["oneOf"].as_array().into_iter().flatten();
    cases.filter_map(|case| case["const"].as_str()).collect()
}

/// The schema of the value if there is one, where null stands for none.
fn present(schema: &Value) -> &Value {
    let cases = schema["anyOf"].as_array();
    cases
        .and_then(|cases| cases.iter().find(|case| case["type"] != "null"))
        .unwrap_or(schema)
}

fn allows_null(schema: &Value) -> bool {
    let cases = schema["anyOf"].as_array().into_iter().flatten();
    let types = schema["type"].as_array().into_iter().flatten();
    cases.clone().any(|case| case["type"] == "null") || types.clone().any(|kind| kind == "null")
}

fn kind(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null"),
        _ if !words(schema).is_empty() => Some("string"),
        _ => None,
    }
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "integer" => value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "number" => value.is_number(),
        other => other == name_of(value),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
