//! A promotion's folder on the volume: `work/` for its steps, `journal` for us.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::steps::{Journal, WorkDir};

const WORK: &str = "work";
const JOURNAL: &str = "journal";
/// Under this key the journal says which run of the system the files are from.
const BOOT: &str = "boot";
/// Under this key it says which work directory it is, of those that the promotion had.
const WORK_ID: &str = "work";

/// A promotion's folder.
pub(super) struct Folder {
    pub(super) workdir: WorkDir,
    pub(super) journal: Journal,
    /// Whether the work directory is empty although steps may have filled one before.
    pub(super) fresh: bool,
    /// Another text for each work directory that the promotion has.
    pub(super) id: String,
}

impl Folder {
    /// Opens the folder, or makes it.
    ///
    /// Files are not flushed one by one: a killed process loses none of them, a machine that goes down may. So after
    /// a restart of the system the work directory counts as lost, while the journal, which is flushed, stays.
    pub(super) fn open(folders: &Path, uid: &str) -> io::Result<Self> {
        let path = place(folders, uid)?;
        let work = path.join(WORK);
        fs::create_dir_all(&path)?;
        let journal = Journal::open(&path.join(JOURNAL))?;
        let boot = boot();
        let kept = work.is_dir()
            && journal
                .noted(BOOT)
                .as_ref()
                .and_then(|noted| noted.as_str())
                == Some(&boot);
        if !kept {
            if work.exists() {
                fs::remove_dir_all(&work)?;
            }
            fs::create_dir(&work)?;
            fs::File::open(&path)?.sync_all()?;
            journal.note_now(WORK_ID, ulid::Ulid::generate().to_string().into())?;
            journal.note_now(BOOT, boot.into())?;
        }
        let id = journal
            .noted(WORK_ID)
            .and_then(|id| id.as_str().map(str::to_owned))
            .unwrap_or_default();
        Ok(Self {
            workdir: WorkDir::open(&work)?,
            journal,
            fresh: !kept,
            id,
        })
    }
}

/// Removes a promotion's folder. What cannot be removed now is swept at the next start.
pub(super) fn remove(folders: &Path, uid: &str) {
    let Ok(path) = place(folders, uid) else {
        return;
    };
    if let Err(error) = fs::remove_dir_all(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "cannot remove the folder of promotion {uid}");
    }
}

/// Removes all folders but those of these promotions.
pub(super) fn remove_all_but(folders: &Path, uids: &[String]) {
    let Ok(entries) = fs::read_dir(folders) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if let Some(name) = name
            .to_str()
            .filter(|name| !uids.iter().any(|uid| uid == name))
        {
            remove(folders, name);
        }
    }
}

/// The uid comes from the API server, which makes it; still it must not lead anywhere else.
fn place(folders: &Path, uid: &str) -> io::Result<PathBuf> {
    let plain = uid
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if uid.is_empty() || !plain {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{uid:?} is no uid"),
        ));
    }
    Ok(folders.join(uid))
}

/// A text that is another after each start of the system.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_folder_is_found_again_and_a_lost_one_is_fresh() {
        let folders = tempfile::tempdir().unwrap();
        let open = || Folder::open(folders.path(), "uid-1").unwrap();
        let folder = open();
        assert!(folder.fresh);
        fs::write(folder.workdir.root().join("file"), "x").unwrap();
        let folder = open();
        assert!(!folder.fresh && folder.workdir.root().join("file").exists());
        fs::remove_dir_all(folder.workdir.root()).unwrap();
        let fresh = open();
        assert!(fresh.fresh && fresh.id != folder.id);
        assert!(!open().fresh);
        assert_eq!(open().id, fresh.id);
    }

    #[test]
    fn after_a_restart_of_the_system_the_files_are_lost_and_the_notes_are_not() {
        let folders = tempfile::tempdir().unwrap();
        let folder = Folder::open(folders.path(), "uid-1").unwrap();
        fs::write(folder.workdir.root().join("file"), "x").unwrap();
        folder
            .journal
            .of_step("push")
            .note_now("head", json!("abc"))
            .unwrap();
        folder.journal.note_now(BOOT, json!("another")).unwrap();
        let folder = Folder::open(folders.path(), "uid-1").unwrap();
        assert!(folder.fresh && !folder.workdir.root().join("file").exists());
        assert_eq!(
            folder.journal.of_step("push").noted("head"),
            Some(json!("abc"))
        );
    }

    #[test]
    fn folders_of_others_are_swept() {
        let folders = tempfile::tempdir().unwrap();
        for uid in ["a", "b", "c"] {
            Folder::open(folders.path(), uid).unwrap();
        }
        remove_all_but(folders.path(), &["b".to_owned()]);
        remove(folders.path(), "../x");
        let left: Vec<_> = fs::read_dir(folders.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["b"]);
    }
}
