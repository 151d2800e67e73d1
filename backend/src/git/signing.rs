//! Signing commits, with the program `gpg`: libgit2 cannot.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::GitError;
use super::error::Doing as _;
use crate::secret::Secret;

/// Signing takes milliseconds; a program that waits for a person never ends.
const LIMIT: Duration = Duration::from_secs(20);
const DOING: &str = "signing a commit";

/// The armoured signature of `content` by a private key.
pub(super) fn sign(content: &str, key: &Secret) -> Result<String, GitError> {
    // A key ring of its own for each signature: keys of two projects never meet.
    let home = tempfile::Builder::new()
        .prefix("gpg")
        .tempdir()
        .doing(DOING)?;
    let signed = gpg(home.path(), &["--import"], key.expose()).and_then(|_| {
        gpg(
            home.path(),
            &["--armor", "--detach-sign", "--pinentry-mode", "loopback"],
            content,
        )
    });
    // `gpg` starts an agent that would stay.
    let mut end = Command::new("gpgconf");
    let _ = end
        .arg("--homedir")
        .arg(home.path())
        .args(["--kill", "all"])
        .status();
    signed
}

fn gpg(home: &Path, arguments: &[&str], input: &str) -> Result<String, GitError> {
    let signing = |reason: &str| GitError::Signing {
        reason: reason.to_owned(),
    };
    let mut child = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args(["--batch", "--no-tty", "--quiet", "--yes"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|_| signing("the program `gpg` is not installed"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // If it does not read, it has ended and says so below.
        let _ = stdin.write_all(input.as_bytes());
    }
    let finished = wait(&mut child)?;
    let mut output = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut output).doing(DOING)?;
    }
    if finished {
        Ok(output)
    } else {
        Err(signing(
            "`gpg` does not accept the signing key; it must be an armoured private key \
                     without a passphrase",
        ))
    }
}

// Whether it ended well. A signature is far smaller than what a pipe holds, so nothing is read
// meanwhile.
fn wait(child: &mut Child) -> Result<bool, GitError> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().doing(DOING)? {
            return Ok(status.success());
        }
        if LIMIT < began.elapsed() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(GitError::Signing {
                reason: "`gpg` does not answer".to_owned(),
            });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
