//! Committing what has changed in a work tree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use git2::{Index, IndexAddOption, IndexEntry, Oid, Repository, Signature, Tree};

use super::GitError;
use super::author::Author;
use super::error::Doing as _;
use super::journal::Journal;
use super::signing::sign;
use super::sparse::Sparse;
use super::worktree::{self, move_head, notes, standing};

const DOING: &str = "committing";

/// What came of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The new commit; if nothing had changed, the one that was there.
    pub commit: String,
    /// Whether anything had changed.
    pub changed: bool,
}

/// Commits everything that has changed. A second call with the same `key` that finds the first
/// one's commit answers as the first did, or would have.
pub(super) fn commit(
    folder: &Path,
    message: &str,
    author: &Author,
    key: &str,
) -> Result<Committed, GitError> {
    let repository = worktree::open(folder)?;
    let before = standing(&repository)?;
    let journal = Journal::new(&notes(repository.path()), "commit", key);
    if let Some(made) = journal.read()?.last().copied()
        && let Ok(commit) = repository.find_commit(made)
    {
        // Noted, and perhaps not carried out to the end.
        if commit.parent_ids().any(|parent| parent == before.head) {
            move_head(&repository, &before, made)?;
        }
        return Ok(Committed {
            commit: made.to_string(),
            changed: true,
        });
    }
    let message = git2::message_prettify(message, None).doing(DOING)?;
    if message.is_empty() {
        return Err(GitError::NoMessage);
    }
    let parent = repository.find_commit(before.head).doing(DOING)?;
    let before_tree = parent.tree().doing(DOING)?;
    let tree = stage(&repository, &before_tree)?;
    if tree == before_tree.id() {
        return Ok(Committed {
            commit: before.head.to_string(),
            changed: false,
        });
    }
    let tree = repository.find_tree(tree).doing(DOING)?;
    let who = author.now()?;
    let made = Draft {
        author: &who,
        committer: &who,
        message: &message,
        tree: &tree,
    }
    .write(&repository, &[&parent], author)?;
    journal.add(made)?;
    move_head(&repository, &before, made)?;
    Ok(Committed {
        commit: made.to_string(),
        changed: true,
    })
}

/// A commit that is about to be made.
pub(super) struct Draft<'a> {
    pub(super) author: &'a Signature<'a>,
    pub(super) committer: &'a Signature<'a>,
    pub(super) message: &'a str,
    pub(super) tree: &'a Tree<'a>,
}

impl Draft<'_> {
    /// Makes the commit, signed if `signer` has a key. No branch points to it yet.
    pub(super) fn write(
        &self,
        repository: &Repository,
        parents: &[&git2::Commit<'_>],
        signer: &Author,
    ) -> Result<Oid, GitError> {
        let Self {
            author,
            committer,
            message,
            tree,
        } = self;
        let Some(key) = &signer.signing_key else {
            return repository
                .commit(None, author, committer, message, tree, parents)
                .doing(DOING);
        };
        let content = repository
            .commit_create_buffer(author, committer, message, tree, parents)
            .doing(DOING)?;
        let content = std::str::from_utf8(&content).map_err(|_| GitError::NoMessage)?;
        let signature = sign(content, key)?;
        repository
            .commit_signed(content, &signature, Some("gpgsig"))
            .doing(DOING)
    }
}

// `git add .`, and the tree of it.
fn stage(repository: &Repository, head: &Tree<'_>) -> Result<Oid, GitError> {
    let sparse = Sparse::read(repository.path())?;
    let mut index = repository.index().doing(DOING)?;
    let mut choose = |path: &Path, _: &[u8]| i32::from(!sparse.contains(&path.to_string_lossy()));
    index
        .add_all(["*"], IndexAddOption::DEFAULT, Some(&mut choose))
        .doing(DOING)?;
    index.write().doing(DOING)?;
    if sparse.is_everything() {
        return index.write_tree().doing(DOING);
    }
    // What is not checked out is not in the index, and stays as it is.
    let mut whole = Index::new().doing(DOING)?;
    whole.read_tree(head).doing(DOING)?;
    let checked_out: Vec<IndexEntry> = whole
        .iter()
        .filter(|entry| sparse.contains(&String::from_utf8_lossy(&entry.path)))
        .collect();
    for entry in checked_out {
        whole
            .remove(Path::new(OsStr::from_bytes(&entry.path)), 0)
            .doing(DOING)?;
    }
    for entry in index.iter() {
        whole.add(&entry).doing(DOING)?;
    }
    whole.write_tree_to(repository).doing(DOING)
}
