//! One spelling for addresses that mean the same.
//!
//! The results are part of the names of Freight, so they never change.

/// The repository's address without what does not matter: case, user, `.git`, a trailing slash.
/// An address in scp's form becomes an `ssh://` one. What is neither is returned as it is.
pub fn normalize_git(address: &str) -> String {
    let clean = printable(&address.to_lowercase());
    for scheme in ["http://", "https://", "ssh://"] {
        let Some(rest) = clean.strip_prefix(scheme) else {
            continue;
        };
        if rest
            .split_once('?')
            .is_some_and(|(_, query)| !query.is_empty())
        {
            return address.to_owned();
        }
        let (authority, path) = rest
            .find('/')
            .map_or((rest, ""), |slash| rest.split_at(slash));
        let authority = if scheme == "ssh://" {
            authority
        } else {
            without_user(authority)
        };
        return trimmed(&format!("{scheme}{authority}{path}"));
    }
    scp(&clean).unwrap_or_else(|| address.to_owned())
}

/// The image's repository without tag and digest. Images of Docker Hub are named without the
/// registry and without `library/`. What is no image reference is only put into lower case.
pub fn normalize_image(address: &str) -> String {
    let clean = printable(&address.to_lowercase());
    repository(&clean).unwrap_or_else(|| clean.trim_end_matches('/').to_owned())
}

/// The address of a chart repository, with or without `oci://`.
pub fn normalize_chart(address: &str) -> String {
    let clean = printable(address).to_lowercase();
    normalize_image(clean.strip_prefix("oci://").unwrap_or(&clean))
}

/// Whether two addresses mean the same Git repository.
pub fn same_git(a: &str, b: &str) -> bool {
    a == b || normalize_git(a) == normalize_git(b)
}

/// Whether two addresses mean the same image repository.
pub fn same_image(a: &str, b: &str) -> bool {
    a == b || normalize_image(a) == normalize_image(b)
}

/// Whether two addresses mean the same chart repository.
pub fn same_chart(a: &str, b: &str) -> bool {
    a == b || normalize_chart(a) == normalize_chart(b)
}

fn without_user(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

fn trimmed(address: &str) -> String {
    let address = address.strip_suffix('/').unwrap_or(address);
    address.strip_suffix(".git").unwrap_or(address).to_owned()
}

/// Reads `user@host:path`. Other schemes and drive letters look alike and are not.
fn scp(address: &str) -> Option<String> {
    let (user, rest) = match address.split_once('@') {
        Some((user, rest)) if !user.contains(['/', ':']) => (Some(user), rest),
        Some(_) | None => (None, address),
    };
    let (host, path) = rest
        .split_once(':')
        .map_or((rest, None), |(host, path)| (host, Some(path)));
    let other_scheme = path.is_some_and(|path| path.starts_with("//"));
    let drive = user.is_none() && host.len() == 1;
    let plain = user.is_none() && path.is_none();
    if host.is_empty() || host.contains(['/', '\\', ' ']) || other_scheme || drive || plain {
        return None;
    }
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let path = path.map(|path| format!("/{path}")).unwrap_or_default();
    Some(trimmed(&format!("ssh://{user}{host}{path}")))
}

/// Reads `[registry/]repository[:tag][@digest]`.
fn repository(reference: &str) -> Option<String> {
    let named = match reference.split_once('@') {
        Some((named, digest)) => is_digest(digest).then_some(named)?,
        None => reference,
    };
    let name_start = named.rfind('/').map_or(0, |slash| slash + 1);
    let named = match named[name_start..].split_once(':') {
        Some((name, tag)) => is_tag(tag).then_some(&named[..name_start + name.len()])?,
        None => named,
    };
    let named = named.trim_end_matches('/');
    let is_registry = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let (registry, name) = match named.split_once('/') {
        Some((first, rest)) if is_registry(first) => (first, rest),
        Some(_) | None => ("", named),
    };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-./".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return None;
    }
    match registry {
        "" | "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
            Some(name.strip_prefix("library/").unwrap_or(name).to_owned())
        }
        registry if registry.ends_with(':') => None,
        registry => Some(format!("{registry}/{name}")),
    }
}

/// Whether a registry can have such a tag.
pub(crate) fn is_tag(tag: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (1..=128).contains(&tag.len()) && tag.chars().all(allowed)
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && 32 <= hex.len() && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Without characters that leave no mark on paper, and without spaces at the ends.
fn printable(text: &str) -> String {
    let invisible = |c: &char| {
        c.is_control()
            || (c.is_whitespace() && *c != ' ')
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2064}' | '\u{feff}')
    };
    let shown: String = text.chars().filter(|c| !invisible(c)).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn recorded_addresses_are_spelled_alike() {
        for line in include_str!("../tests/vectors/urls.jsonl").lines() {
            let vector: Value = serde_json::from_str(line).unwrap();
            if vector["op"] != "url" || !vector["quirk"].is_null() {
                continue;
            }
            let address = vector["input"]["url"].as_str().unwrap();
            let got = match vector["input"]["kind"].as_str().unwrap() {
                "git" => normalize_git(address),
                "image" => normalize_image(address),
                "chart" => normalize_chart(address),
                other => panic!("nobody normalises {other}"),
            };
            assert_eq!(got, vector["output"].as_str().unwrap(), "{vector}");
        }
    }

    #[test]
    fn spellings_of_one_repository_are_the_same() {
        for spelling in [
            "https://github.com/Acme/App.git",
            "https://github.com/acme/app/",
            "https://user:secret@github.com/acme/app.git/",
            " https://GitHub.com/acme/app ",
        ] {
            assert!(
                same_git(spelling, "https://github.com/acme/app"),
                "{spelling}"
            );
        }
        assert!(same_git(
            "git@github.com:acme/app.git",
            "ssh://git@github.com/acme/app"
        ));
        assert!(!same_git(
            "https://github.com/acme/app",
            "ssh://git@github.com/acme/app"
        ));
        assert!(!same_git(
            "https://github.com/acme/app",
            "https://github.com/acme/app2"
        ));
    }

    #[test]
    fn what_is_no_repository_is_left_alone() {
        for address in [
            "git://host/app.git",
            "file:///srv/git/App.git",
            "C:\\repo",
            "https://host/App?ref=main",
            "just words",
            "",
        ] {
            assert_eq!(normalize_git(address), address);
        }
    }

    #[test]
    fn images_are_compared_by_repository() {
        let digest = format!("ghcr.io/acme/app:1@sha256:{}", "a".repeat(64));
        assert_eq!(normalize_image(&digest), "ghcr.io/acme/app");
        assert_eq!(normalize_image("127.0.0.1:5000/app"), "127.0.0.1:5000/app");
        assert_eq!(normalize_image("docker.io/nginx:1.27"), "nginx");
        assert!(same_image("ghcr.io/acme/app/", "ghcr.io/acme/app"));
        assert!(same_chart(
            "oci://ghcr.io/acme/charts",
            "ghcr.io/acme/charts"
        ));
        assert!(same_chart(
            "https://charts.example.org/",
            "https://charts.example.org"
        ));
        assert!(!same_chart("https://host:8080", "https://host:9090"));
    }
}
