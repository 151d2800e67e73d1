//! `git-commit`: commits what has changed in a work tree.

use argosy_core::steps::git_commit::{self, Config};
use async_trait::async_trait;
use serde_json::Value;

use super::git_remote::{author, key, outcome};
use super::{Fault, Ran, Runner, StepRun};

/// Runs `git-commit`.
pub(super) struct GitCommit;

#[async_trait]
impl Runner for GitCommit {
    fn kind(&self) -> &'static str {
        "git-commit"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(git_commit::parse)?;
        let message = message(run, &config)?;
        let folder = run.workdir.join(&config.path)?;
        let chosen = config.author.map(author);
        match run
            .services
            .git
            .commit(&folder, &message, chosen, &key(run))
            .await
        {
            Err(error) => outcome(Some(&config.path), &error),
            Ok(done) => {
                let ran = if done.changed {
                    Ran::succeeded()
                } else {
                    Ran::skipped("nothing has changed")
                };
                Ok(ran.with_output("commit", done.commit))
            }
        }
    }
}

fn message(run: &StepRun, config: &Config) -> Result<String, Fault> {
    if let Some(message) = &config.message {
        return Ok(message.clone());
    }
    let mut messages = Vec::new();
    for alias in &config.message_from_steps {
        let said = run
            .outputs
            .get(alias)
            .and_then(|output| output.get("commitMessage"));
        let Some(said) = said.and_then(Value::as_str) else {
            return Err(Fault::failed(format!(
                "step {alias:?} has no output commitMessage"
            )));
        };
        messages.push(said);
    }
    Ok(git_commit::joined_message(&messages))
}
