//! Version constraints in the dialect of Masterminds/semver, which Helm made common.
//!
//! `^1.2`, `~1.2.3`, `>=1.2 <2`, `1.2 - 1.5`, `1.x || 3.x`. A pre-release satisfies a constraint
//! only if one of the constraints that it is joined with by *and* names a pre-release.

use std::fmt;
use std::str::FromStr;

use semver::Prerelease;

mod parse;
mod version;

pub use version::{Version, VersionError};

/// A constraint on versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    text: String,
    alternatives: Vec<Alternative>,
}

/// A text that is not a constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("constraint {constraint:?}: {message} at column {column}")]
pub struct ConstraintError {
    /// The whole text.
    pub constraint: String,
    /// Where it goes wrong, counted in characters from one.
    pub column: usize,
    /// What was expected there.
    pub message: &'static str,
}

impl Constraint {
    /// Whether the version satisfies the constraint.
    pub fn allows(&self, version: &Version) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| alternative.allows(version.parts()))
    }
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        Ok(Self {
            text: text.to_owned(),
            alternatives: parse::alternatives(text)?,
        })
    }
}

/// The constraint as it was written.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Comparisons that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alternative {
    comparisons: Vec<Comparison>,
}

impl Alternative {
    fn allows(&self, version: &semver::Version) -> bool {
        let prereleases = self.comparisons.iter().any(|c| !c.bound.pre.is_empty());
        (prereleases || version.pre.is_empty())
            && self
                .comparisons
                .iter()
                .all(|comparison| comparison.holds(version))
    }
}

/// An operator and what it compares with. Parts that were not given are zero in `bound`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    bound: semver::Version,
    given: Given,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How many numbers of the bound were given, before a wildcard or the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Given {
    None,
    Major,
    MajorMinor,
    All,
}

impl Comparison {
    fn holds(&self, version: &semver::Version) -> bool {
        let bound = &self.bound;
        let order = version.cmp_precedence(bound);
        match self.operator {
            Operator::Equal if self.given == Given::All => order.is_eq(),
            Operator::NotEqual if self.given == Given::All => order.is_ne(),
            Operator::Equal | Operator::Tilde => order.is_ge() && self.shares_prefix(version),
            Operator::NotEqual => !self.shares_prefix(version),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less => order.is_lt() && self.given != Given::None,
            // A bound with parts left out stands for all versions that begin like it.
            Operator::Greater if self.given == Given::All => order.is_gt(),
            Operator::Greater => order.is_gt() && !self.shares_prefix(version),
            Operator::LessOrEqual if self.given == Given::All => order.is_le(),
            Operator::LessOrEqual => order.is_le() || self.shares_prefix(version),
            Operator::Caret => order.is_ge() && self.is_compatible(version),
        }
    }

    /// Whether the version has the same major number, and the same minor if that was given.
    fn shares_prefix(&self, version: &semver::Version) -> bool {
        let bound = &self.bound;
        (self.given < Given::Major || version.major == bound.major)
            && (self.given < Given::MajorMinor || version.minor == bound.minor)
    }

    /// Whether the leftmost number that is not zero is the same.
    fn is_compatible(&self, version: &semver::Version) -> bool {
        let bound = &self.bound;
        match self.given {
            Given::None => true,
            Given::Major => version.major == bound.major,
            Given::MajorMinor | Given::All if 0 < bound.major => version.major == bound.major,
            Given::All if bound.minor == 0 => {
                (version.major, version.minor, version.patch) == (0, 0, bound.patch)
            }
            Given::MajorMinor | Given::All => (version.major, version.minor) == (0, bound.minor),
        }
    }
}

impl Comparison {
    fn new(operator: Operator, numbers: [u64; 3], given: Given, pre: Prerelease) -> Self {
        let [major, minor, patch] = numbers;
        let build = semver::BuildMetadata::EMPTY;
        Self {
            operator,
            bound: semver::Version {
                major,
                minor,
                patch,
                pre,
                build,
            },
            given,
        }
    }
}

#[cfg(test)]
mod tests;
