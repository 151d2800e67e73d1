//! `git-commit`: commits what has changed in a work tree.

use argosy_core::steps::git_commit::{self, Config};
use async_trait::async_trait;

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
    // Steps that were skipped have nothing to say.
    let said = |alias: &String| run.outputs.get(alias)?.get("commitMessage")?.as_str();
    let messages: Vec<&str> = config.message_from_steps.iter().filter_map(said).collect();
    if messages.is_empty() {
        let aliases = config.message_from_steps.join(", ");
        return Err(Fault::broken(format!(
            "none of the steps in messageFromSteps ({aliases}) has an output commitMessage"
        )));
    }
    Ok(git_commit::joined_message(&messages))
}
