//! What can go wrong between us and a registry, and whether trying again helps.

use std::sync::Arc;

use jiff::Timestamp;

/// Whether the same request may succeed without anybody changing anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may, at any time.
    Later,
    /// It may, but not before this moment: the registry said so.
    NotBefore(Timestamp),
    /// Only after somebody changes the registry, the credentials or the subscription.
    AfterChange,
}

/// A request that a registry did not grant, or an answer that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegistryError {
    /// The text does not name a repository.
    #[error("`{text}` does not name an image repository: {reason}")]
    Name {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The HTTP client could not be set up; the source says why.
    #[error("cannot set up the HTTP client for registries")]
    Client {
        /// The cause.
        source: Arc<reqwest::Error>,
    },
    /// No connection, or it broke.
    #[error("cannot reach registry {host}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// The cause, without the URL.
        source: Arc<reqwest::Error>,
    },
    /// No answer in time.
    #[error("registry {host} did not answer within {seconds} s")]
    TimedOut {
        /// Host and port.
        host: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// 429, and it asks for a longer wait than we are ready for.
    #[error("registry {host} limits requests and asks to wait until {until}")]
    RateLimited {
        /// Host and port.
        host: String,
        /// When it will listen again.
        until: Timestamp,
    },
    /// 401 or 403.
    #[error("registry {host} refuses access to {repository}: {reason}")]
    Denied {
        /// Host and port.
        host: String,
        /// The repository as the registry knows it.
        repository: String,
        /// What it said, or what we did not send and why.
        reason: String,
    },
    /// 404 for the whole repository.
    #[error("registry {host} has no repository {repository}")]
    NoRepository {
        /// Host and port.
        host: String,
        /// The repository as the registry knows it.
        repository: String,
    },
    /// Any other status that is not a success.
    #[error("registry {host} answers {status} for {what}{}", said(.message))]
    Status {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What was asked for.
        what: String,
        /// The registry's own message, possibly empty.
        message: String,
    },
    /// A body over the limit.
    #[error("{what} from registry {host} is longer than {limit} bytes")]
    TooLong {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// More tags, pages or children than we read.
    #[error("{what} lists more than {limit} {noun}")]
    TooMany {
        /// What was asked for.
        what: String,
        /// The limit.
        limit: usize,
        /// What there is too much of.
        noun: &'static str,
    },
    /// A body that is not the JSON it should be.
    #[error("{what} from registry {host} cannot be understood")]
    Malformed {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// The cause.
        source: Arc<serde_json::Error>,
    },
    /// The content does not have the digest it was asked for by.
    #[error("{what} from registry {host} has the digest {found}")]
    Digest {
        /// Host and port.
        host: String,
        /// What was asked for.
        what: String,
        /// The digest of what came.
        found: String,
    },
    /// Neither an image nor an index of images.
    #[error("{what} is of type `{media_type}`, which is neither an image nor an index of images")]
    MediaType {
        /// The image.
        what: String,
        /// Its media type.
        media_type: String,
    },
    /// An index of which no entry is an image.
    #[error("{what} is an index without a usable image")]
    EmptyIndex {
        /// The image.
        what: String,
    },
}

impl RegistryError {
    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => Retry::Later,
            Self::RateLimited { until, .. } => Retry::NotBefore(*until),
            Self::Status { status, .. } if is_transient(*status) => Retry::Later,
            // A digest that does not match is most often a body cut by a proxy.
            Self::Digest { .. } | Self::Malformed { .. } => Retry::Later,
            Self::Name { .. }
            | Self::Client { .. }
            | Self::Denied { .. }
            | Self::NoRepository { .. }
            | Self::Status { .. }
            | Self::TooLong { .. }
            | Self::TooMany { .. }
            | Self::MediaType { .. }
            | Self::EmptyIndex { .. } => Retry::AfterChange,
        }
    }

    /// Whether a tag was found that names something else than an image.
    pub fn is_no_image(&self) -> bool {
        matches!(self, Self::MediaType { .. } | Self::EmptyIndex { .. })
    }
}

/// Statuses that say "not now" rather than "no".
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}
