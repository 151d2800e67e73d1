//! Getting objects from a server into a local copy.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use git2::{Oid, Repository};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::address::Endpoint;
use super::error::Doing as _;
use super::http::{Answer, Http, Question, Service};
use super::packet::{Message, Packet, Packets};
use super::refs::{AGENT, Server};

/// What is fetched, and into what.
pub(super) struct Fetch {
    /// The bare repository that the objects are added to.
    pub(super) into: PathBuf,
    /// Commits and tags that are wanted with everything that they refer to.
    pub(super) wants: Vec<Oid>,
    /// Commits that are there with everything that they refer to.
    pub(super) haves: Vec<Oid>,
    /// The most bytes that are taken.
    pub(super) limit: u64,
}

/// Fetches objects, with one request.
pub(super) async fn fetch(
    http: &Http,
    to: &Endpoint,
    server: &Server,
    fetch: Fetch,
    cancel: &CancellationToken,
) -> Result<(), GitError> {
    let message = if server.second_version {
        second_version(server, &fetch)
    } else {
        first_version(server, &fetch)
    };
    let question = Question {
        service: Service::Upload,
        operation: "fetch",
        second_version: server.second_version,
        message,
        pack: None,
    };
    let answer = http.ask(to, &server.base, question, cancel).await?;
    // Few, so that a slow disk slows the server down instead of filling memory.
    let (parts, received) = mpsc::channel(8);
    let into = fetch.into.clone();
    let stored = tokio::task::spawn_blocking(move || store(&into, received));
    let arrived = pump(to, answer, &parts, fetch.limit).await;
    if arrived.is_ok() {
        // If nobody takes it, storing has failed and says why below.
        let _ = parts.send(Part::End).await;
    }
    drop(parts);
    let stored = stored.await.unwrap_or(Err(GitError::Cancelled));
    match (arrived, stored) {
        // Storing ends early because the rest did not arrive, or the other way round.
        (Err(GitError::Cancelled), Err(error)) => Err(error),
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(())) => Ok(()),
    }
}

enum Part {
    Bytes(Bytes),
    End,
}

// Sends what is to be stored on, and leaves out what the server says to people.
async fn pump(
    to: &Endpoint,
    mut answer: Answer,
    parts: &mpsc::Sender<Part>,
    limit: u64,
) -> Result<(), GitError> {
    let protocol = |reason: &str| GitError::Protocol {
        repository: to.repository.clone(),
        reason: reason.to_owned(),
    };
    let refused = |message: &[u8]| GitError::Remote {
        repository: to.repository.clone(),
        message: String::from_utf8_lossy(message).trim().to_owned(),
    };
    let mut packets = Packets::default();
    let mut received = 0;
    let mut in_pack = false;
    while let Some(chunk) = answer.chunk().await? {
        packets.push(&chunk);
        while let Some(packet) = packets
            .next()
            .map_err(|_| protocol("its objects are garbled"))?
        {
            let Packet::Data(data) = packet else { continue };
            match data.split_first() {
                Some((1, _)) => {
                    in_pack = true;
                    received += data.len() as u64;
                    if limit < received {
                        return Err(GitError::TooLarge {
                            repository: to.repository.clone(),
                            what: "the history",
                            limit,
                        });
                    }
                    if parts.send(Part::Bytes(data.slice(1..))).await.is_err() {
                        // Storing has failed, and says why.
                        return Err(GitError::Cancelled);
                    }
                }
                Some((3, message)) => return Err(refused(message)),
                Some(_) if data.starts_with(b"ERR ") => return Err(refused(data.split_at(4).1)),
                // Progress, acknowledgements, names of sections.
                Some(_) | None => {}
            }
        }
    }
    if in_pack {
        Ok(())
    } else {
        Err(protocol("it sent no objects"))
    }
}

fn store(into: &Path, mut received: mpsc::Receiver<Part>) -> Result<(), GitError> {
    const DOING: &str = "storing what was fetched";
    let repository = Repository::open_bare(into).doing(DOING)?;
    let odb = repository.odb().doing(DOING)?;
    let mut writer = odb.packwriter().doing(DOING)?;
    loop {
        match received.blocking_recv() {
            Some(Part::Bytes(bytes)) => writer
                .write_all(&bytes)
                // The writer keeps the reason to itself.
                .map_err(|_| git2::Error::last_error(-1))
                .doing(DOING)?,
            Some(Part::End) => return writer.commit().doing(DOING).map(drop),
            None => return Err(GitError::Cancelled),
        }
    }
}

fn second_version(server: &Server, fetch: &Fetch) -> Vec<u8> {
    let mut message = Message::default()
        .line("command=fetch\n")
        .line(&format!("{AGENT}\n"));
    if server.can("object-format=sha1") {
        message = message.line("object-format=sha1\n");
    }
    message
        .delimiter()
        .line("thin-pack\n")
        .line("no-progress\n")
        .line("ofs-delta\n")
        .lines(fetch.wants.iter().map(|id| format!("want {id}\n")))
        .lines(fetch.haves.iter().map(|id| format!("have {id}\n")))
        .line("done\n")
        .flush()
        .into_bytes()
}

fn first_version(server: &Server, fetch: &Fetch) -> Vec<u8> {
    // Azure demands the first of these.
    let words = [
        "multi_ack_detailed",
        "side-band-64k",
        "thin-pack",
        "no-progress",
        "ofs-delta",
    ];
    let words: Vec<&str> = words.into_iter().filter(|word| server.can(word)).collect();
    let mut words = words.join(" ");
    if server.can.iter().any(|can| can.starts_with("agent=")) {
        words = format!("{words} {AGENT}");
    }
    let mut wants = fetch.wants.iter();
    Message::default()
        .lines(wants.next().map(|id| format!("want {id} {words}\n")))
        .lines(wants.map(|id| format!("want {id}\n")))
        .flush()
        .lines(fetch.haves.iter().map(|id| format!("have {id}\n")))
        .line("done\n")
        .into_bytes()
}
