//! Pages of commits on the web.

use reqwest::Url;

/// A kind of Git server with a web page for each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Forge {
    Azure,
    Bitbucket,
    Gitea,
    GitHub,
    GitLab,
}

impl Forge {
    /// The kind that a host's name tells.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        if host.contains("github") || host.ends_with(".ghe.com") {
            Some(Self::GitHub)
        } else if host.contains("gitlab") {
            Some(Self::GitLab)
        } else if host.contains("gitea") || host.contains("forgejo") || host == "codeberg.org" {
            Some(Self::Gitea)
        } else if host == "dev.azure.com" || host.ends_with("visualstudio.com") {
            Some(Self::Azure)
        } else if host == "bitbucket.org" {
            Some(Self::Bitbucket)
        } else {
            None
        }
    }
}

/// The page of a commit, from the repository's address as people write it. Nothing if the kind of
/// server is neither given nor told by the host.
pub fn commit_url(repository: &str, forge: Option<Forge>, commit: &str) -> Option<String> {
    let mut url = Url::parse(repository).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let forge = forge.or_else(|| Forge::of_host(url.host_str()?))?;
    let page = match forge {
        Forge::GitHub | Forge::Gitea | Forge::Azure => "commit",
        Forge::GitLab => "-/commit",
        Forge::Bitbucket => "commits",
    };
    let path = url
        .path()
        .trim_end_matches('/')
        .trim_end_matches(".git")
        .to_owned();
    url.set_path(&format!("{path}/{page}/{commit}"));
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_have_pages_for_commits() {
        let cases = [
            (
                "https://github.com/a/b.git",
                Some("https://github.com/a/b/commit/1f"),
            ),
            (
                "https://gitlab.example.org/a/b",
                Some("https://gitlab.example.org/a/b/-/commit/1f"),
            ),
            (
                "https://bitbucket.org/a/b/",
                Some("https://bitbucket.org/a/b/commits/1f"),
            ),
            (
                "https://me:secret@dev.azure.com/o/p/_git/r",
                Some("https://dev.azure.com/o/p/_git/r/commit/1f"),
            ),
            ("https://git.example.org/a/b", None),
            ("git@github.com:a/b", None),
        ];
        for (repository, expected) in cases {
            assert_eq!(
                commit_url(repository, None, "1f").as_deref(),
                expected,
                "{repository}"
            );
        }
        let given = commit_url("https://git.example.org/a/b", Some(Forge::Gitea), "1f");
        assert_eq!(
            given.as_deref(),
            Some("https://git.example.org/a/b/commit/1f")
        );
    }
}
