//! What a registry wants to see before it answers: nothing, user and password, or a token.
//!
//! It is learnt from the first 401 and remembered, so there is no `/v2/` ping and no second 401.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_auth::ChallengeParser;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url};
use sha2::{Digest as _, Sha256};

use super::address::Endpoint;
use super::error::RegistryError;
use super::http::{Answer, Certificates, Http, Request};
use super::token::{AsLongAsItLives, Token, ask_for_token};
use crate::credentials::Credentials;

const MOST_DOORS: u64 = 10_000;

/// A repository, and as whom it is asked.
pub(super) struct Site {
    pub(super) endpoint: Endpoint,
    pub(super) certificates: Certificates,
    pub(super) presents: Presents,
    /// Tells one caller's rights from another's, without holding the secret.
    pub(super) fingerprint: [u8; 32],
}

/// What is shown to a registry that asks.
pub(super) enum Presents {
    Nothing,
    /// There are credentials, but they would travel unencrypted.
    Withheld {
        secret: String,
    },
    Credentials(Arc<Credentials>),
}

pub(super) struct Keys {
    schemes: moka::sync::Cache<Door, Scheme>,
    tokens: moka::future::Cache<(Door, String), Token>,
}

/// One registry for one set of credentials.
type Door = (String, [u8; 32]);

#[derive(Clone)]
enum Scheme {
    Basic,
    Bearer {
        realm: Url,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Keys {
    pub(super) fn new() -> Self {
        let tokens = moka::future::Cache::builder()
            .max_capacity(MOST_DOORS)
            .expire_after(AsLongAsItLives)
            .build();
        Self {
            schemes: moka::sync::Cache::new(MOST_DOORS),
            tokens,
        }
    }

    /// Sends `request` with what the registry is known to want; learns it if it is not known.
    pub(super) async fn send(
        &self,
        http: &Http,
        site: &Site,
        request: &Request,
    ) -> Result<Answer, RegistryError> {
        let known = self.schemes.get(&site.door());
        let authorization = match &known {
            Some(scheme) => self.authorization(http, site, scheme).await?,
            None => None,
        };
        let answer = http
            .send(request, site.certificates, authorization.as_ref())
            .await?;
        match answer.status {
            StatusCode::UNAUTHORIZED => {}
            StatusCode::FORBIDDEN => return Err(site.denied(&answer.message())),
            _ => return Ok(answer),
        }
        let Some(scheme) = challenge(&answer.headers) else {
            return Err(site.denied(&answer.message()));
        };
        if matches!(scheme, Scheme::Basic) && authorization.is_some() {
            return Err(site.denied(&answer.message()));
        }
        // A token that was good a moment ago may have been revoked, or be for another scope.
        self.tokens.invalidate(&site.token_key()).await;
        let authorization = self.authorization(http, site, &scheme).await?;
        if authorization.is_none() {
            return Err(site.denied(&answer.message()));
        }
        self.schemes
            .insert(site.door(), scheme.for_any_repository());
        let answer = http
            .send(request, site.certificates, authorization.as_ref())
            .await?;
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(site.denied(&answer.message())),
            _ => Ok(answer),
        }
    }

    async fn authorization(
        &self,
        http: &Http,
        site: &Site,
        scheme: &Scheme,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        match scheme {
            Scheme::Basic => Ok(site.presents.basic()),
            Scheme::Bearer {
                realm,
                service,
                scope,
            } => {
                let asking = ask_for_token(http, site, realm, service.as_deref(), scope.as_deref());
                let token = self.tokens.try_get_with(site.token_key(), asking).await;
                token
                    .map(|token| Some(token.header))
                    .map_err(|error| (*error).clone())
            }
        }
    }
}

impl Site {
    pub(super) fn new(
        endpoint: Endpoint,
        certificates: Certificates,
        credentials: Option<Arc<Credentials>>,
        over_http: bool,
    ) -> Self {
        let presents = match credentials {
            None => Presents::Nothing,
            Some(credentials) if endpoint.is_plain_http() && !over_http => Presents::Withheld {
                secret: credentials.secret.clone(),
            },
            Some(credentials) => Presents::Credentials(credentials),
        };
        let fingerprint = presents.fingerprint();
        Self {
            endpoint,
            certificates,
            presents,
            fingerprint,
        }
    }

    fn door(&self) -> Door {
        (self.endpoint.host.clone(), self.fingerprint)
    }

    fn token_key(&self) -> (Door, String) {
        (self.door(), self.endpoint.path.clone())
    }

    pub(super) fn denied(&self, message: &str) -> RegistryError {
        let shown = match &self.presents {
            Presents::Nothing => "no credentials were found for it".to_owned(),
            Presents::Withheld { secret } => {
                format!("the credentials of Secret {secret} are not sent over plain HTTP")
            }
            Presents::Credentials(credentials) => {
                format!(
                    "asked with the credentials of Secret {}",
                    credentials.secret
                )
            }
        };
        let reason = if message.is_empty() {
            shown
        } else {
            format!("{message} ({shown})")
        };
        let (host, repository) = (self.endpoint.host.clone(), self.endpoint.path.clone());
        RegistryError::Denied {
            host,
            repository,
            reason,
        }
    }
}

impl Presents {
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        let Self::Credentials(credentials) = self else {
            return None;
        };
        let pair = format!("{}:{}", credentials.username, credentials.password.expose());
        sensitive(&format!("Basic {}", STANDARD.encode(pair)))
    }

    fn fingerprint(&self) -> [u8; 32] {
        let Self::Credentials(credentials) = self else {
            return [0; 32];
        };
        let mut hash = Sha256::new();
        hash.update(credentials.username.as_bytes());
        hash.update([0]);
        hash.update(credentials.password.expose().as_bytes());
        hash.finalize().into()
    }
}

impl Scheme {
    /// What to expect from the same registry's other repositories.
    fn for_any_repository(self) -> Self {
        match self {
            Self::Basic => Self::Basic,
            Self::Bearer {
                realm,
                service,
                scope: _,
            } => Self::Bearer {
                realm,
                service,
                scope: None,
            },
        }
    }
}

/// A token is preferred to sending the password with every request.
fn challenge(headers: &HeaderMap) -> Option<Scheme> {
    let texts = headers
        .get_all(WWW_AUTHENTICATE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let challenges: Vec<_> = texts
        .flat_map(ChallengeParser::new)
        .filter_map(Result::ok)
        .collect();
    let bearer = challenges
        .iter()
        .find(|c| c.scheme.eq_ignore_ascii_case("bearer"));
    let bearer = bearer.and_then(|challenge| {
        let of = |name: &str| {
            let found = challenge
                .params
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let realm = Url::parse(&of("realm")?).ok()?;
        Some(Scheme::Bearer {
            realm,
            service: of("service"),
            scope: of("scope"),
        })
    });
    let basic = || {
        challenges
            .iter()
            .any(|c| c.scheme.eq_ignore_ascii_case("basic"))
    };
    bearer.or_else(|| basic().then_some(Scheme::Basic))
}

pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<Scheme> {
        let mut all = HeaderMap::new();
        for line in lines {
            all.append(WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap());
        }
        challenge(&all)
    }

    #[test]
    fn a_token_challenge_is_read_with_its_quotes() {
        let line = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let Some(Scheme::Bearer {
            realm,
            service,
            scope,
        }) = read(&[line])
        else {
            panic!()
        };
        assert_eq!(realm.as_str(), "https://auth.docker.io/token");
        assert_eq!(service.as_deref(), Some("registry.docker.io"));
        assert_eq!(scope.as_deref(), Some("repository:a/b:pull,push"));
    }

    #[test]
    fn a_token_is_preferred_and_nonsense_is_ignored() {
        let bearer = r#"Bearer realm="https://x/token""#;
        assert!(matches!(
            read(&["Basic realm=\"r\"", bearer]),
            Some(Scheme::Bearer { .. })
        ));
        assert!(matches!(read(&["basic realm=r"]), Some(Scheme::Basic)));
        assert!(read(&["Bearer realm=\"not an address\""]).is_none());
        assert!(read(&["Negotiate"]).is_none());
        assert!(read(&[]).is_none());
    }
}
