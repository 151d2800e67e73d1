//! A full volume: waited for, not failed by.

use std::path::Path;

use argosy_core::promotion::{Outcome, Ran};
use jiff::SignedDuration;

/// With less than this, in bytes, a volume counts as full.
const RESERVE: u64 = 4 << 20;
/// How long to rest before a step on a full volume is tried again.
const REST: SignedDuration = SignedDuration::from_secs(15);

/// A step that failed while the volume is full waits for room instead: nothing is wrong with the step. Its timeout
/// ends the wait.
pub(super) fn or_wait(outcome: Outcome, workdir: &Path) -> Outcome {
    judge(outcome, room(workdir))
}

fn judge(outcome: Outcome, room: Option<u64>) -> Outcome {
    match outcome {
        Outcome::Faulted(fault) if fault.may_help() && room.is_some_and(|room| room < RESERVE) => {
            let message = format!("waiting for room on the volume of work directories: {fault}");
            Outcome::Ran(Ran::running(REST, message))
        }
        outcome => outcome,
    }
}

/// The bytes that can still be written, if the system says.
fn room(workdir: &Path) -> Option<u64> {
    let volume = rustix::fs::statvfs(workdir).ok()?;
    Some(volume.f_bavail.saturating_mul(volume.f_frsize))
}

#[cfg(test)]
mod tests {
    use argosy_core::promotion::{Fault, Progress};

    use super::*;

    #[test]
    fn a_fault_on_a_full_volume_is_a_wait() {
        let fault = || {
            Outcome::Faulted(Fault::errored(
                "cannot write \"a\": no space left on device",
            ))
        };
        assert_eq!(judge(fault(), Some(RESERVE)), fault());
        assert_eq!(judge(fault(), None), fault());
        let Outcome::Ran(ran) = judge(fault(), Some(0)) else {
            panic!("not a wait")
        };
        assert_eq!(ran.progress, Progress::Running { retry_after: REST });
        assert!(ran.message.unwrap().contains("no space left"));
        // What the same input will always fail at does not wait for room.
        let terminal = || Outcome::Faulted(Fault::failed("no"));
        assert_eq!(judge(terminal(), Some(0)), terminal());
    }

    #[test]
    fn a_volume_has_room() {
        assert!(room(&std::env::temp_dir()).is_some());
    }
}
