//! Lists of what to leave out, as in `.gitignore` files.

use super::PatternError;
use super::glob::{Dialect, Glob};

/// A list of patterns. Later ones win, `!` takes back, and what lies in a folder that is left out
/// cannot be taken back.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    glob: Glob,
    takes_back: bool,
    folders_only: bool,
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// Anything else.
    File,
}

impl Ignore {
    /// Reads one pattern from each line. Empty lines and lines that start with `#` say nothing.
    ///
    /// # Errors
    /// The first pattern that cannot be used.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let rules = text.lines().filter_map(|line| rule(line).transpose());
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the path is left out, by itself or with one of the folders that it lies in. The
    /// path is relative, with slashes.
    pub fn leaves_out(&self, path: &str, kind: Kind) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders
            .into_iter()
            .any(|folder| self.names(folder, Kind::Folder))
            || self.names(path, kind)
    }

    fn names(&self, path: &str, kind: Kind) -> bool {
        let applies =
            |rule: &&Rule| (!rule.folders_only || kind == Kind::Folder) && rule.glob.matches(path);
        self.rules
            .iter()
            .rev()
            .find(applies)
            .is_some_and(|rule| !rule.takes_back)
    }
}

fn rule(line: &str) -> Result<Option<Rule>, PatternError> {
    let line = without_trailing_spaces(line);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (takes_back, pattern) = line
        .strip_prefix('!')
        .map_or((false, line), |rest| (true, rest));
    let (folders_only, pattern) = pattern
        .strip_suffix('/')
        .map_or((false, pattern), |rest| (true, rest));
    if pattern.is_empty() {
        return Ok(None);
    }
    // A slash within the pattern ties it to the top folder.
    let glob = match pattern.strip_prefix('/') {
        Some(tied) => tied.to_owned(),
        None if pattern.contains('/') => pattern.to_owned(),
        None => format!("**/{pattern}"),
    };
    let glob = Glob::with(&glob, Dialect::NoBraces).map_err(|error| PatternError {
        pattern: line.to_owned(),
        ..error
    })?;
    Ok(Some(Rule {
        glob,
        takes_back,
        folders_only,
    }))
}

fn without_trailing_spaces(line: &str) -> &str {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let bare = line.trim_end_matches([' ', '\t']);
    // An escaped space is part of the name.
    if bare.ends_with('\\') && bare.len() < line.len() {
        &line[..=bare.len()]
    } else {
        bare
    }
}
