//! `copy`: copies files and folders inside the work directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use argosy_core::steps::copy::{self, Config};
use async_trait::async_trait;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use tokio_util::sync::CancellationToken;

use super::files::reason;
use super::{Fault, Ran, Runner, StepRun, WorkDir};

/// Runs `copy`.
pub(super) struct Copy;

#[async_trait]
impl Runner for Copy {
    fn kind(&self) -> &'static str {
        "copy"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(copy::parse)?;
        let cancel = run.cancel.clone();
        run.blocking(move |workdir| copy(workdir, &config, &cancel))
            .await?;
        Ok(Ran::succeeded())
    }
}

fn copy(workdir: &WorkDir, config: &Config, cancel: &CancellationToken) -> Result<(), Fault> {
    let cannot = |error: &io::Error| {
        Fault::errored(format!(
            "cannot copy {:?} to {:?}: {}",
            config.in_path,
            config.out_path,
            reason(error)
        ))
    };
    let from = workdir.join(&config.in_path)?;
    let to = workdir.join(&config.out_path)?;
    if !fs::metadata(&from)
        .map_err(|error| cannot(&error))?
        .is_dir()
    {
        return copy_file(&from, &to).map_err(|error| cannot(&error));
    }
    let ignored = ignored(&from, config.ignore.as_deref())?;
    // All that is there before the first file is written: a folder may be copied into itself.
    let found = list(&from, &to, &ignored).map_err(|error| cannot(&error))?;
    fs::create_dir_all(&to).map_err(|error| cannot(&error))?;
    for item in found {
        if cancel.is_cancelled() {
            return Err(Fault::errored("stopped"));
        }
        let below = Path::new(&config.out_path).join(&item.below);
        // What is there already may hold links, so each place is looked at anew.
        let place = workdir.join(&below.to_string_lossy())?;
        let copied = if item.folder {
            fs::create_dir_all(&place)
        } else {
            copy_file(&from.join(&item.below), &place)
        };
        copied.map_err(|error| cannot(&error))?;
    }
    Ok(())
}

struct Item {
    /// Path below the folder that is copied.
    below: PathBuf,
    folder: bool,
}

fn list(from: &Path, to: &Path, ignored: &Gitignore) -> io::Result<Vec<Item>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let below = folder.join(entry.file_name());
            let skipped = entry.file_name() == ".git"
                || !(kind.is_dir() || kind.is_file())
                || entry.path() == to
                || ignored.matched(&below, kind.is_dir()).is_ignore();
            if skipped {
                continue;
            }
            if kind.is_dir() {
                folders.push(below.clone());
            }
            found.push(Item {
                below,
                folder: kind.is_dir(),
            });
        }
    }
    // A folder comes before what is in it.
    found.sort_by(|a, b| a.below.cmp(&b.below));
    Ok(found)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    // `fs::copy` would empty a file that is copied onto itself.
    if from != to {
        fs::copy(from, to)?;
    }
    Ok(())
}

fn ignored(root: &Path, patterns: Option<&str>) -> Result<Gitignore, Fault> {
    let wrong =
        |error: ignore::Error| Fault::failed(format!("invalid copy config: ignore: {error}"));
    let mut builder = GitignoreBuilder::new(root);
    for line in patterns.unwrap_or_default().lines() {
        builder.add_line(None, line).map_err(wrong)?;
    }
    builder.build().map_err(wrong)
}
