//! Folders that are gone after the run, also after a run that was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};
use std::os::unix::process::CommandExt as _;

/// Waits for the end of its input, which comes when its owner ends in whatever way, and removes a
/// folder. Other processes may still be writing there while they die, hence the repetition.
const REMOVER: &str = r#"
trap '' INT TERM HUP
while read -r _; do :; done
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    rm -rf "$1" 2>/dev/null
    [ -e "$1" ] || exit 0
    sleep 0.1
done
"#;

/// A new empty folder, removed when this is dropped and when this process dies.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    remover: Child,
    input: Option<ChildStdin>,
}

impl Folder {
    /// A folder among the temporary ones, in memory where the machine offers that.
    ///
    /// # Errors
    /// When the folder or the process that will remove it cannot be made.
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let made = tempfile::Builder::new()
            .prefix("argosy-")
            .tempdir_in(memory)
            .or_else(|_| tempfile::Builder::new().prefix("argosy-").tempdir())
            .context("cannot make a temporary folder")?;
        Self::owning(made.keep())
    }

    /// The folder at `path`, emptied.
    ///
    /// # Errors
    /// When what lies there cannot be removed, or the folder cannot be made.
    pub fn at(path: PathBuf) -> Result<Self> {
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot empty {}", path.display()))?;
        }
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Self::owning(path)
    }

    fn owning(path: PathBuf) -> Result<Self> {
        let mut remover = Command::new("sh")
            .args(["-c", REMOVER, "remover"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        let input = remover.stdin.take();
        Ok(Self {
            path,
            remover,
            input,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside, made if it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn sub(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.input.take());
        // The remover answers for the folder; how it ended says nothing that one could act on here.
        let _ended = self.remover.wait();
    }
}
