//! From `repoURL` to the address that is called: Docker Hub's short names, mirrors, HTTP or HTTPS.

use std::net::Ipv4Addr;

use reqwest::Url;

use super::error::RegistryError;
use crate::mirrors::Mirrors;

const DOCKER_HUB: &str = "docker.io";
/// Docker Hub's other names: what people write, and where its API really is.
const DOCKER_HUB_API: &str = "registry-1.docker.io";
const DOCKER_HUB_OTHERS: [&str; 2] = ["index.docker.io", DOCKER_HUB_API];

/// A repository as everybody means it: `ghcr.io/acme/app`, and `docker.io/library/nginx` for `nginx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryName {
    host: String,
    path: String,
}

/// Where a repository is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `https://host:port/v2/path/`, with the trailing slash.
    base: Url,
    /// Host and port, for logs, metrics and the rate.
    pub(super) host: String,
    /// The path within the registry, after mirroring.
    pub(super) path: String,
}

impl RepositoryName {
    /// Parses what a subscription says. `oci://` is accepted, a tag or digest is not.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let wrong = |reason| RegistryError::Name {
            text: text.to_owned(),
            reason,
        };
        let rest = text.trim().strip_prefix("oci://").unwrap_or(text.trim());
        let (host, path) = match rest.split_once('/') {
            Some((first, path)) if is_host(first) => (first.to_ascii_lowercase(), path),
            _ => (DOCKER_HUB.to_owned(), rest),
        };
        if !path.split('/').all(is_component) {
            return Err(wrong(
                "expected `[host[:port]/]path`, without scheme, tag or digest",
            ));
        }
        if DOCKER_HUB != host && !DOCKER_HUB_OTHERS.contains(&host.as_str()) {
            return Ok(Self {
                host,
                path: path.to_owned(),
            });
        }
        let short = !path.contains('/');
        let path = if short {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        Ok(Self {
            host: DOCKER_HUB.to_owned(),
            path,
        })
    }

    pub(super) fn endpoint(&self, mirrors: &Mirrors) -> Result<Endpoint, RegistryError> {
        let written = self.to_string();
        let address = mirrors.rewrite(&written);
        let wrong = |reason| RegistryError::Name {
            text: address.to_string(),
            reason,
        };
        let (scheme, rest) = match address.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, &*address),
        };
        let (host, path) = rest
            .split_once('/')
            .ok_or_else(|| wrong("it has no path"))?;
        if !path.split('/').all(is_component) {
            return Err(wrong(
                "a mirror leads to a path that no repository can have",
            ));
        }
        let host = if host == DOCKER_HUB {
            DOCKER_HUB_API
        } else {
            host
        };
        let scheme = match scheme {
            Some(scheme @ ("http" | "https")) => scheme,
            Some(_) => return Err(wrong("a registry speaks http or https")),
            None if is_loopback(host) => "http",
            None => "https",
        };
        let base = Url::parse(&format!("{scheme}://{host}/v2/{path}/"))
            .map_err(|_| wrong("it is not an address"))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(wrong("credentials do not belong into addresses"));
        }
        Ok(Endpoint {
            base,
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }
}

impl std::fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl Endpoint {
    /// The address of `rest` (`tags/list`, `manifests/1.0`) under this repository.
    pub(super) fn url(&self, rest: &str) -> Url {
        // Joined by path segment, so that a tag can never climb out of the repository.
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(rest.split('/'));
        }
        url
    }

    /// The page that a `Link` header names. Only its path and query count: a registry behind a
    /// proxy often names a host or scheme that is not its own, and our credentials stay here.
    pub(super) fn follow(&self, link: &str) -> Option<Url> {
        let named = self.url("tags/list").join(link).ok()?;
        let mut url = self.base.clone();
        url.set_path(named.path());
        url.set_query(named.query());
        Some(url)
    }

    pub(super) fn is_plain_http(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// What tells this repository from every other.
    pub(super) fn key(&self) -> &str {
        self.base.as_str()
    }
}

/// The first part of a name is a host if it could not be a Docker Hub user.
fn is_host(text: &str) -> bool {
    let plausible = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".:-_".contains(&b));
    plausible && (text.contains(['.', ':']) || text == "localhost")
}

fn is_component(text: &str) -> bool {
    let plausible = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    plausible && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost"
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str, mirrors: &[&str]) -> String {
        let mirrors = mirrors.iter().map(|m| m.parse().unwrap()).collect();
        let name = RepositoryName::parse(text).unwrap();
        name.endpoint(&mirrors).unwrap().base.into()
    }

    #[test]
    fn names_are_read_as_docker_reads_them() {
        for (text, expected) in [
            ("nginx", "docker.io/library/nginx"),
            ("ealen/echo-server", "docker.io/ealen/echo-server"),
            (
                "registry-1.docker.io/library/nginx",
                "docker.io/library/nginx",
            ),
            ("index.docker.io/nginx", "docker.io/library/nginx"),
            ("GHCR.io/acme/app", "ghcr.io/acme/app"),
            ("localhost/app", "localhost/app"),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
            ("oci://ghcr.io/acme/app", "ghcr.io/acme/app"),
        ] {
            assert_eq!(RepositoryName::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_a_repository_is_refused() {
        for text in [
            "",
            "nginx:1.27",
            "https://ghcr.io/a",
            "ghcr.io/a@sha256:0",
            "ghcr.io/../x",
            "a b",
            "x/",
            "/x",
        ] {
            assert!(RepositoryName::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_loopback_and_mirrors_that_say_so_are_plain_http() {
        let with = [
            "ghcr.io/=http://127.0.0.1:5000/ghcr.io/",
            "quay.io/=mirror.corp/quay/",
        ];
        for (text, expected) in [
            ("nginx", "https://registry-1.docker.io/v2/library/nginx/"),
            ("registry.corp/app", "https://registry.corp/v2/app/"),
            ("127.0.0.1:5000/app", "http://127.0.0.1:5000/v2/app/"),
            ("localhost:5000/app", "http://localhost:5000/v2/app/"),
            (
                "127.0.0.1.example.com/app",
                "https://127.0.0.1.example.com/v2/app/",
            ),
            (
                "ghcr.io/acme/app",
                "http://127.0.0.1:5000/v2/ghcr.io/acme/app/",
            ),
            ("quay.io/acme/app", "https://mirror.corp/v2/quay/acme/app/"),
        ] {
            assert_eq!(endpoint(text, &with), expected);
        }
    }

    #[test]
    fn short_names_are_mirrored_by_their_long_ones() {
        let hub = ["docker.io/=127.0.0.1:5000/hub/"];
        assert_eq!(
            endpoint("nginx", &hub),
            "http://127.0.0.1:5000/v2/hub/library/nginx/"
        );
        assert_eq!(
            endpoint("ealen/echo-server", &hub),
            "http://127.0.0.1:5000/v2/hub/ealen/echo-server/"
        );
    }

    #[test]
    fn a_next_page_stays_with_its_registry() {
        let name = RepositoryName::parse("ghcr.io/acme/app").unwrap();
        let endpoint = name.endpoint(&Mirrors::default()).unwrap();
        for (link, expected) in [
            (
                "/v2/acme/app/tags/list?last=b&n=2",
                "https://ghcr.io/v2/acme/app/tags/list?last=b&n=2",
            ),
            (
                "list?last=b",
                "https://ghcr.io/v2/acme/app/tags/list?last=b",
            ),
            (
                "http://evil.example/v2/x?last=b",
                "https://ghcr.io/v2/x?last=b",
            ),
        ] {
            assert_eq!(endpoint.follow(link).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_tag_cannot_climb_out() {
        let name = RepositoryName::parse("ghcr.io/acme/app").unwrap();
        let endpoint = name.endpoint(&Mirrors::default()).unwrap();
        let url = endpoint.url("manifests/..?x#y");
        assert_eq!(
            url.as_str(),
            "https://ghcr.io/v2/acme/app/manifests/..%3Fx%23y"
        );
    }
}
