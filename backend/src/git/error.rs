//! Why Git did not do what it was asked, and whether asking again helps.

use std::time::Duration;

use git2::{ErrorClass, ErrorCode};

/// What went wrong. Texts are for people: they name the repository without user and password, never
/// a folder of this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each says what its fields hold")]
pub enum GitError {
    #[error("`{url}` is not the address of a Git repository: {reason}")]
    Address { url: String, reason: &'static str },

    #[error("cannot reach {repository}: {reason}")]
    Unreachable { repository: String, reason: String },

    #[error("{repository} has sent nothing for {seconds} seconds")]
    Stalled { repository: String, seconds: u64 },

    #[error("{repository} demands credentials: {hint}")]
    Unauthorized {
        repository: String,
        hint: &'static str,
    },

    #[error("{repository} does not permit this with the credentials in use: {reason}")]
    Forbidden { repository: String, reason: String },

    #[error("{repository} does not exist, or the credentials in use may not see it")]
    NoRepository { repository: String },

    #[error("{repository} asks to wait for {} seconds", .after.as_secs())]
    Throttled { repository: String, after: Duration },

    #[error("{repository} answered with status {status}: {reason}")]
    Server {
        repository: String,
        status: u16,
        reason: String,
    },

    #[error("{repository} does not answer as a Git server does: {reason}")]
    Protocol { repository: String, reason: String },

    #[error("{repository} refused: {message}")]
    Remote { repository: String, message: String },

    #[error("{what} of {repository} is larger than the limit of {limit} bytes")]
    TooLarge {
        repository: String,
        what: &'static str,
        limit: u64,
    },

    #[error("{repository} has no {what}")]
    Missing { repository: String, what: String },

    #[error("`{name}` is not a name that Git allows for a {kind}")]
    Name { name: String, kind: &'static str },

    #[error(
        "commits cannot be put on top of branch `{branch}` of {repository}, because others have \
         changed the same places in {}; promote again to start from what is there now",
        .files.join(", ")
    )]
    Conflict {
        repository: String,
        branch: String,
        files: Vec<String>,
    },

    #[error(
        "branch `{branch}` of {repository} has moved, and putting commit {commit} on top of it \
         would {why}, which the integration policy does not allow"
    )]
    Unsafe {
        repository: String,
        branch: String,
        commit: String,
        why: &'static str,
    },

    #[error("{repository} rejected the push to {reference}: {reason}")]
    Rejected {
        repository: String,
        reference: String,
        reason: String,
    },

    #[error(
        "{reference} of {repository} was changed by others during each of {attempts} attempts to \
         push to it"
    )]
    Moved {
        repository: String,
        reference: String,
        attempts: u32,
    },

    #[error("tag `{tag}` of {repository} exists and points to another commit")]
    TagExists { repository: String, tag: String },

    #[error("the folder for checkout `{checkout}` exists and is not empty")]
    Occupied { checkout: String },

    #[error("the folder is not a work tree made by git-clone")]
    NotAWorkTree,

    #[error("no branch is checked out: name the branch to push to")]
    Detached,

    #[error("the commit message is empty")]
    NoMessage,

    #[error("the disk is full: {doing} needs more space; free some or give the volume more")]
    DiskFull { doing: &'static str },

    #[error("cannot sign commits: {reason}")]
    Signing { reason: String },

    #[error("the local copy of the repository is damaged: {reason}")]
    Damaged { reason: String },

    #[error("{doing} was not possible: {reason}")]
    Local { doing: &'static str, reason: String },

    #[error("cancelled")]
    Cancelled,
}

/// Whether and when the same call may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not before a person or another program has changed something.
    Never,
    /// In a moment, with growing delays.
    Soon,
    /// Not before this time has passed.
    After(Duration),
}

impl GitError {
    /// Whether and when to try again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unreachable { .. }
            | Self::Stalled { .. }
            | Self::Server { .. }
            | Self::Protocol { .. }
            | Self::Remote { .. }
            | Self::Moved { .. }
            | Self::DiskFull { .. }
            | Self::Damaged { .. }
            | Self::Local { .. } => Retry::Soon,
            Self::Throttled { after, .. } => Retry::After(*after),
            Self::Address { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NoRepository { .. }
            | Self::TooLarge { .. }
            | Self::Missing { .. }
            | Self::Name { .. }
            | Self::Conflict { .. }
            | Self::Unsafe { .. }
            | Self::Rejected { .. }
            | Self::TagExists { .. }
            | Self::Occupied { .. }
            | Self::NotAWorkTree
            | Self::Detached
            | Self::NoMessage
            | Self::Signing { .. }
            | Self::Cancelled => Retry::Never,
        }
    }
}

/// Gives an error of the disk or of libgit2 the words for what was being done.
pub(super) trait Doing<T> {
    /// Turns the error into one for people.
    fn doing(self, doing: &'static str) -> Result<T, GitError>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, GitError> {
        self.map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                GitError::DiskFull { doing }
            }
            kind => GitError::Local {
                doing,
                reason: kind.to_string(),
            },
        })
    }
}

impl<T> Doing<T> for Result<T, git2::Error> {
    fn doing(self, doing: &'static str) -> Result<T, GitError> {
        self.map_err(|error| {
            let message = error.message();
            // libgit2 has no code for it, only the text of the C library.
            if message.contains("No space left") || message.contains("quota exceeded") {
                return GitError::DiskFull { doing };
            }
            let reason = without_paths(message);
            match (error.class(), error.code()) {
                (ErrorClass::Odb | ErrorClass::Zlib | ErrorClass::Indexer, _)
                | (ErrorClass::Object | ErrorClass::Tree, ErrorCode::NotFound) => {
                    GitError::Damaged { reason }
                }
                (_, ErrorCode::User) => GitError::Cancelled,
                _ => GitError::Local { doing, reason },
            }
        })
    }
}

// Messages of libgit2 quote the files that they are about; of an absolute path the last part stays.
fn without_paths(message: &str) -> String {
    let last_part = |word: &str| {
        let inner = word.trim_matches(['\'', '"', ':', ',', ';']);
        match inner.rsplit_once('/') {
            Some((_, last)) if inner.starts_with('/') => word.replace(inner, last),
            _ => word.to_owned(),
        }
    };
    message
        .split(' ')
        .map(last_part)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_and_tried_again() {
        let mut full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let from_io = full.write_all(b"x").doing("fetching").unwrap_err();
        let text = "failed to write loose object: No space left on device";
        let from_git = git2::Error::new(ErrorCode::GenericError, ErrorClass::Os, text);
        let from_git = Err::<(), _>(from_git).doing("fetching").unwrap_err();
        for error in [from_io, from_git] {
            assert_eq!(error, GitError::DiskFull { doing: "fetching" });
            assert_eq!(error.retry(), Retry::Soon);
            assert!(error.to_string().contains("disk is full"), "{error}");
        }
    }

    #[test]
    fn folders_of_this_machine_are_not_shown() {
        let text = "could not open '/var/lib/argosy/git/x/index.lock': denied";
        let error = git2::Error::new(ErrorCode::GenericError, ErrorClass::Os, text);
        let error = Err::<(), _>(error).doing("committing").unwrap_err();
        assert_eq!(
            error.to_string(),
            "committing was not possible: could not open 'index.lock': denied"
        );
    }
}
