//! Types of conditions, and how a list of them is read and changed.

use crate::{Condition, Time};

/// All is well and up to date.
pub const READY: &str = "Ready";
/// Work is under way.
pub const RECONCILING: &str = "Reconciling";
/// Nothing more will happen until a person changes something.
pub const STALLED: &str = "Stalled";
/// What it stands for is in good health.
pub const HEALTHY: &str = "Healthy";
/// On Stages: the current Freight passed verification.
pub const VERIFIED: &str = "Verified";
/// On Stages: a Promotion runs.
pub const PROMOTING: &str = "Promoting";
/// On Warehouses: the newest artifacts meet the criteria.
pub const CRITERIA_SATISFIED: &str = "FreightCreationCriteriaSatisfied";
/// On Warehouses: the newest artifacts were made into new Freight.
pub const FREIGHT_CREATED: &str = "FreightCreated";
/// On anything: an older form is in use, and the message shows the modern one.
pub const DEPRECATED: &str = "Deprecated";
/// On Stages: steps, tasks and expressions of the promotion template can be used as they are.
pub const VALID: &str = "Valid";

/// Status of a condition that holds.
pub const TRUE: &str = "True";
/// Status of a condition that does not hold.
pub const FALSE: &str = "False";
/// Status of a condition of which nothing is known.
pub const UNKNOWN: &str = "Unknown";

/// Makes a condition.
pub fn new(
    kind: &str,
    status: &str,
    reason: &str,
    message: impl Into<String>,
    generation: Option<i64>,
    now: &Time,
) -> Condition {
    Condition {
        last_transition_time: now.clone(),
        message: message.into(),
        observed_generation: generation,
        reason: reason.to_owned(),
        status: status.to_owned(),
        type_: kind.to_owned(),
    }
}

/// The condition of one type.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether the condition of one type is there and holds.
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    find(conditions, kind).is_some_and(|condition| condition.status == TRUE)
}

/// Puts a condition into the list, in place of the one of its type.
/// The time of transition stays unless the status differs.
pub fn set(conditions: &mut Vec<Condition>, mut new: Condition) {
    match conditions
        .iter_mut()
        .find(|condition| condition.type_ == new.type_)
    {
        Some(old) => {
            if old.status == new.status {
                new.last_transition_time = old.last_transition_time.clone();
            }
            *old = new;
        }
        None => conditions.push(new),
    }
}

/// Takes the condition of one type out of the list.
pub fn remove(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|condition| condition.type_ != kind);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn the_time_of_transition_stays_while_the_status_does() {
        let mut all = Vec::new();
        set(&mut all, new(READY, TRUE, "Synced", "", Some(1), &at(1)));
        set(
            &mut all,
            new(READY, TRUE, "Synced", "again", Some(2), &at(2)),
        );
        assert_eq!(all, [new(READY, TRUE, "Synced", "again", Some(2), &at(1))]);
        set(&mut all, new(READY, FALSE, "Syncing", "", Some(3), &at(3)));
        assert_eq!(all, [new(READY, FALSE, "Syncing", "", Some(3), &at(3))]);
        assert!(!is_true(&all, READY));
        remove(&mut all, READY);
        assert_eq!(find(&all, READY), None);
    }
}
