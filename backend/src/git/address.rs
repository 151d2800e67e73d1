//! Where a repository is, and who asks for it.

use std::sync::Arc;

use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::GitError;
use crate::credentials::Credentials;
use crate::mirrors::Mirrors;
use crate::secret::Secret;

/// A repository as a person names it, and the credentials for it.
#[derive(Clone)]
pub struct Remote {
    /// The address as it was written.
    pub url: String,
    /// What to log in with. Without them the repository is read as anybody may. Local copies of a
    /// repository are shared by those whose credentials are of the same Secret.
    pub credentials: Option<Arc<Credentials>>,
    /// Whether a certificate that nobody vouches for is accepted.
    pub insecure_skip_tls: bool,
}

/// Where requests go.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// What people are told: the address without user and password.
    pub(super) repository: String,
    /// The repository's address after mirrors, without a trailing slash.
    pub(super) url: Url,
    /// What requests log in with.
    pub(super) login: Option<Login>,
    /// Whether there are credentials that are not sent because the address is not encrypted.
    pub(super) withheld: bool,
    /// Whether any certificate is accepted.
    pub(super) insecure: bool,
    identity: String,
}

/// What a request logs in with.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: Secret,
}

impl Remote {
    /// A repository that anybody may read.
    pub fn anonymous(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: None,
            insecure_skip_tls: false,
        }
    }

    /// Finds out where requests go.
    pub(super) fn endpoint(
        &self,
        mirrors: &Mirrors,
        credentials_over_http: bool,
    ) -> Result<Endpoint, GitError> {
        let (written, embedded) = split_login(self.url.trim())?;
        let repository = written.clone();
        let refused = |reason| GitError::Address {
            url: repository.clone(),
            reason,
        };
        let url = Url::parse(&mirrors.rewrite(&written)).map_err(|_| {
            refused(if written.contains('@') {
                "SSH is not supported, write it with https://"
            } else {
                "write it with https://"
            })
        })?;
        match url.scheme() {
            "https" | "http" => {}
            "ssh" => return Err(refused("SSH is not supported, write it with https://")),
            _ => return Err(refused("write it with https://")),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("an address has no `?` or `#`"));
        }
        let may_log_in = url.scheme() == "https" || credentials_over_http || is_loopback(&url);
        let own = self.credentials.as_deref();
        let login = own
            .map(|own| Login {
                username: own.username.clone(),
                password: own.password.clone(),
            })
            .or(embedded);
        let identity = match (own, &login) {
            // The Secret and not what is in it: a token is renewed every hour.
            (Some(own), _) => format!("of {}", own.secret),
            (None, Some(login)) => format!("in {}:{}", login.username, login.password.expose()),
            (None, None) => String::new(),
        };
        Ok(Endpoint {
            repository,
            url,
            withheld: login.is_some() && !may_log_in,
            login: login.filter(|_| may_log_in),
            insecure: self.insecure_skip_tls,
            identity,
        })
    }
}

impl Endpoint {
    /// The name of the folder for this repository as seen by those who ask. It tells apart who
    /// asks, so that what one project may see is not shown to another.
    pub(super) fn folder(&self) -> String {
        let path = self
            .url
            .path()
            .trim_end_matches('/')
            .trim_end_matches(".git");
        let host = self.host();
        let asker = (&self.identity, self.insecure);
        let id = Sha256::digest(format!("{}\n{host}{path}\n{asker:?}", self.url.scheme()));
        let id: String = id
            .iter()
            .take(10)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let name: String = path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
            .take(40)
            .collect();
        format!("{name}-{id}")
    }

    /// Host and port.
    pub(super) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether another address is on the same server.
    pub(super) fn is_on_host_of(&self, url: &Url) -> bool {
        self.url.host_str() == url.host_str()
            && self.url.port_or_known_default() == url.port_or_known_default()
    }
}

/// The address without user and password.
pub(super) fn without_login(url: &str) -> String {
    split_login(url).map_or_else(|_| "the repository".to_owned(), |(url, _)| url)
}

// `https://user:password@host/path` into the address without them, and them.
fn split_login(url: &str) -> Result<(String, Option<Login>), GitError> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Ok((url.to_owned(), None));
    };
    let host_end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host_end);
    let Some((_, host)) = authority.rsplit_once('@') else {
        return Ok((url.to_owned(), None));
    };
    let without = format!("{scheme}://{host}{path}");
    // The parser undoes the percent encoding that a password in an address needs.
    let parsed = Url::parse(url).map_err(|_| GitError::Address {
        url: without.clone(),
        reason: "user or password in it cannot be read",
    })?;
    let login = Login {
        username: decoded(parsed.username()),
        password: Secret::new(decoded(parsed.password().unwrap_or_default())),
    };
    Ok((without, Some(login)))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.first_chunk::<2>().filter(|_| first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, identity: Option<&str>) -> Result<Endpoint, GitError> {
        let credentials = identity.map(|secret| {
            Arc::new(Credentials {
                username: "kargo".to_owned(),
                password: Secret::new("hunter2"),
                secret: secret.to_owned(),
            })
        });
        let remote = Remote {
            url: url.to_owned(),
            credentials,
            insecure_skip_tls: false,
        };
        let mirror = "https://github.com=http://127.0.0.1:1".parse().unwrap();
        remote.endpoint(&Mirrors::from_iter([mirror]), false)
    }

    #[test]
    fn requests_go_to_the_mirror_and_people_read_what_they_wrote() {
        let endpoint = endpoint("https://github.com/acme/app.git", Some("p/s")).unwrap();
        assert_eq!(endpoint.url.as_str(), "http://127.0.0.1:1/acme/app.git");
        assert_eq!(endpoint.repository, "https://github.com/acme/app.git");
        assert!(
            endpoint.login.is_some(),
            "a mirror on this machine may be logged in to"
        );
    }

    #[test]
    fn passwords_in_addresses_are_used_and_not_shown() {
        let endpoint = endpoint("https://me:a%40b@example.org/x", None).unwrap();
        assert_eq!(endpoint.repository, "https://example.org/x");
        let login = endpoint.login.unwrap();
        assert_eq!(
            (login.username.as_str(), login.password.expose()),
            ("me", "a@b")
        );
    }

    #[test]
    fn credentials_are_not_sent_in_the_clear() {
        let endpoint = endpoint("http://example.org/x", Some("p/s")).unwrap();
        assert!(endpoint.login.is_none());
        assert!(endpoint.withheld);
    }

    #[test]
    fn copies_are_not_shared_between_those_who_ask() {
        let folder = |url, who| endpoint(url, who).unwrap().folder();
        let mine = folder("https://example.org/acme/app", Some("a/s"));
        assert_eq!(
            mine,
            folder("https://EXAMPLE.org/acme/app.git/", Some("a/s"))
        );
        assert_ne!(mine, folder("https://example.org/acme/app", Some("b/s")));
        assert_ne!(mine, folder("https://example.org/acme/app", None));
        assert_ne!(mine, folder("https://example.org/acme/lib", Some("a/s")));
        assert!(mine.starts_with("app-"), "{mine}");
    }

    #[test]
    fn other_schemes_are_refused_with_advice() {
        for url in [
            "git@github.com:acme/app.git",
            "ssh://git@x.org/a",
            "file:///srv/a",
            "acme/app",
            "",
        ] {
            let Err(error) = endpoint(url, None) else {
                panic!("{url} was accepted")
            };
            assert!(error.to_string().contains("https://"), "{error}");
        }
    }
}
