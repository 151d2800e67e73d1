//! `delete`: deletes files and folders of the work directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use argosy_core::steps::delete::{self, Config};
use async_trait::async_trait;
use globset::{GlobBuilder, GlobMatcher};

use super::files::reason;
use super::{Fault, Ran, Runner, StepRun, WorkDir};

/// Runs `delete`.
pub(super) struct Delete;

#[async_trait]
impl Runner for Delete {
    fn kind(&self) -> &'static str {
        "delete"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(delete::parse)?;
        // A step that is repeated after a crash may find its work done; the note tells that from a wrong path.
        let begun = run.journal.noted("begun").is_some();
        if config.strict && !begun {
            let checked = config.clone();
            run.blocking(move |workdir| found(workdir, &checked, true))
                .await?;
            run.journal.note("begun", true.into()).await?;
        }
        run.blocking(move |workdir| delete(workdir, &config))
            .await?;
        Ok(Ran::succeeded())
    }
}

fn delete(workdir: &WorkDir, config: &Config) -> Result<(), Fault> {
    for place in found(workdir, config, false)? {
        remove(&place).map_err(|error| {
            let shown = workdir.relative(&place).display().to_string();
            Fault::errored(format!("cannot delete {shown:?}: {}", reason(&error)))
        })?;
    }
    Ok(())
}

/// What the configuration means. With `strict`, a path that means nothing is an error.
fn found(workdir: &WorkDir, config: &Config, strict: bool) -> Result<Vec<PathBuf>, Fault> {
    let mut found = Vec::new();
    for path in config.all_paths() {
        let before = found.len();
        if config.paths_are_globs {
            found.extend(matching(workdir, path)?);
        } else {
            // The link itself is deleted, not what it points at.
            let place = workdir.join_unfollowed(path)?;
            if place == workdir.root() {
                return Err(Fault::failed(format!(
                    "path {path:?} is the work directory itself"
                )));
            }
            found.extend(place.symlink_metadata().is_ok().then_some(place));
        }
        if strict && found.len() == before {
            return Err(Fault::errored(format!("nothing to delete at {path:?}")));
        }
    }
    Ok(found)
}

fn matching(workdir: &WorkDir, pattern: &str) -> Result<Vec<PathBuf>, Fault> {
    let wrong = |error: globset::Error| {
        Fault::broken(format!(
            "invalid glob pattern {pattern:?}: {}",
            error.kind()
        ))
    };
    if Path::new(pattern)
        .components()
        .any(|part| part == std::path::Component::ParentDir)
    {
        return Err(Fault::failed(format!(
            "glob pattern {pattern:?} must not contain \"..\""
        )));
    }
    let plain = pattern.trim_start_matches('/').trim_start_matches("./");
    let glob = GlobBuilder::new(plain)
        .literal_separator(true)
        .build()
        .map_err(wrong)?
        .compile_matcher();
    let mut found = Vec::new();
    collect(workdir.root(), Path::new(""), &glob, &mut found).map_err(|error| {
        Fault::errored(format!("cannot look for {pattern:?}: {}", reason(&error)))
    })?;
    Ok(found)
}

fn collect(
    root: &Path,
    below: &Path,
    glob: &GlobMatcher,
    found: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let below = below.join(entry.file_name());
        if glob.is_match(&below) {
            found.push(entry.path());
        } else if entry.file_type()?.is_dir() {
            collect(root, &below, glob, found)?;
        }
    }
    Ok(())
}

fn remove(place: &Path) -> io::Result<()> {
    let removed = match place.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(error) => Err(error),
    };
    match removed {
        // It was named twice, or lay in a folder that was named as well.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
