//! Git: local copies, work trees, commits and pushes.
//!
//! One bare copy for each repository and each who may see it, fetched incrementally and shared by
//! everything that needs the repository. Work trees borrow its objects. Pushes to one repository
//! queue up and travel together. libgit2 keeps the objects; requests are sent by our own client, so
//! that each has a limit and can be interrupted. Nothing here knows of stages or promotions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

mod address;
mod author;
mod blocking;
mod changes;
mod checkout;
mod clean;
mod commit;
mod error;
mod fetch;
mod forge;
mod http;
mod integrate;
mod journal;
mod merge;
mod mirror;
mod pack;
mod packet;
mod pieces;
mod prepare;
mod push;
mod queue;
mod receive;
mod refs;
mod refusal;
mod rounds;
mod signing;
mod sparse;
mod submodules;
mod sync;
mod tips;
mod watch;
mod worktree;

pub use address::Remote;
pub use author::Author;
pub use checkout::{CheckedOut, Checkout, Clone, Revision};
pub use commit::Committed;
pub use error::{GitError, Retry};
pub use forge::{Forge, commit_url};
pub use http::{Observer, Request};
pub use push::{Force, Push, Pushed, Target};
pub use refs::{Head, Heads};
pub use worktree::Origin;

use address::Endpoint;
use blocking::blocking;
use http::{Http, Limits};
use mirror::Mirror;
use worktree::Plan;

use crate::metrics::Metrics;
use crate::mirrors::Mirrors;
use crate::settings::{PushPolicy, Settings};

const HOUR: Duration = Duration::from_secs(3_600);

/// How Git is used.
#[derive(Clone)]
pub struct Config {
    /// The folder for local copies. It may be lost: they are fetched again.
    pub root: PathBuf,
    /// Who commits if neither `git-clone` nor `git-commit` says.
    pub author: Author,
    /// Addresses that are reached at another place.
    pub mirrors: Mirrors,
    /// Whether credentials are sent over `http://`. To this machine they always are.
    pub allow_credentials_over_http: bool,
    /// How commits come together with what others have pushed.
    pub policy: PushPolicy,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a server may be silent.
    pub stall_timeout: Duration,
    /// The most bytes that one fetch may bring.
    pub fetch_limit: u64,
    /// Certificates of authorities that are trusted besides the usual ones.
    pub authorities: Vec<reqwest::Certificate>,
    /// Is told of every request.
    pub observer: Option<Observer>,
}

/// Git for the whole process. Cheap to clone.
#[derive(Clone)]
pub struct Git(Arc<Inner>);

pub(crate) struct Inner {
    config: Config,
    http: Http,
    copies: Mutex<HashMap<String, Arc<Mirror>>>,
    // Checkouts at the same time; more would only wait for the disk.
    disk: Semaphore,
}

impl Config {
    /// The usual settings, with local copies in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            author: Author::default(),
            mirrors: Mirrors::default(),
            allow_credentials_over_http: false,
            policy: PushPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            fetch_limit: 8 * 1024 * 1024 * 1024,
            authorities: Vec::new(),
            observer: None,
        }
    }
}

impl From<(&Settings, &Metrics)> for Config {
    /// As the operator has chosen, with every request counted.
    fn from((settings, metrics): (&Settings, &Metrics)) -> Self {
        let metrics = metrics.clone();
        let count = move |request: &Request| {
            let Request {
                host,
                operation,
                result,
                took,
            } = request;
            metrics.git_call(host, operation, result, *took);
        };
        Self {
            author: Author::from(&settings.git_author),
            mirrors: settings.mirrors.clone(),
            allow_credentials_over_http: settings.credentials_over_http,
            policy: settings.push_policy,
            observer: Some(Arc::new(count)),
            ..Self::new(settings.data.join("git"))
        }
    }
}

impl Git {
    /// Git with these settings.
    ///
    /// # Errors
    /// If the HTTP client cannot be made, for example of certificates that are none.
    pub fn new(config: Config) -> Result<Self, reqwest::Error> {
        let limits = Limits {
            connect: config.connect_timeout,
            stall: config.stall_timeout,
        };
        let http = Http::new(limits, &config.authorities, config.observer.clone())?;
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self(Arc::new(Inner {
            config,
            http,
            copies: Mutex::default(),
            disk: Semaphore::new((2 * threads).max(4)),
        })))
    }

    /// Puts work trees of a repository into folders. Work trees of an earlier call are replaced.
    ///
    /// # Errors
    /// If the repository, a branch, tag or commit does not exist, a folder is not empty, or the
    /// server does not answer.
    pub async fn checkout(
        &self,
        remote: &Remote,
        what: &Clone,
        cancel: &CancellationToken,
    ) -> Result<Vec<CheckedOut>, GitError> {
        let endpoint = self.0.endpoint(remote)?;
        let (cancel, _guard) = &child(cancel);
        let copy = self.0.mirror(&endpoint);
        let generation = copy.generation();
        match checkout::checkout(&self.0, &copy, &endpoint, remote, what, cancel).await {
            Err(GitError::Damaged { reason }) => {
                self.replace(&copy, &endpoint, generation, &reason).await?;
                checkout::checkout(&self.0, &copy, &endpoint, remote, what, cancel).await
            }
            done => done,
        }
    }

    /// Where a work tree came from.
    ///
    /// # Errors
    /// If it is none.
    pub async fn origin(&self, folder: &Path) -> Result<Origin, GitError> {
        let folder = folder.to_owned();
        blocking(move || worktree::origin(&worktree::open(&folder)?)).await
    }

    /// Removes everything in a work tree but `.git`.
    ///
    /// # Errors
    /// If it is none, or a file cannot be removed.
    pub async fn clear(&self, folder: &Path) -> Result<(), GitError> {
        let folder = folder.to_owned();
        blocking(move || worktree::clear(&folder)).await
    }

    /// Commits all changes in a work tree. Without an `author` it is the one of the checkout, or
    /// the one of the settings. `key` tells this commit from all others of the work tree; when the
    /// call is repeated with it, the first one's commit is the answer.
    ///
    /// # Errors
    /// If it is no work tree, the message is empty, or the commit cannot be signed.
    pub async fn commit(
        &self,
        folder: &Path,
        message: &str,
        author: Option<Author>,
        key: &str,
    ) -> Result<Committed, GitError> {
        let _turn = self.0.disk.acquire().await;
        let default = self.0.config.author.clone();
        let (folder, message, key) = (folder.to_owned(), message.to_owned(), key.to_owned());
        blocking(move || {
            let kept = Author::kept(&worktree::open(&folder)?)?;
            let author = author.or(kept).unwrap_or(default);
            commit::commit(&folder, &message, &author, &key)
        })
        .await
    }

    /// Pushes the commits of a work tree, together with others that are pushed to the same
    /// repository at the same time. When the call is repeated, what was pushed is not pushed again.
    ///
    /// # Errors
    /// If others have changed the same places, the server rejects the push or does not answer, or
    /// others were faster each time.
    pub async fn push(
        &self,
        remote: &Remote,
        folder: &Path,
        what: &Push,
        cancel: &CancellationToken,
    ) -> Result<Pushed, GitError> {
        let endpoint = self.0.endpoint(remote)?;
        match &what.target {
            Target::Branch(branch) => checkout::check_branch(branch)?,
            Target::Tag(tag) => checkout::check_tag(tag)?,
            Target::CheckedOut => {}
        }
        let (cancel, _guard) = &child(cancel);
        let copy = self.0.mirror(&endpoint);
        let generation = copy.generation();
        match push::push(&self.0, &copy, &endpoint, folder, what, cancel).await {
            Err(GitError::Damaged { reason }) => {
                let own = folder.to_owned();
                blocking(move || worktree::check(&own)).await?;
                self.replace(&copy, &endpoint, generation, &reason).await?;
                push::push(&self.0, &copy, &endpoint, folder, what, cancel).await
            }
            done => done,
        }
    }

    /// What branches and tags a repository has.
    ///
    /// # Errors
    /// If the repository does not exist or the server does not answer.
    pub async fn heads(
        &self,
        remote: &Remote,
        cancel: &CancellationToken,
    ) -> Result<Heads, GitError> {
        let endpoint = self.0.endpoint(remote)?;
        let copy = self.0.mirror(&endpoint);
        let known = copy.upload();
        let all = sync::ALL.map(str::to_owned);
        let (server, heads) = refs::list(&self.0.http, &endpoint, known, &all, cancel).await?;
        copy.set_upload(Some(server));
        Ok(heads)
    }

    /// Removes local copies that nobody has used for so long and no work tree needs. To be called
    /// now and then. Says how many were removed.
    ///
    /// # Errors
    /// If a folder cannot be removed.
    pub async fn clean(&self, unused_for: Duration) -> Result<usize, GitError> {
        let root = self.0.config.root.clone();
        let mut removed = 0;
        for name in blocking(move || clean::survey(&root)).await? {
            removed += usize::from(self.0.copy(&name).discard_unused(unused_for).await?);
        }
        Ok(removed)
    }

    /// Cleans up once an hour, for as long as it is polled. Copies that nobody has used for a week
    /// go.
    pub async fn keep_clean(self) {
        loop {
            tokio::time::sleep(HOUR).await;
            match self.clean(7 * 24 * HOUR).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "removed unused copies of repositories"),
                Err(error) => {
                    tracing::warn!(error = %error, "cannot clean up copies of repositories");
                }
            }
        }
    }

    async fn replace(
        &self,
        copy: &Mirror,
        endpoint: &Endpoint,
        generation: u64,
        reason: &str,
    ) -> Result<(), GitError> {
        tracing::warn!(git.repository = %endpoint.repository, reason,
            "the local copy of {} is damaged and is fetched again", endpoint.repository);
        copy.discard(generation).await
    }
}

// Work on other threads ends too when the caller drops the future.
fn child(cancel: &CancellationToken) -> (CancellationToken, DropGuard) {
    let child = cancel.child_token();
    (child.clone(), child.drop_guard())
}

impl Inner {
    fn endpoint(&self, remote: &Remote) -> Result<Endpoint, GitError> {
        remote.endpoint(
            &self.config.mirrors,
            self.config.allow_credentials_over_http,
        )
    }

    fn mirror(&self, endpoint: &Endpoint) -> Arc<Mirror> {
        self.copy(&endpoint.folder())
    }

    fn copy(&self, name: &str) -> Arc<Mirror> {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Mirror::new(self.config.root.join(name)));
        Arc::clone(copies.entry(name.to_owned()).or_insert_with(new))
    }

    async fn make_work_trees(
        &self,
        copy: &Arc<Mirror>,
        plans: Vec<Plan>,
        cancel: &CancellationToken,
    ) -> Result<(), GitError> {
        let _in_use = copy.life.read().await;
        let _turn = tokio::select! {
            () = cancel.cancelled() => return Err(GitError::Cancelled),
            turn = self.disk.acquire() => turn,
        };
        let (copy, cancel) = (Arc::clone(copy), cancel.clone());
        blocking(move || {
            let folders: Vec<PathBuf> = plans.iter().map(|plan| plan.folder.clone()).collect();
            // Before they borrow, so that nothing is cleaned away from under them.
            copy.lend(&folders)?;
            plans
                .iter()
                .try_for_each(|plan| worktree::make(plan, &cancel))
        })
        .await
    }
}
