//! One labelled Secret, and which repositories it is meant for.

use std::sync::Arc;

use argosy_api::labels::CRED_TYPE;
use k8s_openapi::api::core::v1::Secret as KubeSecret;
use regex::RegexBuilder;

use super::{CredentialsError, Kind};

/// A compiled expression of a Secret may take this many bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// A Secret of the right kind.
pub(super) struct Offer(Arc<KubeSecret>);

impl Offer {
    pub(super) fn of(secret: Arc<KubeSecret>, kind: Kind) -> Option<Self> {
        let labels = secret.metadata.labels.as_ref()?;
        (labels.get(CRED_TYPE)? == kind.as_str()).then_some(Self(secret))
    }

    pub(super) fn name(&self) -> &str {
        self.0.metadata.name.as_deref().unwrap_or_default()
    }

    /// `namespace/name`.
    pub(super) fn place(&self) -> String {
        format!(
            "{}/{}",
            self.0.metadata.namespace.as_deref().unwrap_or_default(),
            self.name()
        )
    }

    /// The text under `key`, if there is one that is not empty. A line break at the end is not part
    /// of it: it comes from `echo` and no password ends so.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let bytes = &self.0.data.as_ref()?.get(key)?.0;
        let text = std::str::from_utf8(bytes)
            .ok()?
            .trim_end_matches(['\r', '\n']);
        (!text.is_empty()).then_some(text)
    }

    /// Whether `repoURL` is this repository, however it is spelt.
    pub(super) fn names(&self, kind: Kind, repo_url: &str) -> bool {
        !self.is_pattern()
            && self
                .text("repoURL")
                .is_some_and(|own| kind.normalize(own) == kind.normalize(repo_url))
    }

    /// Whether `repoURL` is an expression that is found in the repository's address.
    pub(super) fn matches(&self, kind: Kind, repo_url: &str) -> Result<bool, CredentialsError> {
        let Some(pattern) = self.text("repoURL").filter(|_| self.is_pattern()) else {
            return Ok(false);
        };
        let pattern = RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build();
        let pattern = pattern.map_err(|error| CredentialsError::Pattern {
            secret: self.place(),
            reason: error.to_string(),
        })?;
        Ok(pattern.is_match(repo_url) || pattern.is_match(&kind.normalize(repo_url)))
    }

    fn is_pattern(&self) -> bool {
        self.text("repoURLIsRegex")
            .is_some_and(|text| text.trim() == "true")
    }
}
