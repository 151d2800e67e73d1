//! One spelling for addresses that mean the same repository.

use super::Kind;

impl Kind {
    /// Two addresses of this kind mean the same repository if this is equal.
    pub(super) fn normalise(self, address: &str) -> String {
        let printable = address
            .chars()
            .filter(|c| !c.is_control() && *c != '\u{feff}');
        let address: String = printable.flat_map(char::to_lowercase).collect();
        let address = address.trim();
        match self {
            Self::Git => git(address),
            Self::Image => image(address),
            Self::Helm => image(address.strip_prefix("oci://").unwrap_or(address)),
        }
    }
}

fn git(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return match address.split_once(':') {
            Some((host, path)) if !host.contains('/') => format!("ssh://{host}/{}", trimmed(path)),
            Some(_) | None => address.to_owned(),
        };
    };
    if address.contains('?') {
        return address.to_owned();
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = match scheme {
        "http" | "https" => authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host),
        "ssh" => authority,
        _ => return address.to_owned(),
    };
    let path = trimmed(path);
    let slash = if path.is_empty() { "" } else { "/" };
    format!("{scheme}://{host}{slash}{path}")
}

fn trimmed(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.strip_suffix(".git").unwrap_or(path)
}

/// Without tag and digest, and Docker Hub's images by their short names.
fn image(address: &str) -> String {
    let name = address.split_once('@').map_or(address, |(name, _)| name);
    let tagged = |tag: &str| !tag.is_empty() && !tag.contains('/');
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if tagged(tag) && !name.is_empty() => name,
        Some(_) | None => name,
    };
    let hub = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    match hub.iter().find_map(|host| name.strip_prefix(host)) {
        Some(path) => path.strip_prefix("library/").unwrap_or(path).to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_repository_are_equal() {
        for (kind, address, expected) in [
            (
                Kind::Git,
                "https://User:pw@GitLab.example.org/team/app.git/",
                "https://gitlab.example.org/team/app",
            ),
            (
                Kind::Git,
                "https://gitlab.example.org",
                "https://gitlab.example.org",
            ),
            (
                Kind::Git,
                "git@10.0.0.1:team/app.git",
                "ssh://git@10.0.0.1/team/app",
            ),
            (
                Kind::Git,
                "ssh://git@example.org:2222/Team/App.git",
                "ssh://git@example.org:2222/team/app",
            ),
            (
                Kind::Git,
                "\u{feff}https://example.org/team/app",
                "https://example.org/team/app",
            ),
            (Kind::Image, "registry-1.docker.io/library/nginx", "nginx"),
            (Kind::Image, "docker.io/library/library/x", "library/x"),
            (Kind::Image, "127.0.0.1:5000/app", "127.0.0.1:5000/app"),
            (Kind::Image, "127.0.0.1:5000/app:1.0", "127.0.0.1:5000/app"),
            (Kind::Image, "UPPER", "upper"),
            (
                Kind::Helm,
                "oci://registry-1.docker.io/bitnamicharts/redis",
                "bitnamicharts/redis",
            ),
            (
                Kind::Helm,
                "oci://ghcr.io/acme/app:1.0.0",
                "ghcr.io/acme/app",
            ),
            (
                Kind::Helm,
                " https://charts.example.org ",
                "https://charts.example.org",
            ),
        ] {
            assert_eq!(kind.normalise(address), expected, "{address}");
        }
    }
}
