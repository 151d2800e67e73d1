//! `git-clear`: empties a work tree.

use argosy_core::steps::git_clear;
use async_trait::async_trait;

use super::git_remote::outcome;
use super::{Fault, Ran, Runner, StepRun};

/// Runs `git-clear`.
pub(super) struct GitClear;

#[async_trait]
impl Runner for GitClear {
    fn kind(&self) -> &'static str {
        "git-clear"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(git_clear::parse)?;
        let folder = run.workdir.join(&config.path)?;
        match run.services.git.clear(&folder).await {
            Ok(()) => Ok(Ran::succeeded()),
            Err(error) => outcome(Some(&config.path), &error),
        }
    }
}
