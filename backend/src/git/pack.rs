//! Objects on their way to a server.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use git2::{ObjectType, Oid, PackBuilder, Repository, Tree};
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::error::Doing as _;
use super::http::Chunks;

/// What does not fit into this much memory is kept on the disk.
const IN_MEMORY: usize = 4 * 1024 * 1024;
/// How much of it is read and sent at a time.
const PIECE: usize = 256 * 1024;
const DOING: &str = "packing commits for a push";

/// Objects in the form in which they travel. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pack {
    bytes: Kept,
    length: u64,
}

#[derive(Debug, Clone)]
enum Kept {
    InMemory(Bytes),
    OnDisk(Arc<File>),
}

impl Pack {
    /// Packs the commits that lead to `tips` and not to `known`, with the files that they change.
    pub(super) fn build(
        repository: &Repository,
        tips: &[Oid],
        known: &[Oid],
        cancel: &CancellationToken,
    ) -> Result<Self, GitError> {
        let mut builder = repository.packbuilder().doing(DOING)?;
        insert(repository, &mut builder, tips, known, cancel)?;
        let mut sink = Sink::default();
        let mut written = Ok(());
        let packed = builder.foreach(|bytes| {
            written = sink.write(bytes);
            written.is_ok() && !cancel.is_cancelled()
        });
        written.doing(DOING)?;
        packed.doing(DOING)?;
        Ok(sink.finish())
    }

    /// Adds the objects to a repository that has everything else that they refer to.
    pub(super) fn store(&self, repository: &Repository) -> Result<(), GitError> {
        let odb = repository.odb().doing(DOING)?;
        let mut writer = odb.packwriter().doing(DOING)?;
        let stored = std::io::copy(&mut self.reader(), &mut writer);
        // The writer keeps the reason to itself.
        stored
            .map_err(|_| git2::Error::last_error(-1))
            .doing(DOING)?;
        writer.commit().doing(DOING).map(drop)
    }

    /// The bytes, as they are read, and their number.
    pub(super) fn chunks(&self) -> (Chunks, u64) {
        let mut reader = self.reader();
        let next = move || {
            let mut piece = vec![0; PIECE];
            match reader.read(&mut piece) {
                Ok(0) => None,
                Ok(length) => {
                    piece.truncate(length);
                    Some(Ok(Bytes::from(piece)))
                }
                Err(error) => Some(Err(error)),
            }
        };
        (
            futures::stream::iter(std::iter::from_fn(next)).boxed(),
            self.length,
        )
    }

    fn reader(&self) -> Reader {
        Reader {
            bytes: self.bytes.clone(),
            at: 0,
        }
    }
}

#[derive(Default)]
struct Sink {
    memory: Vec<u8>,
    file: Option<File>,
    length: u64,
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.length += bytes.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        self.memory.extend_from_slice(bytes);
        if IN_MEMORY < self.memory.len() {
            let mut file = tempfile::tempfile()?;
            file.write_all(&std::mem::take(&mut self.memory))?;
            self.file = Some(file);
        }
        Ok(())
    }

    fn finish(self) -> Pack {
        let bytes = match self.file {
            Some(file) => Kept::OnDisk(Arc::new(file)),
            None => Kept::InMemory(self.memory.into()),
        };
        Pack {
            bytes,
            length: self.length,
        }
    }
}

struct Reader {
    bytes: Kept,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = match &self.bytes {
            Kept::OnDisk(file) => file.read_at(into, self.at)?,
            Kept::InMemory(bytes) => {
                let at = usize::try_from(self.at).unwrap_or(usize::MAX);
                bytes.get(at..).unwrap_or_default().read(into)?
            }
        };
        self.at += length as u64;
        Ok(length)
    }
}

// libgit2 would read every folder of the known commits to leave out what is in them. What a commit
// changes against its parents is found by reading the changed folders alone.
fn insert(
    repository: &Repository,
    builder: &mut PackBuilder<'_>,
    tips: &[Oid],
    known: &[Oid],
    cancel: &CancellationToken,
) -> Result<(), GitError> {
    let mut walk = repository.revwalk().doing(DOING)?;
    for known in known {
        // Others may have pushed what is not here.
        if repository.find_commit(*known).is_ok() {
            walk.hide(*known).doing(DOING)?;
        }
    }
    let mut changes = Changes {
        repository,
        builder,
        seen: HashSet::new(),
    };
    for tip in tips {
        let object = repository.find_object(*tip, None).doing(DOING)?;
        if object.kind() == Some(ObjectType::Tag) {
            changes.insert(*tip)?;
        }
        walk.push(*tip).doing(DOING)?;
    }
    for commit in walk {
        if cancel.is_cancelled() {
            return Err(GitError::Cancelled);
        }
        let commit = repository.find_commit(commit.doing(DOING)?).doing(DOING)?;
        changes.insert(commit.id())?;
        let mut parents = Vec::new();
        for parent in commit.parents() {
            parents.push(parent.tree().doing(DOING)?);
        }
        changes.tree(&commit.tree().doing(DOING)?, &parents, 0)?;
    }
    Ok(())
}

struct Changes<'a, 'repo> {
    repository: &'a Repository,
    builder: &'a mut PackBuilder<'repo>,
    seen: HashSet<Oid>,
}

impl Changes<'_, '_> {
    fn insert(&mut self, id: Oid) -> Result<(), GitError> {
        self.builder.insert_object(id, None).doing(DOING)
    }

    // What a parent has at the same place is known, or comes with the parent.
    fn tree(
        &mut self,
        tree: &Tree<'_>,
        parents: &[Tree<'_>],
        depth: usize,
    ) -> Result<(), GitError> {
        // Deeper than any path can be long: made to exhaust the stack.
        if 2048 < depth {
            return Err(GitError::Damaged {
                reason: "folders are nested too deep".to_owned(),
            });
        }
        if parents.iter().any(|parent| parent.id() == tree.id()) || !self.seen.insert(tree.id()) {
            return Ok(());
        }
        self.insert(tree.id())?;
        for entry in tree {
            let before =
                |parent: &Tree<'_>| parent.get_name_bytes(entry.name_bytes()).map(|e| e.id());
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let mut before_this = Vec::new();
                    for id in parents.iter().filter_map(before) {
                        // What is a folder now may have been a file.
                        before_this.extend(self.repository.find_tree(id).ok());
                    }
                    let subtree = self.repository.find_tree(entry.id()).doing(DOING)?;
                    self.tree(&subtree, &before_this, depth + 1)?;
                }
                Some(ObjectType::Blob) => {
                    let same = parents.iter().filter_map(before).any(|id| id == entry.id());
                    if !same && self.seen.insert(entry.id()) {
                        self.insert(entry.id())?;
                    }
                }
                // A submodule's commit belongs to another repository.
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}
