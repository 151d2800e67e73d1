//! Addresses that are reached at another place than the one people write.
//!
//! A site without a way to the internet, and the demo, keep `https://github.com/…` and `ghcr.io/…`
//! in their manifests and have the requests sent to copies.

use std::borrow::Cow;
use std::str::FromStr;

/// Prefixes of addresses and what is put in their place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors {
    // The longest prefix first, so that the first match is the right one.
    rules: Vec<Mirror>,
}

/// One prefix and what is put in its place, written `from=to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The prefix as people write it: `https://github.com/`, `ghcr.io`.
    pub from: String,
    /// The prefix to use instead: `http://127.0.0.1:3000/`.
    pub to: String,
}

/// A mirror that was not written as `from=to`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mirror: write the address and its replacement as `from=to`")]
pub struct NotAMirror(String);

impl Mirrors {
    /// The address to ask instead of `address`: the longest prefix that ends where a part of the
    /// address ends is replaced. Without one, `address` itself.
    pub fn rewrite<'a>(&self, address: &'a str) -> Cow<'a, str> {
        self.rules
            .iter()
            .find_map(|rule| rule.apply(address))
            .map_or(Cow::Borrowed(address), Cow::Owned)
    }

    /// Whether no address is replaced.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl FromIterator<Mirror> for Mirrors {
    fn from_iter<I: IntoIterator<Item = Mirror>>(mirrors: I) -> Self {
        let mut rules: Vec<Mirror> = mirrors.into_iter().collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.stem().len()));
        Self { rules }
    }
}

impl FromStr for Mirror {
    type Err = NotAMirror;

    fn from_str(text: &str) -> Result<Self, NotAMirror> {
        match text.split_once('=') {
            Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => Ok(Self {
                from: from.trim().to_owned(),
                to: to.trim().to_owned(),
            }),
            Some(_) | None => Err(NotAMirror(text.to_owned())),
        }
    }
}

impl Mirror {
    fn stem(&self) -> &str {
        self.from.trim_end_matches('/')
    }

    // Hosts are not case-sensitive, and no site has two copies that differ in case alone.
    fn apply(&self, address: &str) -> Option<String> {
        let stem = self.stem();
        let (head, rest) = address.split_at_checked(stem.len())?;
        if !head.eq_ignore_ascii_case(stem) {
            return None;
        }
        // `https://github.com` is no prefix of `https://github.com.example.org/`, nor of
        // `https://github.com:8443/`, which is another server.
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let to = self.to.trim_end_matches('/');
        Some(format!("{to}{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mirrors: &[&str], address: &str, expected: &str) {
        let mirrors: Mirrors = mirrors.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(mirrors.rewrite(address), expected);
    }

    #[test]
    fn a_prefix_is_replaced() {
        let github = "https://github.com/=http://127.0.0.1:1234/";
        check(
            &[github],
            "https://github.com/acme/app.git",
            "http://127.0.0.1:1234/acme/app.git",
        );
        check(
            &[github],
            "https://GitHub.com/acme",
            "http://127.0.0.1:1234/acme",
        );
        check(
            &[github],
            "https://gitlab.com/acme",
            "https://gitlab.com/acme",
        );
        check(
            &["ghcr.io=127.0.0.1:5000/ghcr"],
            "ghcr.io/acme/app",
            "127.0.0.1:5000/ghcr/acme/app",
        );
        check(&["a/b=c/"], "a/b", "c");
    }

    #[test]
    fn the_longest_prefix_wins() {
        let mirrors = [
            "https://github.com=http://a",
            "https://github.com/acme/=http://b",
        ];
        check(&mirrors, "https://github.com/acme/app", "http://b/app");
        check(
            &mirrors,
            "https://github.com/acmeria/app",
            "http://a/acmeria/app",
        );
    }

    #[test]
    fn a_prefix_ends_where_a_part_of_the_address_ends() {
        let mirrors = ["https://github.com=http://a", "ghcr.io=registry"];
        check(
            &mirrors,
            "https://github.com.example.org/x",
            "https://github.com.example.org/x",
        );
        check(&mirrors, "ghcr.io:5000/x", "ghcr.io:5000/x");
        check(&mirrors, "ghcr.iö/x", "ghcr.iö/x");
    }

    #[test]
    fn half_a_mirror_is_refused() {
        for text in ["", "ghcr.io", "=x", "x=", " = "] {
            assert!(text.parse::<Mirror>().is_err(), "{text:?}");
        }
    }
}
