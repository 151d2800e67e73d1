//! What can be wrong with a step's configuration, and the rules that a schema cannot say.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize as _, Deserializer, de};
use serde_json::{Map, Value};

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The field, as `checkout[0].path`. Empty if the configuration as a whole is meant.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A field that still works, and how the same is written today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// The field, as `apps[0].sources[0].desiredCommitFromStep`.
    pub path: String,
    /// The line to write instead.
    pub instead: String,
}

/// Which configurations are being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checking {
    /// As written: a string may hold an expression.
    Template,
    /// As given to the step: expressions have become values.
    Evaluated,
}

/// Collects what is wrong.
#[derive(Debug)]
pub(super) struct Problems {
    checking: Checking,
    errors: Vec<ConfigError>,
}

impl Problems {
    pub(super) fn new(checking: Checking) -> Self {
        Self {
            checking,
            errors: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.errors
    }

    pub(super) fn add(&mut self, path: &str, message: impl Into<String>) {
        self.errors.push(ConfigError {
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// Whether the value will only be known when the step runs.
    pub(super) fn is_open(&self, value: &Value) -> bool {
        self.checking == Checking::Template && value.as_str().is_some_and(has_expression)
    }

    /// At most one of these fields has a value. An empty string is no value.
    pub(super) fn at_most_one(&mut self, path: &str, object: &Value, fields: &[&str]) {
        let given: Vec<&str> = fields
            .iter()
            .copied()
            .filter(|field| self.is_certain(&object[*field]))
            .collect();
        if 1 < given.len() {
            self.add(
                path,
                format!("only one of {} may be given", given.join(", ")),
            );
        }
    }

    /// Exactly one of these fields has a value. An empty string is no value.
    pub(super) fn exactly_one(&mut self, path: &str, object: &Value, fields: &[&str]) {
        self.at_most_one(path, object, fields);
        if fields.iter().all(|field| !self.is_given(&object[*field])) {
            self.add(path, format!("one of {} is needed", fields.join(", ")));
        }
    }

    /// Whether the field has, or may turn out to have, a value.
    pub(super) fn is_given(&self, value: &Value) -> bool {
        self.is_open(value) || self.is_certain(value)
    }

    fn is_certain(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty() && !self.is_open(value),
            Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
        }
    }
}

/// Whether the text holds an expression in either form.
pub(super) fn has_expression(text: &str) -> bool {
    text.contains("${{") || text.contains("${%")
}

/// A step without configuration has an empty one.
pub(super) fn or_empty(config: &Value) -> Cow<'_, Value> {
    if config.is_null() {
        Cow::Owned(Value::Object(Map::new()))
    } else {
        Cow::Borrowed(config)
    }
}

/// The elements of the list field, each with its path.
pub(super) fn items<'a>(path: &str, object: &'a Value, field: &str) -> Vec<(String, &'a Value)> {
    let prefix = child(path, field);
    let elements = object[field].as_array().map_or(&[][..], Vec::as_slice);
    elements
        .iter()
        .enumerate()
        .map(|(at, item)| (format!("{prefix}[{at}]"), item))
        .collect()
}

/// The path of a field of the object at `path`.
pub(super) fn child(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

/// The expression that reads an output of the step `alias`.
pub(super) fn output_of(alias: &str, field: &str) -> String {
    let plain = alias.starts_with(|c: char| c.is_ascii_alphabetic())
        && alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        format!("${{{{ outputs.{alias}.{field} }}}}")
    } else {
        format!("${{{{ outputs['{alias}'].{field} }}}}")
    }
}

/// No older forms.
pub(super) fn nothing_outdated(_: &Value) -> Vec<Outdated> {
    Vec::new()
}

/// No rules beyond the schema.
pub(super) fn no_rules(_: &Value, _: &mut Problems) {}

/// Reads a whole number that may be written as `1.0`.
pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    // JSON made by a template has no other way to say an integer than with a fraction of zero.
    let whole = number.as_u64().or_else(|| {
        number
            .as_f64()
            .filter(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(n))
            .and_then(|n| format!("{n:.0}").parse().ok())
    });
    whole
        .and_then(|n| u32::try_from(n).ok())
        .ok_or_else(|| de::Error::custom(format!("{number} is not a whole number that fits")))
}
