//! What a test of Git needs on its desk: a server, folders, and short ways to do things.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use argosy::credentials::Credentials;
use argosy::git::{
    CheckedOut, Checkout, Clone, Committed, Config, Force, Git, GitError, Push, Pushed, Remote,
    Revision, Target,
};
use argosy::secret::Secret;
use argosy_tests::Folder;
use argosy_tests::git::{GitServer, Repo};
use tokio_util::sync::CancellationToken;

pub(crate) struct Desk {
    pub(crate) server: GitServer,
    pub(crate) git: Git,
    pub(crate) folder: Folder,
    pub(crate) cancel: CancellationToken,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new().unwrap();
        let mut config = Config::new(folder.sub("git").unwrap());
        change(&mut config);
        Self {
            server: GitServer::start().await.unwrap(),
            git: Git::new(config).unwrap(),
            folder,
            cancel: CancellationToken::new(),
        }
    }

    /// The same desk after the process was killed: nothing in memory is left.
    pub(crate) fn restart(&mut self) {
        self.git = Git::new(Config::new(self.folder.path().join("git"))).unwrap();
    }

    /// A repository with a commit on `main`, that only `ada` may use.
    pub(crate) async fn repo(&self, name: &str) -> Repo {
        let repo = self.server.repo(name).await.unwrap();
        repo.private("ada", "hunter2");
        let files = [
            ("README.md", "hello\n"),
            ("env/dev/values.yaml", "tag: a\n"),
        ];
        repo.commit("main", "seed", &files).await.unwrap();
        repo
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    pub(crate) async fn checkout(
        &self,
        repo: &Repo,
        folder: &str,
        revision: Revision,
    ) -> Result<CheckedOut, GitError> {
        let checkouts = vec![self.at(folder, revision)];
        let what = Clone {
            checkouts,
            author: None,
            submodules: false,
        };
        let mut done = self
            .git
            .checkout(&remote(repo), &what, &self.cancel)
            .await?;
        Ok(done.remove(0))
    }

    pub(crate) fn at(&self, folder: &str, revision: Revision) -> Checkout {
        let key = folder.to_owned();
        Checkout {
            key,
            folder: self.path(folder),
            revision,
            sparse: Vec::new(),
        }
    }

    pub(crate) async fn main(&self, repo: &Repo, folder: &str) -> CheckedOut {
        self.checkout(repo, folder, branch("main")).await.unwrap()
    }

    pub(crate) fn write(&self, folder: &str, file: &str, text: &str) {
        let path = self.path(folder).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, folder: &str, file: &str) -> Option<String> {
        std::fs::read_to_string(self.path(folder).join(file)).ok()
    }

    pub(crate) async fn commit(&self, folder: &str, message: &str) -> Committed {
        self.git
            .commit(&self.path(folder), message, None, message)
            .await
            .unwrap()
    }

    /// Writes a file and commits it.
    pub(crate) async fn change(&self, folder: &str, file: &str, text: &str) -> Committed {
        self.write(folder, file, text);
        self.commit(folder, &format!("{file} {text}")).await
    }

    pub(crate) async fn push(&self, repo: &Repo, folder: &str) -> Result<Pushed, GitError> {
        self.push_as(repo, folder, &to_checked_out()).await
    }

    pub(crate) async fn push_as(
        &self,
        repo: &Repo,
        folder: &str,
        what: &Push,
    ) -> Result<Pushed, GitError> {
        self.git
            .push(&remote(repo), &self.path(folder), what, &self.cancel)
            .await
    }
}

pub(crate) fn remote(repo: &Repo) -> Remote {
    remote_as(&repo.url(), "ada", "hunter2")
}

pub(crate) fn remote_as(url: &str, username: &str, password: &str) -> Remote {
    Remote {
        url: url.to_owned(),
        credentials: Some(Arc::new(Credentials {
            username: username.to_owned(),
            password: Secret::new(password),
            secret: format!("project/{username}"),
        })),
        insecure_skip_tls: false,
    }
}

pub(crate) fn branch(name: &str) -> Revision {
    Revision::Branch(name.to_owned())
}

pub(crate) fn to_checked_out() -> Push {
    Push {
        target: Target::CheckedOut,
        force: Force::No,
        policy: None,
        max_attempts: 10,
        forge: None,
    }
}

pub(crate) fn to_branch(name: &str) -> Push {
    Push {
        target: Target::Branch(name.to_owned()),
        ..to_checked_out()
    }
}

/// All files of a folder but Git's own, sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() == ".git" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(
                    path.strip_prefix(folder)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    found
}
