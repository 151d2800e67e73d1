//! Git over smart HTTP: the real `git http-backend` behind authentication, and repositories to serve.

mod http;
mod repo;
mod tunnel;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;

use crate::Folder;
use crate::background::Served;

pub use repo::{Change, Commit, LogEntry, Repo};
pub use tunnel::Tunnel;

/// A Git server on a free port of 127.0.0.1. It serves every repository made by [`GitServer::repo`]
/// under that one's path, with and without `.git` at the end. Dropping it stops it.
#[derive(Debug)]
pub struct GitServer {
    served: Served,
    state: Arc<State>,
}

impl GitServer {
    /// Start one without repositories.
    ///
    /// # Errors
    /// When no folder or no port can be had.
    pub async fn start() -> Result<Self> {
        let state = Arc::new(State {
            folder: Folder::new()?,
            repos: Mutex::default(),
        });
        let served = Served::start(http::router(Arc::clone(&state))).await?;
        Ok(Self { served, state })
    }

    /// The address of the server, such as `http://127.0.0.1:4321`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.served.port)
    }

    /// An empty bare repository at `path`, such as `github.com/vfarcic/kargo-demo`, whose default
    /// branch will be `main`. Anybody may read and push until [`Repo::private`] says otherwise.
    /// Asking for the same path again gives the same repository.
    ///
    /// # Errors
    /// When `git init` fails.
    pub async fn repo(&self, path: &str) -> Result<Repo> {
        let path = normal(path);
        if let Some(known) = self.state.repos().get(&path) {
            return Ok(Repo::new(Arc::clone(known), self.url()));
        }
        let shared = Arc::new(Shared::init(self.state.folder.path(), &path).await?);
        let known = Arc::clone(self.state.repos().entry(path).or_insert(shared));
        Ok(Repo::new(known, self.url()))
    }

    /// An HTTPS proxy through which clients reach this server at the addresses that people write:
    /// `https://github.com/acme/app` becomes the repository `github.com/acme/app`.
    ///
    /// # Errors
    /// When no port or no certificate can be had.
    pub async fn tunnel(&self, hosts: &[&str]) -> Result<Tunnel> {
        Tunnel::start(hosts, self.served.port).await
    }
}

/// A repository path as the server knows it: no slashes around it and no `.git` at its end.
fn normal(path: &str) -> String {
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_owned()
}

/// What the server's handlers share with [`GitServer`].
#[derive(Debug)]
struct State {
    folder: Folder,
    repos: Mutex<HashMap<String, Arc<Shared>>>,
}

impl State {
    fn repos(&self) -> MutexGuard<'_, HashMap<String, Arc<Shared>>> {
        self.repos.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The repository at a path, or at the same path of the host that the client thinks this is.
    fn find(&self, host: &str, path: &str) -> Option<Arc<Shared>> {
        let repos = self.repos();
        let elsewhere = || repos.get(&normal(&format!("{host}{path}")));
        repos.get(&normal(path)).or_else(elsewhere).cloned()
    }
}

/// What the server's handlers share with a [`Repo`].
#[derive(Debug)]
struct Shared {
    path: String,
    folder: PathBuf,
    access: Mutex<Access>,
    requests: Mutex<Vec<Request>>,
}

impl Shared {
    async fn init(root: &Path, path: &str) -> Result<Self> {
        let folder = root.join(format!("{path}.git"));
        repo::init(&folder).await?;
        Ok(Self {
            path: path.to_owned(),
            folder,
            access: Mutex::default(),
            requests: Mutex::default(),
        })
    }

    fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who may do what.
#[derive(Debug, Default)]
struct Access {
    users: Vec<(String, String)>,
    read: Who,
    push: Who,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Who {
    #[default]
    Anybody,
    Users,
}

/// A request that a repository has seen, refused ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// What follows the repository in the path, such as `/info/refs` or `/git-upload-pack`.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The name in the credentials, if there were any.
    pub user: Option<String>,
    /// The status of the answer.
    pub status: u16,
}
