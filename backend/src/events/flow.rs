//! Which events are written, merged or dropped. No I/O; the clock is handed in.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use super::Event;

/// A repetition within this time raises the count of the event that is there.
const MERGED_WITHIN: Duration = Duration::from_secs(600);
/// So many events in a row about one object are fine.
const BURST: u32 = 25;
/// Afterwards one in this time.
const REFILL: Duration = Duration::from_secs(30);
/// What is remembered of objects and of events, at most.
const REMEMBERED: usize = 4_096;

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is new.
    Write,
    /// It has been written under this name, and this is its count now.
    Merge { name: String, count: i32 },
    /// There are too many about this object.
    Drop,
}

/// What was told lately.
#[derive(Default)]
pub(super) struct Flow {
    told: HashMap<u64, Told>,
    budgets: HashMap<u64, Budget>,
}

struct Told {
    name: String,
    count: i32,
    at: Instant,
}

struct Budget {
    left: u32,
    at: Instant,
}

impl Flow {
    pub(super) fn judge(&mut self, event: &Event, now: Instant) -> Verdict {
        self.forget(now);
        if !self.spend(about(event), now) {
            return Verdict::Drop;
        }
        let told = self.told.get_mut(&content(event));
        match told.filter(|told| recent(told.at, now)) {
            Some(told) => {
                told.count = told.count.saturating_add(1);
                told.at = now;
                Verdict::Merge {
                    name: told.name.clone(),
                    count: told.count,
                }
            }
            None => Verdict::Write,
        }
    }

    /// The event has been written under this name.
    pub(super) fn wrote(&mut self, event: &Event, name: &str, now: Instant) {
        self.told.insert(
            content(event),
            Told {
                name: name.to_owned(),
                count: 1,
                at: now,
            },
        );
    }

    /// The event that was to be merged with is gone.
    pub(super) fn lost(&mut self, event: &Event) {
        self.told.remove(&content(event));
    }

    fn spend(&mut self, about: u64, now: Instant) -> bool {
        let budget = self.budgets.entry(about).or_insert(Budget {
            left: BURST,
            at: now,
        });
        let earned = now.duration_since(budget.at).as_secs() / REFILL.as_secs();
        if 0 < earned {
            let earned = u32::try_from(earned).unwrap_or(BURST);
            budget.left = budget.left.saturating_add(earned).min(BURST);
            budget.at = now;
        }
        if budget.left == 0 {
            return false;
        }
        budget.left -= 1;
        true
    }

    /// Keeps memory bounded: first what is old goes, then all.
    fn forget(&mut self, now: Instant) {
        if REMEMBERED < self.told.len() {
            self.told.retain(|_, told| recent(told.at, now));
        }
        if REMEMBERED < self.told.len() {
            self.told.clear();
        }
        if REMEMBERED < self.budgets.len() {
            self.budgets.retain(|_, budget| recent(budget.at, now));
        }
        if REMEMBERED < self.budgets.len() {
            self.budgets.clear();
        }
    }
}

fn recent(at: Instant, now: Instant) -> bool {
    now.duration_since(at) < MERGED_WITHIN
}

/// Tells one object from another.
fn about(event: &Event) -> u64 {
    let mut hash = DefaultHasher::new();
    let about = &event.about;
    (&about.kind, &about.namespace, &about.name, &about.uid).hash(&mut hash);
    hash.finish()
}

/// Tells one event from another; repetitions are equal.
pub(super) fn content(event: &Event) -> u64 {
    let mut hash = DefaultHasher::new();
    (
        about(event),
        event.level,
        event.reason,
        event.source,
        &event.message,
    )
        .hash(&mut hash);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn event(name: &str, message: &str) -> Event {
        let mut about = ConfigMap::default();
        about.metadata.name = Some(name.into());
        Event::warning(&about, "test", "Odd", message)
    }

    #[test]
    fn a_repetition_raises_the_count() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        assert_eq!(flow.judge(&event("a", "x"), now), Verdict::Write);
        flow.wrote(&event("a", "x"), "a.1", now);
        let merge = |count| Verdict::Merge {
            name: "a.1".into(),
            count,
        };
        assert_eq!(flow.judge(&event("a", "x"), now), merge(2));
        assert_eq!(
            flow.judge(&event("a", "x"), now + MERGED_WITHIN / 2),
            merge(3)
        );
        assert_eq!(flow.judge(&event("a", "y"), now), Verdict::Write);
        assert_eq!(flow.judge(&event("b", "x"), now), Verdict::Write);
        assert_eq!(
            flow.judge(&event("a", "x"), now + MERGED_WITHIN * 2),
            Verdict::Write,
            "long ago"
        );
    }

    #[test]
    fn one_object_cannot_flood_and_others_do_not_suffer() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        let judge = |flow: &mut Flow, name: &str, number: u32, at| {
            flow.judge(&event(name, &number.to_string()), at)
        };
        for number in 0..BURST {
            assert_eq!(judge(&mut flow, "a", number, now), Verdict::Write);
        }
        assert_eq!(judge(&mut flow, "a", 99, now), Verdict::Drop);
        assert_eq!(judge(&mut flow, "b", 99, now), Verdict::Write);
        assert_eq!(judge(&mut flow, "a", 99, now + REFILL), Verdict::Write);
        assert_eq!(judge(&mut flow, "a", 100, now + REFILL), Verdict::Drop);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        for number in 0..3 * REMEMBERED {
            let event = event(&number.to_string(), "x");
            flow.judge(&event, now);
            flow.wrote(&event, "n", now);
        }
        assert!(flow.told.len() <= REMEMBERED + 1 && flow.budgets.len() <= REMEMBERED + 1);
    }
}
