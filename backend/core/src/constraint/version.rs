//! Versions as people tag them.

use std::cmp::Ordering;
use std::fmt;

use semver::{BuildMetadata, Prerelease};

/// A semantic version, and the text that it was read from.
#[derive(Debug, Clone)]
pub struct Version {
    parsed: semver::Version,
    original: String,
}

/// A text that is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version: {reason}")]
pub struct VersionError {
    text: String,
    reason: &'static str,
}

impl Version {
    /// Reads three numbers without leading zeros, then perhaps a pre-release and build metadata.
    /// One leading `v` is passed over.
    ///
    /// # Errors
    /// What keeps the text from being a version.
    pub fn strict(text: &str) -> Result<Self, VersionError> {
        Self::read(text, Numbers::Three)
    }

    /// Like [`Version::strict`], but the second and third number may be missing, and numbers may
    /// have leading zeros.
    ///
    /// # Errors
    /// What keeps the text from being a version.
    pub fn loose(text: &str) -> Result<Self, VersionError> {
        Self::read(text, Numbers::OneToThree)
    }

    /// The text that the version was read from.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The numbers, pre-release and build metadata.
    pub fn parts(&self) -> &semver::Version {
        &self.parsed
    }

    /// Whether the version is a pre-release.
    pub fn is_prerelease(&self) -> bool {
        !self.parsed.pre.is_empty()
    }

    /// Which of the two comes first. Build metadata does not count.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.parsed.cmp_precedence(&other.parsed)
    }

    fn read(text: &str, numbers: Numbers) -> Result<Self, VersionError> {
        let refuse = |reason| VersionError {
            text: text.to_owned(),
            reason,
        };
        let bare = text.strip_prefix('v').unwrap_or(text);
        let (bare, build) = bare
            .split_once('+')
            .map_or((bare, None), |(a, b)| (a, Some(b)));
        let (core, pre) = bare
            .split_once('-')
            .map_or((bare, None), |(a, b)| (a, Some(b)));
        let mut found = [0_u64; 3];
        let mut count = 0;
        for part in core.split('.') {
            let slot = found
                .get_mut(count)
                .ok_or_else(|| refuse("it has more than three parts"))?;
            *slot = number(part, numbers).map_err(refuse)?;
            count += 1;
        }
        if numbers == Numbers::Three && count < 3 {
            return Err(refuse("it has less than three parts"));
        }
        let pre = pre.map_or(Ok(Prerelease::EMPTY), |pre| match pre {
            "" => Err(refuse("its pre-release is empty")),
            pre => Prerelease::new(pre).map_err(|_| refuse("its pre-release is malformed")),
        })?;
        let build = build.map_or(Ok(BuildMetadata::EMPTY), |build| match build {
            "" => Err(refuse("its build metadata is empty")),
            build => BuildMetadata::new(build).map_err(|_| refuse("its metadata is malformed")),
        })?;
        let [major, minor, patch] = found;
        let parsed = semver::Version {
            major,
            minor,
            patch,
            pre,
            build,
        };
        Ok(Self {
            parsed,
            original: text.to_owned(),
        })
    }
}

/// The version in full, without the leading `v`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parsed.fmt(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Three,
    OneToThree,
}

fn number(part: &str, numbers: Numbers) -> Result<u64, &'static str> {
    if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        return Err("it does not start with numbers");
    }
    if numbers == Numbers::Three && 1 < part.len() && part.starts_with('0') {
        return Err("a number has a leading zero");
    }
    part.parse().map_err(|_| "a number is too large")
}
