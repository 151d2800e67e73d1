//! A repository on the server: filling it, steering it, reading it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use super::{Request, Shared, Who};
use crate::command;

/// What the repository asks before it takes a push: the file `refuse` in it holds the answer.
const PRE_RECEIVE: &str = "#!/bin/sh
[ ! -e refuse ] || { cat refuse >&2; exit 1; }
[ ! -e hold ] || touch held-$$
while [ -e hold ]; do sleep 0.02; done
rm -f held-$$
";

/// A bare repository that a [`GitServer`](super::GitServer) serves.
#[derive(Debug, Clone)]
pub struct Repo {
    shared: Arc<Shared>,
    server: String,
}

/// A change of one file by a [`Commit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The file's whole new content, at a path without a slash at its begin.
    Write(String, String),
    /// The file or folder goes.
    Delete(String),
}

/// A commit to be made. Its author is also its committer.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The branch that it goes on top of; made if it is missing.
    pub branch: String,
    /// The whole message.
    pub message: String,
    /// `Name <address>`.
    pub author: String,
    /// Seconds since 1970.
    pub seconds: i64,
    /// What it changes.
    pub changes: Vec<Change>,
}

impl Commit {
    /// A commit on `branch` that changes nothing yet, by a fixed author at a fixed time.
    pub fn new(branch: &str, message: &str) -> Self {
        Self {
            branch: branch.to_owned(),
            message: message.to_owned(),
            author: "Ada Example <ada@example.com>".to_owned(),
            seconds: 1_700_000_000,
            changes: Vec::new(),
        }
    }

    /// Write a file.
    #[must_use]
    pub fn write(mut self, path: &str, content: &str) -> Self {
        self.changes
            .push(Change::Write(path.to_owned(), content.to_owned()));
        self
    }

    /// Delete a file or folder.
    #[must_use]
    pub fn delete(mut self, path: &str) -> Self {
        self.changes.push(Change::Delete(path.to_owned()));
        self
    }

    /// By whom, as `Name <address>`, and when, in seconds since 1970.
    #[must_use]
    pub fn by(mut self, author: &str, seconds: i64) -> Self {
        author.clone_into(&mut self.author);
        self.seconds = seconds;
        self
    }
}

/// A commit as `git log` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// 40 hexadecimal digits.
    pub id: String,
    /// The ids of its parents.
    pub parents: Vec<String>,
    /// `Name <address>` of the author.
    pub author: String,
    /// `Name <address>` of the committer.
    pub committer: String,
    /// The whole message, without the line feed at its end.
    pub message: String,
}

impl Repo {
    pub(super) const fn new(shared: Arc<Shared>, server: String) -> Self {
        Self { shared, server }
    }

    /// The address for clients, without `.git`.
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.shared.path)
    }

    /// The bare repository's folder.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Let `user` in with `password`. Pushing then needs a known user; reading does not until
    /// [`Repo::private`]. Wrong credentials are refused even where none are needed.
    pub fn user(&self, user: &str, password: &str) {
        let mut access = self.shared.access();
        access.users.push((user.to_owned(), password.to_owned()));
        access.push = Who::Users;
    }

    /// Let `user` in with `password` and nobody else, for reading too.
    pub fn private(&self, user: &str, password: &str) {
        self.user(user, password);
        self.shared.access().read = Who::Users;
    }

    /// The requests since the repository was made or [`Repo::forget_requests`] was called.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests().clone()
    }

    /// Forget the requests seen so far.
    pub fn forget_requests(&self) {
        self.shared.requests().clear();
    }

    /// Reject every push with `reason` on its standard error, until [`Repo::accept_pushes`].
    ///
    /// # Errors
    /// When the switch cannot be written.
    pub fn reject_pushes(&self, reason: &str) -> Result<()> {
        fs::write(self.folder().join("refuse"), format!("{reason}\n")).context("cannot write")
    }

    /// Take pushes again, at once.
    pub fn accept_pushes(&self) {
        for switch in ["refuse", "hold"] {
            // One that is not set needs no removing.
            let _absent = fs::remove_file(self.folder().join(switch));
        }
    }

    /// Let every push hang just before it is accepted, until [`Repo::accept_pushes`].
    ///
    /// # Errors
    /// When the switch cannot be written.
    pub fn hold_pushes(&self) -> Result<()> {
        fs::write(self.folder().join("hold"), "").context("cannot write")
    }

    /// How many pushes hang at this moment because of [`Repo::hold_pushes`].
    pub fn pushes_held(&self) -> usize {
        let names = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        names
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("held-"))
            .count()
    }

    /// Make a commit that writes `files`, pairs of path and content; the result is its id.
    ///
    /// # Errors
    /// When git refuses.
    pub async fn commit(
        &self,
        branch: &str,
        message: &str,
        files: &[(&str, &str)],
    ) -> Result<String> {
        let commit = Commit::new(branch, message);
        self.add(&[files
            .iter()
            .fold(commit, |commit, (path, text)| commit.write(path, text))])
            .await?;
        self.head(branch).await
    }

    /// Make many commits at once, thousands in a second, each on top of its branch.
    ///
    /// # Errors
    /// When git refuses.
    pub async fn add(&self, commits: &[Commit]) -> Result<()> {
        let mut stream = String::new();
        let mut begun = Vec::new();
        for commit in commits {
            // Only a branch's first commit in the stream names its parent; the others follow.
            let first = !begun.contains(&commit.branch);
            let parent = first && self.has(&commit.branch).await;
            stream.push_str(&import(commit, parent.then_some(commit.branch.as_str())));
            if first {
                begun.push(commit.branch.clone());
            }
        }
        self.git_with(&["fast-import", "--quiet", "--force"], &stream)
            .await
            .map(drop)
    }

    /// Make `branch` point to where `from`, a branch, tag or commit, points.
    ///
    /// # Errors
    /// When there is no `from`.
    pub async fn branch(&self, branch: &str, from: &str) -> Result<()> {
        self.git(&["branch", "--force", branch, from])
            .await
            .map(drop)
    }

    /// Make the tag `tag` at `from`: annotated with `message` if there is one, else lightweight.
    ///
    /// # Errors
    /// When there is no `from`, or there is such a tag.
    pub async fn tag(&self, tag: &str, from: &str, message: Option<&str>) -> Result<()> {
        match message {
            Some(message) => self
                .git(&["tag", "-a", "-m", message, tag, from])
                .await
                .map(drop),
            None => self.git(&["tag", tag, from]).await.map(drop),
        }
    }

    /// The id of the commit that `reference`, a branch, tag or commit, points to.
    ///
    /// # Errors
    /// When there is none.
    pub async fn head(&self, reference: &str) -> Result<String> {
        let commit = format!("{reference}^{{commit}}");
        let id = self
            .git(&["rev-parse", "--verify", "--quiet", &commit])
            .await;
        Ok(id
            .with_context(|| format!("there is no {reference}"))?
            .trim()
            .to_owned())
    }

    /// The names of all branches, sorted.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub async fn branches(&self) -> Result<Vec<String>> {
        let names = self
            .git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"])
            .await?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// A file's content at `reference`.
    ///
    /// # Errors
    /// When there is no such file.
    pub async fn read(&self, reference: &str, path: &str) -> Result<String> {
        self.git(&["show", &format!("{reference}:{path}")]).await
    }

    /// The paths of all files at `reference`, sorted.
    ///
    /// # Errors
    /// When there is no such reference.
    pub async fn files(&self, reference: &str) -> Result<Vec<String>> {
        let names = self
            .git(&["ls-tree", "-r", "-z", "--name-only", reference])
            .await?;
        Ok(names.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The commits that `reference` has, newest first.
    ///
    /// # Errors
    /// When there is no such reference.
    pub async fn log(&self, reference: &str) -> Result<Vec<LogEntry>> {
        let format = "--format=%H%x1f%P%x1f%an <%ae>%x1f%cn <%ce>%x1f%B%x1e";
        let log = self.git(&["log", format, reference]).await?;
        log.split('\x1e')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(entry)
            .collect()
    }

    /// The patch that the newest commit of `reference` made.
    ///
    /// # Errors
    /// When there is no such reference.
    pub async fn last_patch(&self, reference: &str) -> Result<String> {
        self.git(&["show", "--format=", "--patch", reference]).await
    }

    /// Run any `git` command in the bare repository; the result is what it prints.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub async fn git(&self, args: &[&str]) -> Result<String> {
        self.git_with(args, "").await
    }

    async fn git_with(&self, args: &[&str], input: &str) -> Result<String> {
        git(self.folder(), args, input).await
    }

    async fn has(&self, branch: &str) -> bool {
        self.head(&format!("refs/heads/{branch}")).await.is_ok()
    }
}

pub(super) async fn init(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    git(
        folder,
        &[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            "--template=",
            ".",
        ],
        "",
    )
    .await?;
    for (key, value) in [
        ("user.name", "Ada Example"),
        ("user.email", "ada@example.com"),
        ("http.receivepack", "true"),
        // What the large forges offer.
        ("uploadpack.allowFilter", "true"),
        ("uploadpack.allowAnySHA1InWant", "true"),
        ("gc.auto", "0"),
        ("receive.autogc", "false"),
    ] {
        git(folder, &["config", key, value], "").await?;
    }
    let hook = folder.join("hooks/pre-receive");
    fs::create_dir_all(folder.join("hooks"))?;
    fs::write(&hook, PRE_RECEIVE)?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

async fn git(folder: &Path, args: &[&str], input: &str) -> Result<String> {
    let mut git = Command::new("git");
    git.args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    command::output(git, input).await
}

fn entry(text: &str) -> Result<LogEntry> {
    let mut parts = text.splitn(5, '\x1f').map(str::to_owned);
    let mut next = || parts.next().context("git log printed less than was asked");
    Ok(LogEntry {
        id: next()?,
        parents: next()?.split_whitespace().map(str::to_owned).collect(),
        author: next()?,
        committer: next()?,
        message: next()?.trim_end().to_owned(),
    })
}

/// A commit in the language of `git fast-import`.
fn import(commit: &Commit, on_top_of: Option<&str>) -> String {
    let Commit {
        branch,
        message,
        author,
        seconds,
        changes,
    } = commit;
    let mut text = format!(
        "commit refs/heads/{branch}\ncommitter {author} {seconds} +0000\ndata {}\n{message}\n",
        message.len()
    );
    if let Some(parent) = on_top_of {
        text.push_str(&format!("from refs/heads/{parent}^0\n"));
    }
    for change in changes {
        match change {
            Change::Write(path, content) => {
                let length = content.len();
                text.push_str(&format!(
                    "M 100644 inline {path}\ndata {length}\n{content}\n"
                ));
            }
            Change::Delete(path) => text.push_str(&format!("D {path}\n")),
        }
    }
    text.push('\n');
    text
}
