//! What the Git steps have in common: credentials, authors and errors.

use argosy_core::steps::git_clone::Author as Chosen;
use jiff::SignedDuration;

use super::{Fault, Ran, StepRun};
use crate::credentials::{Kind, Rules};
use crate::git::{Author, GitError, Remote, Retry};
use crate::secret::Secret;

/// How long to wait for somebody to free space on the disk before looking again.
const DISK_FULL: SignedDuration = SignedDuration::from_secs(30);

/// A repository and the project's credentials for it.
pub(super) fn remote(run: &StepRun, url: &str, insecure_skip_tls: bool) -> Result<Remote, Fault> {
    let services = &run.services;
    let rules = Rules::of(&services.settings);
    let secrets = |namespace: &str| services.caches.credentials.within(namespace);
    let credentials = rules.find(&secrets, Kind::Git, &run.project, url);
    Ok(Remote {
        url: url.to_owned(),
        credentials: credentials.map_err(|error| Fault::errored(error.to_string()))?,
        insecure_skip_tls,
    })
}

/// Who commits, as a step's configuration says.
pub(super) fn author(chosen: Chosen) -> Author {
    let Chosen {
        name,
        email,
        signing_key,
    } = chosen;
    Author {
        name,
        email,
        signing_key: signing_key.map(Secret::new),
    }
}

/// Tells this step from all others that work in its work trees.
pub(super) fn key(run: &StepRun) -> String {
    format!("{}/{}", run.promotion.uid, run.alias)
}

/// What becomes of a step that Git could not do for. `path` is the folder as the configuration has
/// it.
pub(super) fn outcome(path: Option<&str>, error: &GitError) -> Result<Ran, Fault> {
    let message = match (path, error) {
        (Some(path), GitError::NotAWorkTree | GitError::Detached) => format!("{path}: {error}"),
        _ => error.to_string(),
    };
    match (error, error.retry()) {
        (GitError::Conflict { .. } | GitError::Unsafe { .. }, _) => Err(Fault::failed(message)),
        // What others have to do first is no fault of the step's.
        (GitError::DiskFull { .. }, _) => Ok(Ran::running(DISK_FULL, message)),
        (_, Retry::After(wait)) => {
            let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_mins(1));
            Ok(Ran::running(wait, message))
        }
        (_, Retry::Soon) => Err(Fault::errored(message)),
        (_, Retry::Never) if is_in_manifest(error) => Err(Fault::broken(message)),
        // A branch may be made, a token renewed, a repository opened: `retry` says how often.
        (_, Retry::Never) => Err(Fault::errored(message)),
    }
}

// What stays wrong until the manifest is changed.
fn is_in_manifest(error: &GitError) -> bool {
    matches!(
        error,
        GitError::Address { .. }
            | GitError::Name { .. }
            | GitError::Occupied { .. }
            | GitError::NotAWorkTree
            | GitError::Detached
            | GitError::NoMessage
            | GitError::Signing { .. }
            | GitError::TagExists { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_may_pass_is_waited_for_and_what_may_not_ends_the_step() {
        let repository = || "https://example.org/a".to_owned();
        let conflict = GitError::Conflict {
            repository: repository(),
            branch: "main".to_owned(),
            files: vec!["a".to_owned()],
        };
        let Err(fault) = outcome(None, &conflict) else {
            panic!("a conflict is a failure")
        };
        assert_eq!(fault, Fault::failed(conflict.to_string()));
        let throttled = GitError::Throttled {
            repository: repository(),
            after: Duration::from_secs(7),
        };
        let running = Ran::running(SignedDuration::from_secs(7), throttled.to_string());
        assert_eq!(outcome(None, &throttled), Ok(running));
        let full = outcome(
            None,
            &GitError::DiskFull {
                doing: "committing",
            },
        )
        .unwrap();
        assert!(full.message.unwrap().contains("disk is full"));
        let missing = GitError::NoRepository {
            repository: repository(),
        };
        assert_eq!(
            outcome(None, &missing),
            Err(Fault::errored(missing.to_string()))
        );
        let broken = outcome(Some("./out"), &GitError::NotAWorkTree);
        let message = "./out: the folder is not a work tree made by git-clone";
        assert_eq!(broken, Err(Fault::broken(message)));
    }
}
