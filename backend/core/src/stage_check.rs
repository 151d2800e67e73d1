//! What can be seen to be wrong with a Stage's steps before any of them runs.

use std::fmt;

/// Something that is wrong with the steps of a Stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the step; none if the Stage as a whole is meant.
    pub step: Option<String>,
    /// Path of the field, below the step or the Stage's `spec`, as `config.images[0].tag`.
    pub field: String,
    /// Where in the field's text, line and column, both from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong with it.
    pub message: String,
}

impl Problem {
    /// Something wrong with a field of a step.
    pub fn at(step: &str, field: &str, message: impl Into<String>) -> Self {
        Self {
            step: Some(step.to_owned()),
            field: field.to_owned(),
            place: None,
            message: message.into(),
        }
    }

    /// Something wrong with a field of the Stage's `spec`.
    pub fn of_stage(field: &str, message: impl Into<String>) -> Self {
        Self {
            step: None,
            field: field.to_owned(),
            place: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(f, "step {step:?}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        match self.place {
            Some((1, column)) => write!(f, "column {column}: ")?,
            Some((line, column)) => write!(f, "line {line}, column {column}: ")?,
            None => {}
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
