//! What is said of an object, before it is dated and takes its place among the conditions.

use argosy_api::{Condition, Time, condition};
use jiff::Timestamp;

/// A condition without its date.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said {
    /// The condition's type.
    pub kind: &'static str,
    /// `True`, `False` or `Unknown`.
    pub is: &'static str,
    /// `CamelCase`, for machines.
    pub reason: String,
    /// For people.
    pub message: String,
}

impl Said {
    /// A condition of this type, status, reason and message.
    pub fn new(
        kind: &'static str,
        is: &'static str,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            is,
            reason: reason.into(),
            message: message.into(),
        }
    }

    /// Puts the condition in its place. The time of transition moves only with the status.
    pub fn put(self, conditions: &mut Vec<Condition>, generation: Option<i64>, now: Timestamp) {
        let Self {
            kind,
            is,
            reason,
            message,
        } = self;
        let new = condition::new(kind, is, &reason, message, generation, &Time(now));
        condition::set(conditions, new);
    }
}
