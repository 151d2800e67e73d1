//! What a step was about to do, written down before it does it.
//!
//! The process may die between a push and the moment when the push is recorded. The step then runs
//! again, and these notes in the work tree let it recognise its own work.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use git2::Oid;
use sha2::{Digest as _, Sha256};

use super::GitError;
use super::error::Doing as _;

const DOING: &str = "noting down what is about to be done";

/// Notes.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    file: PathBuf,
}

impl Journal {
    /// The notes with this key for this kind of work, in a folder.
    pub(super) fn new(notes: &Path, work: &str, key: &str) -> Self {
        let id = Sha256::digest(key);
        let id: String = id
            .iter()
            .take(10)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            file: notes.join(format!("{work}-{id}")),
        }
    }

    /// The commits that were noted, oldest first.
    pub(super) fn read(&self) -> Result<Vec<Oid>, GitError> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => Ok(text
                .lines()
                .filter_map(|line| Oid::from_str(line).ok())
                .collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).doing(DOING),
        }
    }

    /// Notes a commit.
    pub(super) fn add(&self, commit: Oid) -> Result<(), GitError> {
        let mut commits = self.read()?;
        if commits.contains(&commit) {
            return Ok(());
        }
        commits.push(commit);
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).doing(DOING)?;
        for commit in commits {
            writeln!(file, "{commit}").doing(DOING)?;
        }
        file.persist(&self.file)
            .map_err(|failed| failed.error)
            .doing(DOING)
            .map(drop)
    }
}
