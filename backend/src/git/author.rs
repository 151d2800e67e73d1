//! Who commits.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use git2::Repository;

use super::GitError;
use super::error::Doing as _;
use super::worktree::notes;
use crate::secret::Secret;

const DOING: &str = "keeping the author for later commits";
const KEY: &str = "signing-key";

/// The author and committer of commits.
#[derive(Clone)]
pub struct Author {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// An armoured `OpenPGP` private key to sign commits with.
    pub signing_key: Option<Secret>,
}

impl Default for Author {
    /// The one that Kargo's users find in their history.
    fn default() -> Self {
        Self {
            name: "Kargo".to_owned(),
            email: "no-reply@kargo.io".to_owned(),
            signing_key: None,
        }
    }
}

impl Author {
    /// Keeps the author in a work tree, for the commits of later steps.
    pub(super) fn keep(&self, repository: &Repository) -> Result<(), GitError> {
        let mut config = repository.config().doing(DOING)?;
        config.set_str("user.name", &self.name).doing(DOING)?;
        config.set_str("user.email", &self.email).doing(DOING)?;
        if let Some(key) = &self.signing_key {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options
                .open(notes(repository.path()).join(KEY))
                .doing(DOING)?;
            file.write_all(key.expose().as_bytes()).doing(DOING)?;
        }
        Ok(())
    }

    /// The author that was kept in a work tree. None if it was made without one.
    pub(super) fn kept(repository: &Repository) -> Result<Option<Self>, GitError> {
        // The work tree's own configuration: the machine's is no choice of the project's.
        let local = repository.path().join("config");
        let config = git2::Config::open(&local).doing(DOING)?;
        let (Ok(name), Ok(email)) = (
            config.get_string("user.name"),
            config.get_string("user.email"),
        ) else {
            return Ok(None);
        };
        let signing_key = read_key(&notes(repository.path()).join(KEY))?;
        Ok(Some(Self {
            name,
            email,
            signing_key,
        }))
    }

    /// The signature of a commit that is made now.
    pub(super) fn now(&self) -> Result<git2::Signature<'static>, GitError> {
        let seconds = jiff::Timestamp::now().as_second();
        let now = git2::Time::new(seconds, 0);
        git2::Signature::new(&self.name, &self.email, &now).map_err(|_| GitError::Name {
            name: format!("{} <{}>", self.name, self.email),
            kind: "author",
        })
    }
}

fn read_key(file: &Path) -> Result<Option<Secret>, GitError> {
    match std::fs::read_to_string(file) {
        Ok(key) => Ok(Some(Secret::new(key))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing(DOING),
    }
}

impl From<&crate::settings::Author> for Author {
    fn from(chosen: &crate::settings::Author) -> Self {
        let crate::settings::Author { name, email } = chosen.clone();
        Self {
            name,
            email,
            signing_key: None,
        }
    }
}
