//! Keeping the local copies small.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use git2::{Oid, Repository};

use super::GitError;
use super::error::Doing as _;
use super::mirror::{NEW, OLD, remove};

const DOING: &str = "cleaning up local copies";
/// What lists the work trees that borrow objects of a copy.
const LENT: &str = "lent";
/// A longer list is read to see who still borrows.
const LONG: u64 = 256 * 1024;
/// What tells by its age when a copy was used last.
const USED: &str = "used";
/// Each fetch and each push adds a pack, and each is searched for every object.
const MOST_PACKS: usize = 50;
/// A pack that is larger is not worth copying again.
const LARGE: u64 = 64 * 1024 * 1024;

/// Notes that a copy is used now, and by which work trees. One at a time for each copy.
pub(super) fn lend(copy: &Path, work_trees: &[PathBuf]) -> Result<(), GitError> {
    std::fs::write(copy.join(USED), "").doing(DOING)?;
    if work_trees.is_empty() {
        return Ok(());
    }
    let lent = copy.join(LENT);
    if std::fs::metadata(&lent).is_ok_and(|lent| LONG < lent.len()) {
        let mut file = tempfile::NamedTempFile::new_in(copy).doing(DOING)?;
        file.write_all(lines(&borrowers(copy)?).as_bytes())
            .doing(DOING)?;
        file.persist(&lent)
            .map_err(|failed| failed.error)
            .doing(DOING)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).append(true).open(lent).doing(DOING)?;
    file.write_all(lines(work_trees).as_bytes()).doing(DOING)
}

fn lines(folders: &[PathBuf]) -> String {
    folders
        .iter()
        .map(|folder| format!("{}\n", folder.display()))
        .collect()
}

/// Removes what an interrupted process left behind, and lists the copies.
pub(super) fn survey(root: &Path) -> Result<Vec<String>, GitError> {
    let entries = match std::fs::read_dir(root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.doing(DOING)?,
    };
    let mut copies = Vec::new();
    for entry in entries {
        let entry = entry.doing(DOING)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_unfinished = name.starts_with(NEW) || name.starts_with(OLD);
        // Not what another task is making just now.
        if is_unfinished && is_older(&entry.path(), Duration::from_secs(3_600)) {
            remove(&entry.path())?;
        } else if !is_unfinished {
            copies.push(name);
        }
    }
    Ok(copies)
}

/// Whether nobody has used a copy for so long and no work tree borrows from it.
pub(super) fn is_unused(copy: &Path, unused_for: Duration) -> Result<bool, GitError> {
    Ok(is_older(&copy.join(USED), unused_for) && borrowers(copy)?.is_empty())
}

// The work trees that still borrow objects of a copy.
fn borrowers(copy: &Path) -> Result<Vec<PathBuf>, GitError> {
    let lent = match std::fs::read_to_string(copy.join(LENT)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        lent => lent.doing(DOING)?,
    };
    let lines: BTreeSet<&str> = lent.lines().collect();
    let borrows = |folder: &PathBuf| {
        let from = std::fs::read_to_string(folder.join(".git/objects/info/alternates"));
        from.is_ok_and(|from| Path::new(from.trim_end()) == copy.join("objects"))
    };
    Ok(lines
        .into_iter()
        .map(PathBuf::from)
        .filter(borrows)
        .collect())
}

/// Puts small packs together if there are many. Every object stays, so that nobody who reads
/// meanwhile misses one.
pub(super) fn consolidate(copy: &Path) -> Result<bool, GitError> {
    let folder = copy.join("objects/pack");
    let mut small = Vec::new();
    for entry in std::fs::read_dir(&folder).doing(DOING)? {
        let entry = entry.doing(DOING)?;
        let path = entry.path();
        let is_pack = path
            .extension()
            .is_some_and(|extension| extension == "pack");
        if is_pack && entry.metadata().doing(DOING)?.len() < LARGE {
            small.push(path);
        }
    }
    if small.len() <= MOST_PACKS {
        return Ok(false);
    }
    let repository = Repository::open_bare(copy).doing(DOING)?;
    let mut builder = repository.packbuilder().doing(DOING)?;
    let mut objects = BTreeSet::new();
    for pack in &small {
        objects.extend(ids(&pack.with_extension("idx"))?);
    }
    for id in objects {
        builder.insert_object(id, None).doing(DOING)?;
    }
    builder.write(&folder, 0).doing(DOING)?;
    let made = builder
        .name()
        .doing(DOING)?
        .map(|name| folder.join(format!("pack-{name}.pack")));
    if made.as_ref().is_none_or(|made| !made.is_file()) {
        return Err(GitError::Damaged {
            reason: "packs could not be put together".to_owned(),
        });
    }
    for pack in small.iter().filter(|pack| Some(*pack) != made.as_ref()) {
        // The index first: without it nobody looks for the pack.
        for file in [pack.with_extension("idx"), pack.clone()] {
            std::fs::remove_file(file).doing(DOING)?;
        }
    }
    Ok(true)
}

// An index begins with a magic number, a version and 256 counts; then come the names of the
// objects, in order.
fn ids(index: &Path) -> Result<Vec<Oid>, GitError> {
    const NAMES: usize = 8 + 256 * 4;
    let bytes = std::fs::read(index).doing(DOING)?;
    let damaged = || GitError::Damaged {
        reason: "an index of a pack is cut off".to_owned(),
    };
    let count = bytes
        .get(NAMES - 4..NAMES)
        .and_then(|count| count.try_into().ok());
    let count = u32::from_be_bytes(count.ok_or_else(damaged)?) as usize;
    let names = bytes.get(NAMES..NAMES.saturating_add(count.saturating_mul(20)));
    let names = names.ok_or_else(damaged)?.chunks_exact(20);
    names
        .map(|name| Oid::from_bytes(name).doing(DOING))
        .collect()
}

fn is_older(path: &Path, age: Duration) -> bool {
    let modified = std::fs::metadata(path).and_then(|found| found.modified());
    modified.is_ok_and(|at| {
        SystemTime::now()
            .duration_since(at)
            .is_ok_and(|since| age <= since)
    })
}
