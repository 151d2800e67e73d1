//! The kinds of promotion steps: their configuration, checks, defaults and pure edits.
//!
//! A step kind is a file here and a runner of the same name in the shell. This side knows nothing
//! of files, Git or Argo CD.

use std::sync::LazyLock;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub mod argocd_update;
pub mod compose_output;
mod config;
pub mod copy;
pub mod delete;
pub mod fail;
pub mod git_clear;
pub mod git_clone;
pub mod git_commit;
pub mod git_push;
pub mod helm_template;
pub mod kustomize_build;
pub mod kustomize_set_image;
mod schema;
pub mod yaml_update;

pub use config::{ConfigError, Outdated};
pub use schema::{FieldRow, fields};

use config::{Checking, Problems};

/// Every step kind, in the order in which they are listed for people.
pub static STEPS: &[&StepKind] = &[
    &argocd_update::KIND,
    &compose_output::KIND,
    &copy::KIND,
    &delete::KIND,
    &fail::KIND,
    &git_clear::KIND,
    &git_clone::KIND,
    &git_commit::KIND,
    &git_push::KIND,
    &helm_template::KIND,
    &kustomize_build::KIND,
    &kustomize_set_image::KIND,
    &yaml_update::KIND,
];

/// What is known of a step kind before any step of it runs.
#[derive(Debug)]
pub struct StepKind {
    /// The word after `uses:`.
    pub name: &'static str,
    /// How long a step may take when its `retry.timeout` does not say.
    pub default_timeout: Duration,
    /// How many errors end the step when its `retry.errorThreshold` does not say.
    pub default_error_threshold: u32,
    /// Whether the work directory holds everything that the step does. Such a step runs again
    /// when the directory is lost; others are not repeated.
    pub fills_workdir: bool,
    /// What the step leaves under `outputs.<alias>`. Empty if nothing, or if the configuration
    /// decides.
    pub outputs: &'static [Output],
    schema: LazyLock<Value>,
    rules: fn(&Value, &mut Problems),
    outdated: fn(&Value) -> Vec<Outdated>,
}

/// One value that a step leaves for the steps after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// The key under `outputs.<alias>`.
    pub name: &'static str,
    /// What it holds, as a sentence.
    pub description: &'static str,
}

/// A file after a step has edited it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole text of the file.
    pub text: String,
    /// What was changed, for a commit message.
    pub commit_message: String,
}

/// The step kind of this name.
pub fn find(name: &str) -> Option<&'static StepKind> {
    STEPS.iter().find(|kind| kind.name == name).copied()
}

impl StepKind {
    /// Checks a configuration whose expressions have been evaluated.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, config: &Value) -> Result<(), ConfigError> {
        self.problems(config, Checking::Evaluated)
            .into_iter()
            .next()
            .map_or(Ok(()), Err)
    }

    /// Everything that is wrong with a configuration as it is written in a Stage. A string with an
    /// expression in it is taken for whatever the field needs.
    pub fn check_template(&self, config: &Value) -> Vec<ConfigError> {
        self.problems(config, Checking::Template)
    }

    /// Fields that still work but have a better form today.
    pub fn outdated(&self, config: &Value) -> Vec<Outdated> {
        (self.outdated)(config)
    }

    /// The JSON schema of the configuration, descriptions included.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the field at this path is a string by the schema, so that a text which looks like
    /// a number must stay a text. List indexes are written as digits: `["images", "0", "tag"]`.
    pub fn is_text(&self, path: &[&str]) -> bool {
        schema::is_text(self.schema(), path)
    }

    fn problems(&self, config: &Value, checking: Checking) -> Vec<ConfigError> {
        let config = config::or_empty(config);
        let mut problems = Problems::new(checking);
        schema::check(self.schema(), &config, &mut problems);
        if problems.is_empty() || config.is_object() {
            (self.rules)(&config, &mut problems);
        }
        problems.into_errors()
    }

    fn parse<C: DeserializeOwned>(&self, config: &Value) -> Result<C, ConfigError> {
        self.check(config)?;
        serde_json::from_value(config::or_empty(config).into_owned()).map_err(|error| ConfigError {
            path: String::new(),
            message: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests;
