//! From names to work trees.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{Oid, Reference};
use tokio_util::sync::CancellationToken;

use super::address::{Remote, without_login};
use super::author::Author;
use super::blocking::blocking;
use super::commit::Draft;
use super::error::Doing as _;
use super::mirror::Mirror;
use super::queue::{Job, Mode, Verdict, enqueue};
use super::sparse::Sparse;
use super::submodules;
use super::sync::{Found, Want, sync};
use super::worktree::{Origin, Plan};
use super::{Endpoint, GitError, Inner};

/// Work trees of one repository.
pub struct Clone {
    /// What to check out, and where.
    pub checkouts: Vec<Checkout>,
    /// Author and committer of commits that are made in them. None for what is configured.
    pub author: Option<Author>,
    /// Whether submodules are checked out too.
    pub submodules: bool,
}

/// A revision and the folder for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The name under which the commit is reported.
    pub key: String,
    /// The folder. It must not exist, be empty, or be a work tree of an earlier call.
    pub folder: PathBuf,
    /// What is checked out.
    pub revision: Revision,
    /// Folders of the repository to check out. None means all.
    pub sparse: Vec<String>,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The head of the repository's default branch.
    DefaultBranch,
    /// The head of a branch, which must exist.
    Branch(String),
    /// The head of a branch. If it does not exist, it is made, with one commit that has no files.
    BranchOrNew(String),
    /// What a tag points to.
    Tag(String),
    /// A commit, by its hash, which may be shortened.
    Commit(String),
}

/// A work tree that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedOut {
    /// The name that was given to it.
    pub key: String,
    /// The commit that it is at.
    pub commit: String,
}

/// So often a branch is made that others make and remove at the same time.
const CREATE_ATTEMPTS: usize = 3;

pub(super) async fn checkout(
    git: &Arc<Inner>,
    copy: &Arc<Mirror>,
    endpoint: &Endpoint,
    remote: &Remote,
    what: &Clone,
    cancel: &CancellationToken,
) -> Result<Vec<CheckedOut>, GitError> {
    for checkout in &what.checkouts {
        checkout.revision.check()?;
    }
    let found = find(git, copy, endpoint, what, cancel).await?;
    let origin = Origin {
        url: without_login(&remote.url),
        insecure_skip_tls: remote.insecure_skip_tls,
    };
    let mut done = Vec::new();
    let mut plans = Vec::new();
    for (checkout, found) in what.checkouts.iter().zip(found) {
        let Checkout {
            key,
            folder,
            sparse,
            ..
        } = checkout;
        done.push(CheckedOut {
            key: key.clone(),
            commit: found.commit.to_string(),
        });
        let inside = |other: &Checkout| other.folder.strip_prefix(folder).ok().map(Path::to_owned);
        let nested = what.checkouts.iter().filter_map(inside);
        plans.push(Plan {
            name: key.clone(),
            folder: std::path::absolute(folder).doing("checking out")?,
            commit: found.commit,
            branch: found.branch,
            sparse: Sparse::new(sparse),
            origin: origin.clone(),
            author: what.author.clone(),
            objects: copy.absolute_objects()?,
            nested: nested.filter(|path| !path.as_os_str().is_empty()).collect(),
        });
    }
    // A folder before those inside it.
    plans.sort_by_key(|plan| plan.folder.components().count());
    let folders: Vec<PathBuf> = plans.iter().map(|plan| plan.folder.clone()).collect();
    git.make_work_trees(copy, plans, cancel).await?;
    if what.submodules {
        for folder in folders {
            submodules::checkout(git, remote, &folder, cancel).await?;
        }
    }
    Ok(done)
}

async fn find(
    git: &Arc<Inner>,
    copy: &Arc<Mirror>,
    endpoint: &Endpoint,
    what: &Clone,
    cancel: &CancellationToken,
) -> Result<Vec<Found>, GitError> {
    let wants: Vec<Want> = what
        .checkouts
        .iter()
        .map(|checkout| checkout.revision.want())
        .collect();
    let synced = sync(git, copy, endpoint, wants, cancel).await?;
    let mut found = Vec::new();
    for (checkout, synced) in what.checkouts.iter().zip(synced) {
        found.push(match (synced, &checkout.revision) {
            (Some(synced), _) => synced,
            (None, Revision::BranchOrNew(branch)) => {
                create(git, copy, endpoint, branch, what.author.as_ref(), cancel).await?
            }
            (None, revision) => {
                return Err(GitError::Missing {
                    repository: endpoint.repository.clone(),
                    what: revision.for_people(),
                });
            }
        });
    }
    Ok(found)
}

// Others may make the branch at the same time: then it is theirs that is checked out.
async fn create(
    git: &Arc<Inner>,
    copy: &Arc<Mirror>,
    endpoint: &Endpoint,
    branch: &str,
    author: Option<&Author>,
    cancel: &CancellationToken,
) -> Result<Found, GitError> {
    let author = author.unwrap_or(&git.config.author).clone();
    for _ in 0..CREATE_ATTEMPTS {
        let (own, by) = (Arc::clone(copy), author.clone());
        let head = blocking(move || first_commit(&own, &by)).await?;
        let job = Job {
            endpoint: endpoint.clone(),
            reference: format!("refs/heads/{branch}"),
            head,
            mode: Mode::Create,
            objects: None,
            author: author.clone(),
            look_first: false,
            noted: Vec::new(),
            journal: None,
        };
        match enqueue(git, copy, job, cancel).await {
            Verdict::Pushed(commit) => {
                return Ok(Found {
                    commit,
                    branch: Some(branch.to_owned()),
                });
            }
            Verdict::Failed(error) => return Err(error),
            Verdict::Moved | Verdict::Unsure(_) => {
                let want = vec![Want::Branch(branch.to_owned())];
                let found = sync(git, copy, endpoint, want, cancel).await?;
                if let Some(found) = found.into_iter().flatten().next() {
                    return Ok(found);
                }
            }
        }
    }
    Err(GitError::Moved {
        repository: endpoint.repository.clone(),
        reference: format!("branch `{branch}`"),
        attempts: 3,
    })
}

fn first_commit(copy: &Mirror, author: &Author) -> Result<Oid, GitError> {
    const DOING: &str = "making a branch";
    let repository = copy.open()?;
    let tree = repository
        .treebuilder(None)
        .and_then(|empty| empty.write())
        .doing(DOING)?;
    let tree = repository.find_tree(tree).doing(DOING)?;
    let who = author.now()?;
    Draft {
        author: &who,
        committer: &who,
        message: "Initial commit\n",
        tree: &tree,
    }
    .write(&repository, &[], author)
}

impl Revision {
    fn want(&self) -> Want {
        match self {
            Self::DefaultBranch => Want::DefaultBranch,
            Self::Branch(branch) | Self::BranchOrNew(branch) => Want::Branch(branch.clone()),
            Self::Tag(tag) => Want::Tag(tag.clone()),
            Self::Commit(hash) => Want::Commit(hash.to_ascii_lowercase()),
        }
    }

    fn check(&self) -> Result<(), GitError> {
        match self {
            Self::DefaultBranch => Ok(()),
            Self::Branch(branch) | Self::BranchOrNew(branch) => check_branch(branch),
            Self::Tag(tag) => check_tag(tag),
            Self::Commit(hash) => {
                let is_hash = (4..=40).contains(&hash.len())
                    && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
                named(is_hash, hash, "commit")
            }
        }
    }

    fn for_people(&self) -> String {
        match self {
            Self::DefaultBranch => "default branch; name the branch to check out".to_owned(),
            Self::Branch(branch) | Self::BranchOrNew(branch) => format!("branch `{branch}`"),
            Self::Tag(tag) => format!("tag `{tag}`"),
            Self::Commit(hash) => format!("commit {hash}"),
        }
    }
}

/// Whether Git allows this name for a branch.
pub(super) fn check_branch(name: &str) -> Result<(), GitError> {
    named(
        Reference::is_valid_name(&format!("refs/heads/{name}")),
        name,
        "branch",
    )
}

/// Whether Git allows this name for a tag.
pub(super) fn check_tag(name: &str) -> Result<(), GitError> {
    named(
        Reference::is_valid_name(&format!("refs/tags/{name}")),
        name,
        "tag",
    )
}

fn named(is_valid: bool, name: &str, kind: &'static str) -> Result<(), GitError> {
    if is_valid {
        Ok(())
    } else {
        Err(GitError::Name {
            name: name.to_owned(),
            kind,
        })
    }
}
