//! What the subscriptions of a Warehouse offer at this moment.
//!
//! It asks repositories and picks with the pure rules of the core. It neither reads nor writes the
//! cluster, and makes no Freight.

mod images;

pub use images::discover_images;

use std::error::Error as _;

use argosy_core::image_selection::SelectionError;
use jiff::Timestamp;

use crate::credentials::CredentialsError;
use crate::registry::{RegistryError, Retry};

/// Why a subscription could not be looked up.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// What the subscription says cannot be used.
    #[error("the subscription to {repo_url} cannot be used")]
    Subscription {
        /// As the subscription spells it.
        repo_url: String,
        /// Which field, and why.
        source: SelectionError,
    },
    /// The subscription's platform is none.
    #[error(
        "the subscription to {repo_url} cannot be used: platform: `{platform}` is not `os/architecture[/variant]`"
    )]
    Platform {
        /// As the subscription spells it.
        repo_url: String,
        /// What it says.
        platform: String,
    },
    /// A Secret is meant for the repository, but cannot be used.
    #[error("no credentials for {repo_url}")]
    Credentials {
        /// As the subscription spells it.
        repo_url: String,
        /// Which Secret, and why.
        source: CredentialsError,
    },
    /// The registry did not say what was needed.
    #[error("cannot look for images in {repo_url}")]
    Registry {
        /// As the subscription spells it.
        repo_url: String,
        /// What it was asked and how it answered.
        source: RegistryError,
    },
    /// Repositories of this kind are not discovered yet.
    #[error("cannot discover {kind} ({repo_url}): this version discovers images only")]
    Unsupported {
        /// What the repository holds.
        kind: &'static str,
        /// As the subscription spells it.
        repo_url: String,
    },
    /// There is more to read than there is time.
    #[error(
        "{read} images of {repo_url} were read in {minutes} minutes, and there are more; \
         what was read is kept, and `allowTagsRegexes` makes them fewer"
    )]
    TooMany {
        /// As the subscription spells it.
        repo_url: String,
        /// Images that are known now.
        read: usize,
        /// The time that a look may take.
        minutes: u64,
    },
}

impl DiscoveryError {
    /// Whether looking again can help without anybody changing anything.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Subscription { .. }
            | Self::Platform { .. }
            | Self::Credentials { .. }
            | Self::Unsupported { .. } => Retry::AfterChange,
            Self::Registry { source, .. } => source.retry(),
            Self::TooMany { .. } => Retry::Later,
        }
    }

    /// The error with its causes on one line, for a condition's message. `next` is when the
    /// repository is looked at again, if that is known.
    pub fn explain(&self, next: Option<Timestamp>) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        if let Self::Registry { source, .. } = self
            && source.is_no_image()
        {
            return text + "; `ignoreTagsRegexes` leaves out tags of what is no image";
        }
        match (self.retry(), next) {
            (Retry::AfterChange, _) => text + "; this needs a change",
            (Retry::Later | Retry::NotBefore(_), Some(next)) => {
                format!("{text}; it is tried again at {next:.0}")
            }
            (Retry::Later | Retry::NotBefore(_), None) => text + "; it is tried again",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_has_the_causes_and_what_happens_next() {
        let next = Timestamp::from_second(1_767_225_600).unwrap();
        let denied = RegistryError::Denied {
            host: "ghcr.io".to_owned(),
            repository: "acme/app".to_owned(),
            reason: "no credentials were found for it".to_owned(),
        };
        let source = RegistryError::TimedOut {
            host: "ghcr.io".to_owned(),
            seconds: 30,
        };
        let error = |source| DiscoveryError::Registry {
            repo_url: "ghcr.io/acme/app".to_owned(),
            source,
        };
        assert_eq!(
            error(source).explain(Some(next)),
            "cannot look for images in ghcr.io/acme/app: registry ghcr.io did not answer within 30 s; \
             it is tried again at 2026-01-01T00:00:00Z"
        );
        assert_eq!(
            error(denied).explain(Some(next)),
            "cannot look for images in ghcr.io/acme/app: registry ghcr.io refuses access to acme/app: \
             no credentials were found for it; this needs a change"
        );
    }
}
