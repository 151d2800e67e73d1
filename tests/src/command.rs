//! Programs that run once and answer.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(120);

/// Run a program to its end; the result is what it prints. An error has what it says.
pub(crate) async fn output(mut command: Command, input: &str) -> Result<String> {
    let asked = describe(&command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {asked}"))?;
    let mut stdin = child.stdin.take().context("a program has no input")?;
    let feed = async move { stdin.write_all(input.as_bytes()).await };
    let both = async { tokio::join!(feed, child.wait_with_output()) };
    let Ok((fed, ended)) = timeout(LIMIT, both).await else {
        bail!("{asked} still runs after {LIMIT:?}");
    };
    let ended = ended?;
    if !ended.status.success() {
        bail!("{asked}: {}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    fed.with_context(|| format!("{asked} does not read its input"))?;
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

fn describe(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
