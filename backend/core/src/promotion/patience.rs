//! How long and how often a step is tried.

use argosy_api::GoDuration;
use argosy_api::step::PromotionStep;
use jiff::SignedDuration;

use crate::steps;

/// The limits of one step: what it says, else what its kind says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From its start to the last attempt's end.
    pub timeout: SignedDuration,
    /// So many errors, and the step gives up. They need not follow one another: a good run in between, as of a step
    /// that polls, does not take an error back.
    pub error_threshold: u32,
}

const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
const LONGEST: SignedDuration = SignedDuration::from_mins(2);

impl Patience {
    /// The limits of `step`. Zeros mean the kind's defaults, as in Kargo.
    #[must_use]
    pub fn of(step: &PromotionStep) -> Self {
        let kind = step.uses.as_deref().and_then(steps::find);
        let default = Self {
            timeout: kind
                .and_then(|kind| kind.default_timeout.try_into().ok())
                .unwrap_or(UNKNOWN_KIND),
            error_threshold: kind.map_or(1, |kind| kind.default_error_threshold),
        };
        let Some(retry) = &step.retry else {
            return default;
        };
        Self {
            timeout: retry
                .timeout
                .map(GoDuration::to_signed)
                .filter(|timeout| timeout.is_positive())
                .unwrap_or(default.timeout),
            error_threshold: retry
                .error_threshold
                .filter(|n| *n != 0)
                .unwrap_or(default.error_threshold),
        }
    }
}

/// A step of unknown kind ends before its limits matter.
const UNKNOWN_KIND: SignedDuration = SignedDuration::from_mins(1);

/// How long a step rests after its `errors`-th error: a second, doubled each time, two minutes at most.
#[must_use]
pub fn backoff(errors: u32) -> SignedDuration {
    let doublings = errors.saturating_sub(1).min(10);
    (SHORTEST * 2_i32.pow(doublings)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_and_are_bounded() {
        let rests: Vec<i64> = [1, 2, 3, 7, 8, 9, u32::MAX]
            .map(|n| backoff(n).as_secs())
            .into();
        assert_eq!(rests, [1, 2, 4, 64, 120, 120, 120]);
    }
}
