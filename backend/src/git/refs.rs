//! What a server has: its branches and tags.

use std::collections::BTreeMap;

use git2::Oid;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::address::Endpoint;
use super::http::{Http, Question, Service};
use super::packet::{Message, Packets};

/// More than this is not read: a million branches are 60 MB.
const LIMIT: u64 = 128 * 1024 * 1024;

/// Who asks, in every message.
pub(super) const AGENT: &str = concat!("agent=argosy/", env!("CARGO_PKG_VERSION"));

/// Branches and tags of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heads {
    /// The branch that is meant when none is named, without `refs/heads/`.
    pub default_branch: Option<String>,
    /// By full name, such as `refs/heads/main`.
    pub refs: BTreeMap<String, Head>,
}

/// What a branch or tag points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The object itself: a commit, or the object of an annotated tag.
    pub id: Oid,
    /// The commit, also of an annotated tag.
    pub commit: Oid,
}

/// What is known of how a server is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// The repository's address after redirects.
    pub(super) base: Url,
    /// Words for what it can do.
    pub(super) can: Vec<String>,
    /// Whether it speaks version 2 of the protocol.
    pub(super) second_version: bool,
}

impl Server {
    /// Whether it can do something: `thin-pack`, or `ls-refs=unborn` for one of a list.
    pub(super) fn can(&self, word: &str) -> bool {
        match word.split_once('=') {
            None => self.can.iter().any(|can| can == word),
            Some((word, part)) => self
                .value(word)
                .is_some_and(|parts| parts.split(' ').any(|can| can == part)),
        }
    }

    fn value(&self, word: &str) -> Option<&str> {
        self.can
            .iter()
            .find_map(|can| can.strip_prefix(word)?.strip_prefix('='))
    }
}

/// Lists the branches and tags whose full names begin with one of `prefixes`. A server that
/// cannot choose sends all. With what is known of the `server`, one request; otherwise two.
pub(super) async fn list(
    http: &Http,
    to: &Endpoint,
    server: Option<Server>,
    prefixes: &[String],
    cancel: &CancellationToken,
) -> Result<(Server, Heads), GitError> {
    let server = match server {
        Some(server) => server,
        None => match offers(http, to, Service::Upload, cancel).await? {
            (server, heads) if !server.second_version => return Ok((server, heads)),
            (server, _) => server,
        },
    };
    if !server.second_version {
        return offers(http, to, Service::Upload, cancel).await;
    }
    let mut message = Message::default()
        .line("command=ls-refs\n")
        .line(&format!("{AGENT}\n"));
    if server.can("object-format=sha1") {
        message = message.line("object-format=sha1\n");
    }
    message = message.delimiter().line("peel\n").line("symrefs\n");
    if server.can("ls-refs=unborn") {
        message = message.line("unborn\n");
    }
    let message = message
        .line("ref-prefix HEAD\n")
        .lines(
            prefixes
                .iter()
                .map(|prefix| format!("ref-prefix {prefix}\n")),
        )
        .flush()
        .into_bytes();
    let question = Question {
        service: Service::Upload,
        operation: "list",
        second_version: true,
        message,
        pack: None,
    };
    let answer = http.ask(to, &server.base, question, cancel).await?;
    let heads = second_version(&lines(
        to,
        &answer.all(LIMIT, "the list of branches").await?,
    )?);
    Ok((server, heads))
}

/// Asks what a service can do and, unless it speaks version 2, what branches and tags there are.
pub(super) async fn offers(
    http: &Http,
    to: &Endpoint,
    service: Service,
    cancel: &CancellationToken,
) -> Result<(Server, Heads), GitError> {
    let answer = http.offers(to, service, cancel).await?;
    let base = answer.base();
    let lines = lines(to, &answer.all(LIMIT, "the list of branches").await?)?;
    let second_version = lines.first().is_some_and(|line| line == "version 2");
    let (can, heads) = if second_version {
        (lines, Heads::default())
    } else {
        first_version(&lines)
    };
    let server = Server {
        base,
        can,
        second_version,
    };
    if server
        .value("object-format")
        .is_some_and(|format| !format.contains("sha1"))
    {
        return Err(GitError::Protocol {
            repository: to.repository.clone(),
            reason: "it uses SHA-256, which is not supported yet".to_owned(),
        });
    }
    Ok((server, heads))
}

// A message from the server to people is an error.
fn lines(to: &Endpoint, answer: &[u8]) -> Result<Vec<String>, GitError> {
    let mut packets = Packets::default();
    packets.push(answer);
    let mut lines = Vec::new();
    loop {
        match packets.next() {
            Ok(Some(packet)) => {
                // A name that is not UTF-8 cannot be asked for in a manifest.
                let Some(line) = packet.line() else { continue };
                if let Some(message) = line.strip_prefix("ERR ") {
                    return Err(GitError::Remote {
                        repository: to.repository.clone(),
                        message: message.to_owned(),
                    });
                }
                if !line.starts_with("# service=") {
                    lines.push(line.to_owned());
                }
            }
            Ok(None) if packets.is_empty() => return Ok(lines),
            Ok(None) | Err(_) => {
                return Err(GitError::Protocol {
                    repository: to.repository.clone(),
                    reason: "its list of branches cannot be read".to_owned(),
                });
            }
        }
    }
}

// `<id> <name>\0<what it can do>`, then `<id> <name>` and `<id> <name>^{}`.
fn first_version(lines: &[String]) -> (Vec<String>, Heads) {
    let mut heads = Heads::default();
    let mut can = Vec::new();
    for line in lines {
        let line = match line.split_once('\0') {
            Some((line, words)) => {
                can = words
                    .split(' ')
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect();
                line
            }
            None => line,
        };
        let Some((id, name)) = line.split_once(' ') else {
            continue;
        };
        let Ok(id) = Oid::from_str(id) else { continue };
        match name.strip_suffix("^{}") {
            Some("capabilities") => {}
            Some(tag) => {
                if let Some(head) = heads.refs.get_mut(tag) {
                    head.commit = id;
                }
            }
            None if is_head(name) => {
                heads.refs.insert(name.to_owned(), Head { id, commit: id });
            }
            None => {}
        }
    }
    let head = can
        .iter()
        .find_map(|word| word.strip_prefix("symref=HEAD:refs/heads/"));
    heads.default_branch = head.map(str::to_owned);
    (can, heads)
}

// `<id> <name> [symref-target:<name>] [peeled:<id>]`, or `unborn HEAD symref-target:<name>`.
fn second_version(lines: &[String]) -> Heads {
    let mut heads = Heads::default();
    for line in lines {
        let mut words = line.split(' ');
        let (Some(id), Some(name)) = (words.next(), words.next()) else {
            continue;
        };
        let attribute = |key: &str| words.clone().find_map(|word| word.strip_prefix(key));
        if name == "HEAD" {
            let target = attribute("symref-target:refs/heads/");
            heads.default_branch = target.map(str::to_owned);
        }
        let Ok(id) = Oid::from_str(id) else { continue };
        // The default branch is known from this line alone, also when it was not asked for.
        let default = match (name, &heads.default_branch) {
            ("HEAD", Some(branch)) => Some(format!("refs/heads/{branch}")),
            _ => None,
        };
        let name = default.as_deref().unwrap_or(name);
        if is_head(name) {
            let peeled = attribute("peeled:").and_then(|id| Oid::from_str(id).ok());
            heads.refs.insert(
                name.to_owned(),
                Head {
                    id,
                    commit: peeled.unwrap_or(id),
                },
            );
        }
    }
    heads
}

fn is_head(name: &str) -> bool {
    name.starts_with("refs/heads/") || name.starts_with("refs/tags/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn check(heads: &Heads) {
        assert_eq!(heads.default_branch.as_deref(), Some("trunk"));
        let names: Vec<_> = heads.refs.keys().map(String::as_str).collect();
        assert_eq!(names, ["refs/heads/trunk", "refs/tags/v1"]);
        let tag = heads.refs["refs/tags/v1"];
        assert_eq!(
            (tag.id.to_string(), tag.commit.to_string()),
            (B.to_owned(), A.to_owned())
        );
    }

    #[test]
    fn both_versions_of_the_protocol_list_the_same() {
        let (can, heads) = first_version(&[
            format!("{A} HEAD\0 thin-pack symref=HEAD:refs/heads/trunk"),
            format!("{A} refs/heads/trunk"),
            format!("{A} refs/pull/1/head"),
            format!("{B} refs/tags/v1"),
            format!("{A} refs/tags/v1^{{}}"),
            "nonsense".to_owned(),
        ]);
        check(&heads);
        assert_eq!(can, ["thin-pack", "symref=HEAD:refs/heads/trunk"]);
        check(&second_version(&[
            format!("{A} HEAD symref-target:refs/heads/trunk"),
            format!("{A} refs/heads/trunk"),
            format!("{B} refs/tags/v1 peeled:{A}"),
            "nonsense".to_owned(),
        ]));
    }

    #[test]
    fn an_empty_repository_may_name_its_default_branch() {
        let zero = "0".repeat(40);
        let (_, first) = first_version(&[format!("{zero} capabilities^{{}}\0report-status")]);
        assert_eq!(first, Heads::default());
        let second = second_version(&["unborn HEAD symref-target:refs/heads/main".to_owned()]);
        assert_eq!(second.default_branch.as_deref(), Some("main"));
        assert!(second.refs.is_empty());
    }
}
