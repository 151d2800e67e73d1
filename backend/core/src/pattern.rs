//! Patterns for paths in a repository and for names of objects.
//!
//! `glob:apps/**/*.yaml`, `regex:^apps/`, or plainly a folder, respectively a name.

use regex::Regex;
use std::str::FromStr;

mod glob;

pub use glob::Glob;

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?}: {message}")]
pub struct PatternError {
    /// The pattern as it was written.
    pub pattern: String,
    /// What is wrong with it.
    pub message: String,
}

impl PatternError {
    fn new(pattern: &str, message: impl Into<String>) -> Self {
        Self {
            pattern: pattern.to_owned(),
            message: message.into(),
        }
    }
}

/// Selects paths of a repository.
#[derive(Debug, Clone)]
pub enum PathPattern {
    /// A file, or a folder with all that is in it.
    Base(String),
    /// A glob over the whole path.
    Glob(Glob),
    /// A regular expression that must match somewhere in the path.
    Regex(Regex),
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Ok(match Prefixed::of(text) {
            Prefixed::Glob(glob) => Self::Glob(Glob::new(glob)?),
            Prefixed::Regex(pattern) => Self::Regex(regex(pattern)?),
            Prefixed::Plain(base) => Self::Base(clean(base)),
        })
    }
}

impl PathPattern {
    /// Whether the pattern selects the path.
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Base(base) => is_within(base, &clean(path)),
            Self::Glob(glob) => glob.matches(path),
            Self::Regex(regex) => regex.is_match(path),
        }
    }
}

/// Which paths matter.
#[derive(Debug, Clone, Default)]
pub struct PathFilter {
    include: Vec<PathPattern>,
    exclude: Vec<PathPattern>,
}

impl PathFilter {
    /// Reads both lists. An empty `include` includes everything.
    ///
    /// # Errors
    /// The first pattern that cannot be used.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, PatternError> {
        let read = |list: &[String]| {
            list.iter()
                .map(|text| text.parse())
                .collect::<Result<_, PatternError>>()
        };
        Ok(Self {
            include: read(include)?,
            exclude: read(exclude)?,
        })
    }

    /// Whether every path matters, so that nobody needs to look at them.
    pub fn is_open(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether the path matters.
    pub fn selects(&self, path: &str) -> bool {
        let any = |list: &[PathPattern]| list.iter().any(|pattern| pattern.matches(path));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Whether at least one of the paths matters, as for the paths that a commit changes.
    pub fn selects_any<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> bool {
        paths.into_iter().any(|path| self.selects(path))
    }
}

/// Selects names.
#[derive(Debug, Clone)]
pub enum NamePattern {
    /// This name only.
    Exact(String),
    /// A glob over the whole name.
    Glob(Glob),
    /// A regular expression that must match somewhere in the name.
    Regex(Regex),
}

impl FromStr for NamePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Ok(match Prefixed::of(text) {
            Prefixed::Glob(glob) => Self::Glob(Glob::new(glob)?),
            Prefixed::Regex(pattern) => Self::Regex(regex(pattern)?),
            Prefixed::Plain(name) => Self::Exact(name.to_owned()),
        })
    }
}

impl NamePattern {
    /// Whether the pattern selects the name.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Glob(glob) => glob.matches(name),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

enum Prefixed<'a> {
    Glob(&'a str),
    Regex(&'a str),
    Plain(&'a str),
}

impl<'a> Prefixed<'a> {
    fn of(text: &'a str) -> Self {
        if let Some(glob) = text.strip_prefix("glob:") {
            Self::Glob(glob)
        } else if let Some(regex) = text
            .strip_prefix("regex:")
            .or_else(|| text.strip_prefix("regexp:"))
        {
            Self::Regex(regex)
        } else {
            Self::Plain(text)
        }
    }
}

/// Compiles a regular expression, with an error of one line.
pub(crate) fn regex(pattern: &str) -> Result<Regex, PatternError> {
    Regex::new(pattern).map_err(|error| PatternError::new(pattern, last_line(&error.to_string())))
}

fn last_line(text: &str) -> &str {
    let line = text.lines().next_back().unwrap_or(text);
    line.strip_prefix("error: ").unwrap_or(line)
}

/// The path without `.`, `..` where it can be resolved, doubled and trailing slashes.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}

fn is_within(base: &str, path: &str) -> bool {
    if base.is_empty() {
        return path != ".." && !path.starts_with("../") && !path.starts_with('/');
    }
    match path.strip_prefix(base) {
        Some(rest) => rest.is_empty() || base == "/" || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests;
