//! Credentials for repositories, from labelled Secrets.
//!
//! It reads Secrets that somebody else watches, and never asks a repository anything.

mod secrets;

use std::sync::Arc;

use argosy_core::urls;
use k8s_openapi::api::core::v1::Secret as KubeSecret;

use self::secrets::Offer;
use crate::secret::Secret;
use crate::settings::Settings;

/// What credentials are for; the value of the label [`argosy_api::labels::CRED_TYPE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Git repositories.
    Git,
    /// Container images and other OCI artifacts.
    Image,
    /// Chart repositories.
    Helm,
}

/// User and password. It has no `Debug`, because [`Secret`] has none.
#[derive(Clone)]
pub struct Credentials {
    /// The user; a registry's identity token has the user `<token>`.
    pub username: String,
    /// The password or token.
    pub password: Secret,
    /// Where they come from, for messages: `namespace/name` of the Secret.
    pub secret: String,
}

/// Where credentials are looked for, and when they are not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Namespaces whose Secrets serve every project, in this order, after the project's own.
    pub shared_namespaces: Vec<String>,
    /// Whether addresses that begin with `http://` get credentials.
    pub over_http: bool,
}

/// Why there are no credentials although a Secret was meant for the repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// The Secret has neither user and password nor anything else that is understood.
    #[error(
        "Secret {secret} is meant for {repo_url}, but holds no credentials that are understood: \
         expected the keys `username` and `password`"
    )]
    Incomplete {
        /// `namespace/name` of the Secret.
        secret: String,
        /// What credentials were wanted for.
        repo_url: String,
    },
    /// The Secret's `repoURL` should be a regular expression and is not.
    #[error(
        "Secret {secret} has `repoURLIsRegex: true`, but its repoURL is no regular expression: {reason}"
    )]
    Pattern {
        /// `namespace/name` of the Secret.
        secret: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// How a Secret's content becomes user and password. The list is the order in which they are tried.
const PROVIDERS: &[Provider] = &[Provider::Basic];

#[derive(Clone, Copy)]
enum Provider {
    /// The Secret's own `username` and `password`.
    Basic,
}

impl Rules {
    /// As the operator has chosen.
    pub fn of(settings: &Settings) -> Self {
        Self {
            shared_namespaces: vec![settings.shared_namespace.clone()],
            over_http: settings.credentials_over_http,
        }
    }

    /// The credentials of `kind` for `repo_url`, as written in a manifest of `project`.
    ///
    /// `secrets` gives the Secrets of a namespace that carry the label [`argosy_api::labels::CRED_TYPE`], as
    /// `|namespace| caches.credentials.within(namespace)` does. The project's come
    /// before shared ones; within a namespace a Secret that names the repository comes before one
    /// whose regular expression matches; among equals the first by name wins. A Secret with a
    /// broken expression is an error only if no other Secret serves the repository.
    pub fn find(
        &self,
        secrets: &dyn Fn(&str) -> Vec<Arc<KubeSecret>>,
        kind: Kind,
        project: &str,
        repo_url: &str,
    ) -> Result<Option<Arc<Credentials>>, CredentialsError> {
        if !self.over_http && is_plain_http(repo_url) {
            return Ok(None);
        }
        let mut broken = None;
        let namespaces =
            std::iter::once(project).chain(self.shared_namespaces.iter().map(String::as_str));
        for namespace in namespaces {
            let mut offers: Vec<_> = secrets(namespace)
                .into_iter()
                .filter_map(|secret| Offer::of(secret, kind))
                .collect();
            offers.sort_by(|a, b| a.name().cmp(b.name()));
            if let Some(offer) = offers.iter().find(|offer| offer.names(kind, repo_url)) {
                return offer.credentials(repo_url).map(Some);
            }
            for offer in &offers {
                match offer.matches(kind, repo_url) {
                    Ok(true) => return offer.credentials(repo_url).map(Some),
                    Ok(false) => {}
                    Err(error) => broken = broken.or(Some(error)),
                }
            }
        }
        broken.map_or(Ok(None), Err)
    }
}

impl Offer {
    fn credentials(&self, repo_url: &str) -> Result<Arc<Credentials>, CredentialsError> {
        let found = PROVIDERS
            .iter()
            .find_map(|provider| provider.credentials(self));
        let (secret, repo_url) = (self.place(), repo_url.to_owned());
        found
            .map(Arc::new)
            .ok_or(CredentialsError::Incomplete { secret, repo_url })
    }
}

impl Provider {
    fn credentials(self, offer: &Offer) -> Option<Credentials> {
        match self {
            Self::Basic => {
                let (username, password) = (offer.text("username")?, offer.text("password")?);
                let (username, password) = (username.to_owned(), Secret::new(password));
                Some(Credentials {
                    username,
                    password,
                    secret: offer.place(),
                })
            }
        }
    }
}

impl Kind {
    /// The value of the label [`argosy_api::labels::CRED_TYPE`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Image => "image",
            Self::Helm => "helm",
        }
    }

    /// Equal for two addresses that mean the same repository.
    fn normalize(self, address: &str) -> String {
        match self {
            Self::Git => urls::normalize_git(address),
            Self::Image => urls::normalize_image(address),
            Self::Helm => urls::normalize_chart(address),
        }
    }
}

fn is_plain_http(url: &str) -> bool {
    url.trim_start()
        .get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[cfg(test)]
mod tests;
