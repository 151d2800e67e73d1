//! `yaml-update`: sets values in a YAML file.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{no_rules, nothing_outdated};
use super::{ConfigError, Edited, Output, StepKind, schema};
use crate::edit::yaml::{self, Key, YamlError};

/// Sets values in a YAML file and leaves everything else in it as it is.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The file.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The values to set.
    #[schemars(length(min = 1))]
    pub updates: Vec<Update>,
}

/// A value to set.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Update {
    /// Which value: keys joined by dots, list elements by number, `\.` for a dot in a key.
    #[schemars(length(min = 1))]
    pub key: String,
    /// The new value.
    pub value: Value,
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "yaml-update",
    default_timeout: Duration::from_secs(60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[Output {
        name: "commitMessage",
        description: "What was changed, for `git-commit`.",
    }],
    schema: LazyLock::new(schema::of::<Config>),
    rules: no_rules,
    outdated: nothing_outdated,
};

/// Reads a configuration whose expressions have been evaluated.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(config: &Value) -> Result<Config, ConfigError> {
    KIND.parse(config)
}

impl Config {
    /// The file's text with the values set, and what to say of it. Nothing is set if one of the
    /// values cannot be.
    ///
    /// # Errors
    /// The first thing that keeps a value from being set.
    pub fn edit(&self, text: &str) -> Result<Edited, YamlError> {
        let update = |update: &Update| {
            let Ok(key) = update.key.parse::<Key>();
            yaml::Update {
                key,
                value: update.value.clone(),
            }
        };
        let updates: Vec<yaml::Update> = self.updates.iter().map(update).collect();
        Ok(Edited {
            text: yaml::update(text, &updates)?,
            commit_message: self.commit_message(),
        })
    }

    fn commit_message(&self) -> String {
        let lines = self
            .updates
            .iter()
            .map(|Update { key, value }| match value {
                // People's tools read these messages, so the quotes are where they always were:
                // around what JSON would not take for a string.
                Value::String(text) if is_json_but_no_string(text) => {
                    format!("\n- {key}: \"{text}\"")
                }
                Value::String(text) => format!("\n- {key}: {text}"),
                other => format!("\n- {key}: {}", yaml::written(other)),
            });
        format!("Updated {}\n{}", self.path, lines.collect::<String>())
    }
}

fn is_json_but_no_string(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| !value.is_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(text: &str, updates: &Value) -> Edited {
        parse(&json!({"path": "values.yaml", "updates": updates}))
            .unwrap()
            .edit(text)
            .unwrap()
    }

    #[test]
    fn the_message_lists_the_updates_in_their_order() {
        let updates = json!([
            {"key": "b", "value": "1.10"},
            {"key": "a.0", "value": 2.5},
            {"key": "b", "value": "1.27.0"},
            {"key": "c", "value": null},
            {"key": "d", "value": "true"},
            {"key": "e", "value": false},
        ]);
        let edited = edited("a: [1]\nb: x\nc: y\nd: z\ne: on\n", &updates);
        assert_eq!(
            edited.text,
            "a: [2.5]\nb: 1.27.0\nc: null\nd: \"true\"\ne: false\n"
        );
        assert_eq!(
            edited.commit_message,
            "Updated values.yaml\n\n- b: \"1.10\"\n- a.0: 2.5\n- b: 1.27.0\n- c: null\n\
             - d: \"true\"\n- e: false"
        );
    }

    #[test]
    fn recorded_messages_are_the_same() {
        for line in include_str!("../../tests/vectors/yaml-update.jsonl").lines() {
            let vector: Value = serde_json::from_str(line).unwrap();
            let result = &vector["output"]["results"][0];
            let Some(message) = result["output"]["commitMessage"].as_str() else {
                continue;
            };
            let config = parse(&vector["input"]["steps"][0]["config"]).unwrap();
            // Null is written as YAML has it.
            assert_eq!(
                config.commit_message(),
                message.replace("<nil>", "null"),
                "{vector}"
            );
        }
    }
}
