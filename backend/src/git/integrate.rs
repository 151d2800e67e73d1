//! Putting commits on top of what others have pushed.

use git2::{Commit, Oid, Repository, Sort, Tree};

use super::GitError;
use super::author::Author;
use super::commit::Draft;
use super::error::Doing as _;
use super::merge::{Merged, merge};
use crate::settings::PushPolicy;

const DOING: &str = "integrating what others have pushed";
/// More commits than a promotion makes; a work tree with more is of another history.
const MOST: usize = 1_000;

/// Where, and by whom.
pub(super) struct Place<'a> {
    /// The repository, for people.
    pub(super) repository: &'a str,
    /// The branch, for people.
    pub(super) branch: &'a str,
    /// Who makes the commits that are needed.
    pub(super) author: &'a Author,
}

/// The commit that holds `head` and `onto`, which may be either of them.
pub(super) fn integrate(
    repository: &Repository,
    head: Oid,
    onto: Oid,
    policy: PushPolicy,
    place: &Place<'_>,
) -> Result<Oid, GitError> {
    if contains(repository, head, onto)? {
        return Ok(head);
    }
    if contains(repository, onto, head)? {
        return Ok(onto);
    }
    let commits = between(repository, onto, head)?;
    let lost = commits
        .iter()
        .find_map(|commit| Some((commit.id(), lost(commit, place.author)?)));
    match (policy, lost) {
        (PushPolicy::AlwaysRebase, _)
        | (PushPolicy::RebaseOrMerge | PushPolicy::RebaseOrFail, None) => {
            rebase(repository, &commits, onto, place)
        }
        (PushPolicy::AlwaysMerge, _) | (PushPolicy::RebaseOrMerge, Some(_)) => {
            merge_heads(repository, head, onto, place)
        }
        (PushPolicy::RebaseOrFail, Some((commit, why))) => Err(GitError::Unsafe {
            repository: place.repository.to_owned(),
            branch: place.branch.to_owned(),
            commit: commit.to_string(),
            why,
        }),
    }
}

/// Whether `commit` is part of the history of `head`.
pub(super) fn contains(repository: &Repository, head: Oid, commit: Oid) -> Result<bool, GitError> {
    Ok(head == commit || repository.graph_descendant_of(head, commit).doing(DOING)?)
}

// What would get lost if the commit was made anew.
fn lost(commit: &Commit<'_>, author: &Author) -> Option<&'static str> {
    if 1 < commit.parent_count() {
        return Some("drop a merge");
    }
    let is_signed = commit.header_field_bytes("gpgsig").is_ok();
    if is_signed && author.signing_key.is_none() {
        return Some("drop its signature");
    }
    let is_own = commit.committer().email_bytes() == author.email.as_bytes();
    (!is_own).then_some("rewrite what somebody else has committed")
}

// Oldest first.
fn between<'repo>(
    repository: &'repo Repository,
    from: Oid,
    to: Oid,
) -> Result<Vec<Commit<'repo>>, GitError> {
    let mut walk = repository.revwalk().doing(DOING)?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)
        .doing(DOING)?;
    walk.push(to).doing(DOING)?;
    walk.hide(from).doing(DOING)?;
    let mut commits = Vec::new();
    for id in walk {
        commits.push(repository.find_commit(id.doing(DOING)?).doing(DOING)?);
        if MOST < commits.len() {
            return Err(GitError::Local {
                doing: DOING,
                reason: format!("there are more than {MOST} commits to put on top"),
            });
        }
    }
    Ok(commits)
}

fn rebase(
    repository: &Repository,
    commits: &[Commit<'_>],
    onto: Oid,
    place: &Place<'_>,
) -> Result<Oid, GitError> {
    let mut onto = repository.find_commit(onto).doing(DOING)?;
    for commit in commits {
        // What a merge brings in is among the commits.
        if 1 < commit.parent_count() {
            continue;
        }
        let base = match commit.parent(0) {
            Ok(parent) => parent.tree().doing(DOING)?,
            Err(_) => empty(repository)?,
        };
        let before = onto.tree().doing(DOING)?;
        let tree = merged(
            repository,
            &base,
            &before,
            &commit.tree().doing(DOING)?,
            place,
        )?;
        if tree == before.id() {
            // Others have made the same change.
            continue;
        }
        // With its own committer and time, so that doing it twice gives the same commit.
        let draft = Draft {
            author: &commit.author(),
            committer: &commit.committer(),
            message: commit.message_raw().unwrap_or_default(),
            tree: &repository.find_tree(tree).doing(DOING)?,
        };
        let made = draft.write(repository, &[&onto], place.author)?;
        onto = repository.find_commit(made).doing(DOING)?;
    }
    Ok(onto.id())
}

fn merge_heads(
    repository: &Repository,
    head: Oid,
    onto: Oid,
    place: &Place<'_>,
) -> Result<Oid, GitError> {
    let base = match repository.merge_base(head, onto) {
        Ok(base) => repository
            .find_commit(base)
            .and_then(|base| base.tree())
            .doing(DOING)?,
        Err(_) => empty(repository)?,
    };
    let head = repository.find_commit(head).doing(DOING)?;
    let onto = repository.find_commit(onto).doing(DOING)?;
    let (ours, theirs) = (head.tree().doing(DOING)?, onto.tree().doing(DOING)?);
    let tree = merged(repository, &base, &ours, &theirs, place)?;
    let who = place.author.now()?;
    let message = format!("Merge branch '{}' of {}\n", place.branch, place.repository);
    let tree = repository.find_tree(tree).doing(DOING)?;
    Draft {
        author: &who,
        committer: &who,
        message: &message,
        tree: &tree,
    }
    .write(repository, &[&head, &onto], place.author)
}

fn merged(
    repository: &Repository,
    base: &Tree<'_>,
    ours: &Tree<'_>,
    theirs: &Tree<'_>,
    place: &Place<'_>,
) -> Result<Oid, GitError> {
    match merge(repository, base, ours, theirs)? {
        Merged::Tree(tree) => Ok(tree),
        Merged::Conflict(files) => Err(GitError::Conflict {
            repository: place.repository.to_owned(),
            branch: place.branch.to_owned(),
            files,
        }),
    }
}

fn empty(repository: &Repository) -> Result<Tree<'_>, GitError> {
    let id = repository
        .treebuilder(None)
        .and_then(|empty| empty.write())
        .doing(DOING)?;
    repository.find_tree(id).doing(DOING)
}
