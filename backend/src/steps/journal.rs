//! What a promotion notes on its volume, so that a killed process knows how far it came.
//! Only the engine and the runners write here; nothing in the work directory can reach the file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Fault;

/// A promotion's journal as one step sees it. Cheap to clone.
///
/// A note is on the disk before [`Journal::note`] returns. A later note under the same key replaces the earlier one.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Arc<Mutex<Pages>>,
    alias: String,
}

#[derive(Debug)]
struct Pages {
    file: File,
    notes: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    step: String,
    key: String,
    value: Value,
}

/// A note that could not be written. Without it a repeated step might do its work twice, so the step must not go on.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the promotion's journal: {0}")]
pub struct JournalError(#[from] io::Error);

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self::errored(error.to_string())
    }
}

impl Journal {
    /// Opens or creates the journal at `path` and reads what it holds. A line that was cut short by a crash is dropped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut notes = Vec::new();
        let mut reader = BufReader::new(&file);
        let mut whole = 0;
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? != 0 {
            let Ok(note) = serde_json::from_slice(&line) else {
                break;
            };
            if line.last() != Some(&b'\n') {
                break;
            }
            whole += line.len() as u64;
            notes.push(note);
            line.clear();
        }
        if whole < file.metadata()?.len() {
            file.set_len(whole)?;
        }
        file.flush()?;
        Ok(Self {
            shared: Arc::new(Mutex::new(Pages { file, notes })),
            alias: String::new(),
        })
    }

    /// The same journal for the step `alias`.
    #[must_use]
    pub fn of_step(&self, alias: &str) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            alias: alias.to_owned(),
        }
    }

    /// What the step noted last under `key`, also before a crash.
    #[must_use]
    pub fn noted(&self, key: &str) -> Option<Value> {
        let pages = lock(&self.shared);
        let mine = |note: &&Note| note.step == self.alias && note.key == key;
        pages
            .notes
            .iter()
            .rev()
            .find(mine)
            .map(|note| note.value.clone())
    }

    /// Notes `value` under `key`, and returns when it is on the disk.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub async fn note(&self, key: &str, value: Value) -> Result<(), JournalError> {
        let (journal, key) = (self.clone(), key.to_owned());
        let write = move || journal.note_now(&key, value);
        Ok(tokio::task::spawn_blocking(write)
            .await
            .map_err(io::Error::other)??)
    }

    /// As [`Journal::note`], on a thread that may block.
    pub(crate) fn note_now(&self, key: &str, value: Value) -> io::Result<()> {
        let note = Note {
            step: self.alias.clone(),
            key: key.to_owned(),
            value,
        };
        lock(&self.shared).write(note)
    }
}

impl Pages {
    fn write(&mut self, note: Note) -> io::Result<()> {
        let mut line = serde_json::to_vec(&note)?;
        line.push(b'\n');
        let before = self.file.metadata()?.len();
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would hide every later one.
            self.file.set_len(before)?;
            return Err(error);
        }
        self.notes.push(note);
        Ok(())
    }
}

fn lock(pages: &Mutex<Pages>) -> MutexGuard<'_, Pages> {
    pages.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn notes_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.of_step("a").note("head", json!("1")).await.unwrap();
        journal.of_step("b").note("head", json!("2")).await.unwrap();
        journal.of_step("a").note("head", json!("3")).await.unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.of_step("a").noted("head"), Some(json!("3")));
        assert_eq!(journal.of_step("b").noted("head"), Some(json!("2")));
        assert_eq!(journal.of_step("b").noted("tail"), None);
    }

    #[tokio::test]
    async fn a_torn_line_is_dropped_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        Journal::open(&path)
            .unwrap()
            .note("a", json!(1))
            .await
            .unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"step":"","key":"b","va"#).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(
            (journal.noted("a"), journal.noted("b")),
            (Some(json!(1)), None)
        );
        journal.note("b", json!(2)).await.unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(
            (journal.noted("a"), journal.noted("b")),
            (Some(json!(1)), Some(json!(2)))
        );
    }
}
