//! Giving commits to a server.

use std::collections::HashMap;

use git2::Oid;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::address::Endpoint;
use super::http::{Http, Question, Service};
use super::pack::Pack;
use super::packet::{Message, Packet, Packets};
use super::refs::AGENT;

/// An answer to a push is a few lines for each branch, and what hooks print.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A branch or tag that is to point elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Update {
    /// The full name.
    pub(super) reference: String,
    /// What it points to now, zero if it does not exist. If it has moved, the server refuses.
    pub(super) from: Oid,
    /// What it is to point to.
    pub(super) to: Oid,
}

/// What the server says of each update, by the full name: nothing if it is done, or why not.
pub(super) type Report = HashMap<String, Option<String>>;

/// Sends updates with the objects that they need, in one request.
pub(super) async fn push(
    http: &Http,
    to: &Endpoint,
    base: &Url,
    updates: &[Update],
    pack: &Pack,
    cancel: &CancellationToken,
) -> Result<Report, GitError> {
    let command = |(nth, update): (usize, &Update)| {
        let Update {
            reference,
            from,
            to,
        } = update;
        let words = format!("\0report-status side-band-64k {AGENT}");
        format!(
            "{from} {to} {reference}{}",
            if nth == 0 { words.as_str() } else { "" }
        )
    };
    let message = Message::default()
        .lines(updates.iter().enumerate().map(command))
        .flush()
        .into_bytes();
    let question = Question {
        service: Service::Receive,
        operation: "push",
        second_version: false,
        message,
        pack: Some(pack.chunks()),
    };
    let answer = http.ask(to, base, question, cancel).await?;
    let answer = answer.all(LIMIT, "the answer to the push").await?;
    read(&answer).map_err(|reason| GitError::Protocol {
        repository: to.repository.clone(),
        reason,
    })
}

// The report comes in a band of its own, beside what hooks print.
fn read(answer: &[u8]) -> Result<Report, String> {
    let garbled = || "its answer to the push cannot be read".to_owned();
    let mut outer = Packets::default();
    outer.push(answer);
    let mut inner = Packets::default();
    let mut said = String::new();
    let mut report = Report::new();
    let mut unpacked = false;
    let line = |line: &str, report: &mut Report, unpacked: &mut bool| {
        if let Some(rest) = line.strip_prefix("unpack ") {
            *unpacked = true;
            if rest != "ok" {
                return Err(format!("it could not take the objects: {rest}"));
            }
        } else if let Some(name) = line.strip_prefix("ok ") {
            report.insert(name.to_owned(), None);
        } else if let Some((name, reason)) =
            line.strip_prefix("ng ").and_then(|l| l.split_once(' '))
        {
            report.insert(name.to_owned(), Some(reason.to_owned()));
        }
        Ok(())
    };
    while let Some(packet) = outer.next().map_err(|_| garbled())? {
        let Packet::Data(data) = &packet else {
            continue;
        };
        match data.split_first() {
            Some((1, report)) => inner.push(report),
            Some((2, text)) => said.push_str(&String::from_utf8_lossy(text)),
            Some((3, text)) => return Err(String::from_utf8_lossy(text).trim().to_owned()),
            Some(_) | None => {
                if let Some(text) = packet.line() {
                    line(text, &mut report, &mut unpacked)?;
                }
            }
        }
    }
    while let Some(packet) = inner.next().map_err(|_| garbled())? {
        if let Some(text) = packet.line() {
            line(text, &mut report, &mut unpacked)?;
        }
    }
    if !unpacked {
        return Err(garbled());
    }
    // What a hook prints is for the person whose push it rejects.
    let said = said_to_people(&said);
    for reason in report.values_mut().flatten() {
        if !said.is_empty() {
            *reason = format!("{reason} ({said})");
        }
    }
    Ok(report)
}

fn said_to_people(text: &str) -> String {
    let lines = text
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join("; ");
    text.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banded(report: &[&str], said: &str) -> Vec<u8> {
        let report = report
            .iter()
            .fold(Message::default(), |all, line| all.line(line));
        let report = String::from_utf8(report.flush().into_bytes()).unwrap();
        Message::default()
            .line(&format!("\u{2}{said}"))
            .line(&format!("\u{1}{report}"))
            .flush()
            .into_bytes()
    }

    #[test]
    fn each_branch_has_its_result() {
        let answer = banded(
            &[
                "unpack ok\n",
                "ok refs/heads/a\n",
                "ng refs/heads/b pre-receive hook declined\n",
            ],
            "no pushes\non Friday\n",
        );
        let report = read(&answer).unwrap();
        assert_eq!(report["refs/heads/a"], None);
        let reason = "pre-receive hook declined (no pushes; on Friday)";
        assert_eq!(report["refs/heads/b"].as_deref(), Some(reason));
    }

    #[test]
    fn a_report_without_bands_is_read_too() {
        let answer = Message::default()
            .line("unpack ok\n")
            .line("ok refs/heads/a\n")
            .flush();
        assert_eq!(read(&answer.into_bytes()).unwrap()["refs/heads/a"], None);
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        assert!(read(b"<html>").is_err());
        assert!(read(b"0000").is_err());
        let full = banded(&["unpack unpack-objects abnormal exit\n"], "disk full");
        assert!(read(&full).unwrap_err().contains("abnormal exit"));
    }
}
