//! Pushing a work tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use git2::Oid;
use tokio_util::sync::CancellationToken;

use super::author::Author;
use super::blocking::blocking;
use super::error::Doing as _;
use super::forge::{Forge, commit_url};
use super::journal::Journal;
use super::mirror::Mirror;
use super::queue::{Job, Mode, Verdict, enqueue, for_people};
use super::worktree::{self, Standing, notes};
use super::{Endpoint, GitError, Inner};
use crate::settings::PushPolicy;

/// What is pushed where, and how.
#[derive(Debug, Clone)]
pub struct Push {
    /// Where to.
    pub target: Target,
    /// Whether a branch is overwritten.
    pub force: Force,
    /// How commits come together with what others have pushed. None for what is configured.
    pub policy: Option<PushPolicy>,
    /// How often to try when others keep pushing. At least one attempt is made.
    pub max_attempts: u32,
    /// The kind of server, for the address of the commit. None to tell it from the host.
    pub forge: Option<Forge>,
}

/// Where a push goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The branch that was checked out.
    CheckedOut,
    /// A branch, which is made if it does not exist.
    Branch(String),
    /// A tag of the work tree, or if it has none of that name, a new one for its commit.
    Tag(String),
}

/// Whether a branch is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// What is there is kept.
    No,
    /// What is there is lost if it is what the work tree's branch was made from or pushed as.
    IfUnmoved,
    /// What is there is lost.
    Always,
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The commit as the server has it. It differs from the one in the work tree before the push
    /// if others had pushed meanwhile.
    pub commit: String,
    /// The branch that it was pushed to. With a tag, the branch that is checked out, if any.
    pub branch: Option<String>,
    /// The commit's page, if the kind of server is known.
    pub url: Option<String>,
}

const DOING: &str = "preparing a push";

// What a work tree tells before a push.
struct Ready {
    standing: Standing,
    author: Option<Author>,
    objects: PathBuf,
    journal: Journal,
    noted: Vec<Oid>,
    tag: Option<Oid>,
    tracked: Option<Oid>,
}

/// Pushes, and tries again while others are faster.
pub(super) async fn push(
    git: &Arc<Inner>,
    mirror: &Arc<Mirror>,
    endpoint: &Endpoint,
    folder: &Path,
    push: &Push,
    cancel: &CancellationToken,
) -> Result<Pushed, GitError> {
    let ready = look(mirror, folder, push).await?;
    let (reference, head, branch) = match &push.target {
        Target::Tag(tag) => {
            let head = ready.tag.unwrap_or(ready.standing.head);
            (
                format!("refs/tags/{tag}"),
                head,
                ready.standing.branch.clone(),
            )
        }
        Target::Branch(branch) => (
            format!("refs/heads/{branch}"),
            ready.standing.head,
            Some(branch.clone()),
        ),
        Target::CheckedOut => {
            let branch = ready.standing.branch.clone().ok_or(GitError::Detached)?;
            (
                format!("refs/heads/{branch}"),
                ready.standing.head,
                Some(branch),
            )
        }
    };
    let mode = match (&push.target, push.force) {
        (Target::Tag(_), _) => Mode::Tag,
        (_, Force::Always) => Mode::Overwrite,
        (_, Force::IfUnmoved) => Mode::OverwriteOnly(ready.tracked.unwrap_or(Oid::ZERO_SHA1)),
        (_, Force::No) => Mode::Integrate(push.policy.unwrap_or(git.config.policy)),
    };
    let mut job = Job {
        endpoint: endpoint.clone(),
        reference,
        head,
        mode,
        objects: Some(ready.objects),
        author: ready.author.unwrap_or_else(|| git.config.author.clone()),
        look_first: !ready.noted.is_empty(),
        noted: ready.noted,
        journal: Some(ready.journal),
    };
    let commit = attempts(git, mirror, &mut job, push.max_attempts.max(1), cancel).await?;
    let is_tag = matches!(push.target, Target::Tag(_));
    let commit = if is_tag { ready.standing.head } else { commit };
    let (folder, on) = (folder.to_owned(), branch.clone());
    blocking(move || {
        let repository = worktree::open(&folder)?;
        worktree::advance(&repository, commit)?;
        match on {
            Some(branch) if !is_tag => worktree::track(&repository, &branch, commit),
            Some(_) | None => Ok(()),
        }
    })
    .await?;
    let commit = commit.to_string();
    Ok(Pushed {
        branch,
        url: commit_url(&endpoint.repository, push.forge, &commit),
        commit,
    })
}

async fn look(mirror: &Arc<Mirror>, folder: &Path, push: &Push) -> Result<Ready, GitError> {
    let (mirror, folder) = (Arc::clone(mirror), folder.to_owned());
    let target = push.target.clone();
    blocking(move || {
        mirror.open()?;
        mirror.lend(&[])?;
        // Whatever was written there since, these are the objects of this repository and of what
        // the credentials may see.
        worktree::check(&folder)?;
        worktree::borrow_objects(&folder.join(".git"), &mirror.objects())?;
        let repository = worktree::open(&folder)?;
        let id = |name: String| repository.refname_to_id(&name).ok();
        let tag = match &target {
            Target::Tag(tag) => id(format!("refs/tags/{tag}")),
            Target::Branch(_) | Target::CheckedOut => None,
        };
        let standing = worktree::standing(&repository)?;
        let key = format!("{} {target:?}", standing.head);
        let journal = Journal::new(&notes(repository.path()), "push", &key);
        let branch = match &target {
            Target::Branch(branch) => Some(branch.clone()),
            Target::CheckedOut | Target::Tag(_) => standing.branch.clone(),
        };
        Ok(Ready {
            tracked: branch.and_then(|branch| id(format!("refs/remotes/origin/{branch}"))),
            author: Author::kept(&repository)?,
            objects: std::path::absolute(folder.join(".git/objects")).doing(DOING)?,
            noted: journal.read()?,
            standing,
            journal,
            tag,
        })
    })
    .await
}

async fn attempts(
    git: &Arc<Inner>,
    mirror: &Arc<Mirror>,
    job: &mut Job,
    most: u32,
    cancel: &CancellationToken,
) -> Result<Oid, GitError> {
    let mut last = None;
    for attempt in 1..=most {
        if 1 < attempt {
            tokio::select! {
                () = cancel.cancelled() => return Err(GitError::Cancelled),
                () = tokio::time::sleep(pause(attempt, fastrand::f64())) => {}
            }
            if let Some(journal) = job.journal.clone() {
                job.noted = blocking(move || journal.read()).await?;
            }
        }
        last = match enqueue(git, mirror, job.clone(), cancel).await {
            Verdict::Pushed(commit) => return Ok(commit),
            Verdict::Failed(error) => return Err(error),
            Verdict::Moved => None,
            Verdict::Unsure(error) => Some(error),
        };
    }
    Err(last.unwrap_or_else(|| GitError::Moved {
        repository: job.endpoint.repository.clone(),
        reference: for_people(&job.reference),
        attempts: most,
    }))
}

// None before the second attempt: what others have pushed is known by then. Afterwards longer and longer, and not
// in step with others; `luck` is between 0 and 1.
fn pause(attempt: u32, luck: f64) -> Duration {
    let Some(nth) = attempt.checked_sub(3) else {
        return Duration::ZERO;
    };
    let seconds = 1.5_f64
        .powi(i32::try_from(nth).unwrap_or(i32::MAX))
        .min(30.0);
    Duration::from_secs_f64(seconds * (0.75 + luck / 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute() {
        let pauses: Vec<f64> = (2..=13).map(|nth| pause(nth, 1.0).as_secs_f64()).collect();
        assert_eq!(pauses[..4], [0.0, 1.0, 1.5, 2.25]);
        assert_eq!(pauses[11], 30.0);
        assert_eq!(pause(3, 0.0), Duration::from_millis(750));
        assert_eq!(pause(u32::MAX, 1.0), Duration::from_secs(30));
    }
}
