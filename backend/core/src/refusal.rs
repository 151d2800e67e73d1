//! A refusal: a verdict with its reason and its message, born together.

use std::fmt;

/// Why something may not be done now. Not an error: the world answered, and the answer is no.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// `CamelCase`, for machines. Never renamed.
    pub reason: &'static str,
    /// For people: a clause that goes on from the subject ("it is not verified in `dev`").
    pub message: String,
}

impl Refusal {
    /// A refusal for this reason, said in these words.
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
