//! Work trees: folders with the files of a commit, in which steps make their changes.
//!
//! Each is a repository of its own that borrows the objects of the local copy. Nothing refers to
//! it, so it may be removed like any folder, and what happens in it stays in it until it is pushed.

use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{Oid, Repository, RepositoryInitOptions};
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::author::Author;
use super::changes::changed;
use super::error::Doing as _;
use super::pieces::pieces;
use super::sparse::Sparse;

/// The mark of a work tree of ours, and the place for notes of later steps.
const NOTES: &str = "argosy";
const DOING: &str = "checking out";

/// What is to be made.
#[derive(Clone)]
pub(super) struct Plan {
    /// How people call it.
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) commit: Oid,
    /// The branch to be on. Without it, the work tree is on the commit alone.
    pub(super) branch: Option<String>,
    pub(super) sparse: Sparse,
    pub(super) origin: Origin,
    pub(super) author: Option<Author>,
    /// Objects of the local copy.
    pub(super) objects: PathBuf,
    /// Folders inside it that are work trees of their own.
    pub(super) nested: Vec<PathBuf>,
}

/// Where a work tree came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The repository's address as it was written, without user and password.
    pub url: String,
    /// Whether a certificate that nobody vouches for is accepted.
    pub insecure_skip_tls: bool,
}

/// What a work tree is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) head: Oid,
    pub(super) branch: Option<String>,
}

/// Makes a work tree, in place of one that is there already.
pub(super) fn make(plan: &Plan, cancel: &CancellationToken) -> Result<(), GitError> {
    if !make_room(&plan.folder)? {
        return Err(GitError::Occupied {
            checkout: plan.name.clone(),
        });
    }
    let git_folder = plan.folder.join(".git");
    std::fs::create_dir_all(notes(&git_folder)).doing(DOING)?;
    let mut options = RepositoryInitOptions::new();
    options.external_template(false);
    let repository = Repository::init_opts(&plan.folder, &options).doing(DOING)?;
    borrow_objects(&git_folder, &plan.objects)?;
    configure(&repository, plan)?;
    if !plan.nested.is_empty() {
        exclude(&git_folder, &plan.nested)?;
    }
    let commit = repository.find_commit(plan.commit).doing(DOING)?;
    match &plan.branch {
        Some(branch) => {
            let name = format!("refs/heads/{branch}");
            repository
                .reference(&name, plan.commit, true, "checkout")
                .doing(DOING)?;
            repository.set_head(&name).doing(DOING)?;
            track(&repository, branch, plan.commit)?;
        }
        None => repository.set_head_detached(plan.commit).doing(DOING)?,
    }
    let tree = commit.tree().doing(DOING)?;
    for paths in pieces(&repository, &tree, &plan.sparse)? {
        if cancel.is_cancelled() {
            return Err(GitError::Cancelled);
        }
        let mut checkout = CheckoutBuilder::new();
        checkout.force().disable_pathspec_match(true);
        for path in paths {
            checkout.path(path);
        }
        repository
            .checkout_tree(tree.as_object(), Some(&mut checkout))
            .doing(DOING)?;
    }
    if !plan.sparse.is_everything() {
        plan.sparse.write(&git_folder)?;
    }
    Ok(())
}

/// Whether a folder is a work tree that [`make`] made.
pub(super) fn check(folder: &Path) -> Result<(), GitError> {
    let git_folder = folder.join(".git");
    if is_folder(&git_folder) && is_folder(&notes(&git_folder)) {
        Ok(())
    } else {
        Err(GitError::NotAWorkTree)
    }
}

/// Opens a work tree that [`make`] made.
pub(super) fn open(folder: &Path) -> Result<Repository, GitError> {
    check(folder)?;
    let git_folder = folder.join(".git");
    let repository = Repository::open(folder).doing("opening the work tree")?;
    // Nobody else works here, so a lock was left by a process that was killed.
    for lock in ["index.lock", "HEAD.lock", "config.lock"] {
        let _ = std::fs::remove_file(git_folder.join(lock));
    }
    if let Some(branch) = standing(&repository)?.branch {
        let _ = std::fs::remove_file(git_folder.join(format!("refs/heads/{branch}.lock")));
    }
    Ok(repository)
}

/// What a work tree is at.
pub(super) fn standing(repository: &Repository) -> Result<Standing, GitError> {
    const DOING: &str = "reading what is checked out";
    let head = repository.head().doing(DOING)?;
    let name = head
        .name()
        .ok()
        .and_then(|name| name.strip_prefix("refs/heads/"));
    let branch = name.map(str::to_owned);
    let head = head.peel_to_commit().doing(DOING)?.id();
    Ok(Standing { head, branch })
}

/// Where a work tree came from.
pub(super) fn origin(repository: &Repository) -> Result<Origin, GitError> {
    let config = repository
        .config()
        .doing("reading where the work tree came from")?;
    Ok(Origin {
        url: config
            .get_string("remote.origin.url")
            .map_err(|_| GitError::NotAWorkTree)?,
        insecure_skip_tls: config.get_bool("argosy.insecureskiptls").unwrap_or(false),
    })
}

/// Takes a work tree to a commit that came of its own by putting it on top of others' work. Changes
/// that are not committed stay.
pub(super) fn advance(repository: &Repository, to: Oid) -> Result<(), GitError> {
    const DOING: &str = "updating the work tree to what was pushed";
    let standing = standing(repository)?;
    if standing.head == to {
        return Ok(());
    }
    let tree_of = |commit| {
        repository
            .find_commit(commit)
            .and_then(|commit| commit.tree())
    };
    let (from, into) = (
        tree_of(standing.head).doing(DOING)?,
        tree_of(to).doing(DOING)?,
    );
    let sparse = Sparse::read(repository.path())?;
    let mut paths = changed(repository, &from, &into)?;
    paths.retain(|path| sparse.contains(&String::from_utf8_lossy(path)));
    // Files before the branch: if this is interrupted, it is done again.
    if !paths.is_empty() {
        let mut checkout = CheckoutBuilder::new();
        checkout
            .safe()
            .allow_conflicts(true)
            .disable_pathspec_match(true);
        for path in paths {
            checkout.path(path);
        }
        repository
            .checkout_tree(into.as_object(), Some(&mut checkout))
            .doing(DOING)?;
    }
    move_head(repository, &standing, to)
}

/// Points the branch of a work tree, or the work tree itself, to a commit.
pub(super) fn move_head(
    repository: &Repository,
    standing: &Standing,
    to: Oid,
) -> Result<(), GitError> {
    const DOING: &str = "moving the branch of the work tree";
    match &standing.branch {
        Some(branch) => {
            let name = format!("refs/heads/{branch}");
            repository
                .reference(&name, to, true, "argosy")
                .doing(DOING)
                .map(drop)
        }
        None => repository.set_head_detached(to).doing(DOING),
    }
}

/// Keeps what the server's branch was seen at.
pub(super) fn track(repository: &Repository, branch: &str, commit: Oid) -> Result<(), GitError> {
    let name = format!("refs/remotes/origin/{branch}");
    repository
        .reference(&name, commit, true, "argosy")
        .doing(DOING)
        .map(drop)
}

/// Removes everything but what Git keeps.
pub(super) fn clear(folder: &Path) -> Result<(), GitError> {
    const DOING: &str = "clearing the work tree";
    open(folder)?;
    for entry in std::fs::read_dir(folder).doing(DOING)? {
        let entry = entry.doing(DOING)?;
        if entry.file_name() == ".git" {
            continue;
        }
        // A link is removed, not what it points to.
        if entry.file_type().doing(DOING)?.is_dir() {
            std::fs::remove_dir_all(entry.path()).doing(DOING)?;
        } else {
            std::fs::remove_file(entry.path()).doing(DOING)?;
        }
    }
    Ok(())
}

/// Where steps leave notes for when they are repeated.
pub(super) fn notes(git_folder: &Path) -> PathBuf {
    git_folder.join(NOTES)
}

/// Lets a work tree read the objects of a local copy, and of no other.
pub(super) fn borrow_objects(git_folder: &Path, objects: &Path) -> Result<(), GitError> {
    let file = git_folder.join("objects/info/alternates");
    let line = format!("{}\n", objects.display());
    if std::fs::read_to_string(&file).is_ok_and(|now| now == line) {
        return Ok(());
    }
    std::fs::create_dir_all(git_folder.join("objects/info")).doing(DOING)?;
    std::fs::write(file, line).doing(DOING)
}

// A work tree that is there is replaced: the step that made it is repeated, and what later steps
// did in it has to be done again. Other files are not: says whether there is room.
fn make_room(folder: &Path) -> Result<bool, GitError> {
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error).doing(DOING),
        Ok(found) if !found.is_dir() => return Ok(false),
        Ok(_) => {}
    }
    let is_ours = is_folder(&notes(&folder.join(".git")));
    for entry in std::fs::read_dir(folder).doing(DOING)? {
        let entry = entry.doing(DOING)?;
        if !is_ours {
            return Ok(false);
        }
        // The mark goes last, so that an interrupted removal is taken up again.
        if entry.file_name() == ".git" {
            continue;
        }
        if entry.file_type().doing(DOING)?.is_dir() {
            std::fs::remove_dir_all(entry.path()).doing(DOING)?;
        } else {
            std::fs::remove_file(entry.path()).doing(DOING)?;
        }
    }
    if is_ours {
        std::fs::remove_dir_all(folder.join(".git")).doing(DOING)?;
    }
    Ok(true)
}

fn is_folder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn configure(repository: &Repository, plan: &Plan) -> Result<(), GitError> {
    let mut config = repository.config().doing(DOING)?;
    let mut set = |key: &str, value: &str| config.set_str(key, value).doing(DOING);
    set("remote.origin.url", &plan.origin.url)?;
    set("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")?;
    // What the machine's own configuration says must not change files.
    set("core.autocrlf", "false")?;
    set("core.fileMode", "true")?;
    if plan.origin.insecure_skip_tls {
        set("argosy.insecureskiptls", "true")?;
    }
    if let Some(author) = &plan.author {
        author.keep(repository)?;
    }
    Ok(())
}

fn exclude(git_folder: &Path, nested: &[PathBuf]) -> Result<(), GitError> {
    let lines: Vec<String> = nested
        .iter()
        .map(|folder| format!("/{}/", folder.display()))
        .collect();
    std::fs::create_dir_all(git_folder.join("info")).doing(DOING)?;
    std::fs::write(git_folder.join("info/exclude"), lines.join("\n")).doing(DOING)
}
