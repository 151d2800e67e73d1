//! Functions that make text which stays text: `quote`, `unsafeQuote`, `asYAML`, `asJSON`.

use argosy_expr::{Env, Fault, Function, Text, Value};
use serde_json::Value as Json;

use super::yaml;

pub(super) fn with_functions(env: Env) -> Env {
    env.with_function("quote", Function::new(1..=1, |args| quote(only(args))))
        .with_function(
            "unsafeQuote",
            Function::new(1..=1, |args| unsafe_quote(only(args))),
        )
        .with_function("asYAML", Function::new(1..=1, |args| as_yaml(only(args))))
        .with_function("asJSON", Function::new(1..=1, |args| as_json(only(args))))
}

fn only(args: &[Value]) -> &Value {
    args.first().unwrap_or(&Value::Nil)
}

fn verbatim(text: String) -> Value {
    Value::String(Text::verbatim(text))
}

/// The text of a value between double quotes, which a template takes off again.
fn quote(value: &Value) -> Result<Value, Fault> {
    if let Value::String(text) = value {
        return Ok(Value::from(quoted(text)));
    }
    match value.to_json()? {
        // These have quotes of their own inside, so none are put around them.
        json @ (Json::Array(_) | Json::Object(_)) => Ok(verbatim(json.to_string())),
        Json::String(text) => Ok(Value::from(quoted(&text))),
        json => Ok(Value::from(format!("\"{json}\""))),
    }
}

/// With backslashes and quotes escaped, as Kargo's users know it. Line breaks stay what they are.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' | '\r' | '\t' => quoted.push(c),
            c if c.is_control() => quoted.extend(c.escape_unicode()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The JSON of a value as text, so that a text keeps its quotes.
fn unsafe_quote(value: &Value) -> Result<Value, Fault> {
    Ok(verbatim(value.to_json()?.to_string()))
}

fn as_yaml(value: &Value) -> Result<Value, Fault> {
    Ok(verbatim(yaml::write(&value.to_json()?)))
}

fn as_json(value: &Value) -> Result<Value, Fault> {
    let json = value.to_json()?;
    let pretty = serde_json::to_string_pretty(&json)
        .map_err(|error| Fault::failed(format!("the value cannot be written as JSON: {error}")))?;
    Ok(verbatim(pretty + "\n"))
}
