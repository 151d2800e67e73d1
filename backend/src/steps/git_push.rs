//! `git-push`: pushes the commits of a work tree.

use argosy_core::steps::git_push::{self, Provider, Target as Chosen};
use async_trait::async_trait;

use super::git_remote::{outcome, remote};
use super::{Fault, Ran, Runner, StepRun};
use crate::git::{Force, Forge, GitError, Push, Pushed, Target};

/// Runs `git-push`.
pub(super) struct GitPush;

#[async_trait]
impl Runner for GitPush {
    fn kind(&self) -> &'static str {
        "git-push"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(git_push::parse)?;
        let (target, force) = match config.target() {
            Chosen::CheckedOut => (Target::CheckedOut, config.force),
            Chosen::Branch(branch) => (Target::Branch(branch.to_owned()), config.force),
            // Nobody else pushes to it.
            Chosen::Generated => (
                Target::Branch(format!("kargo/promotion/{}", run.promotion.name)),
                true,
            ),
            Chosen::Tag(tag) => (Target::Tag(tag.to_owned()), false),
        };
        let what = Push {
            target,
            force: if force { Force::Always } else { Force::No },
            policy: None,
            max_attempts: config.max_attempts,
            forge: config.provider.map(forge),
        };
        match push(run, &config.path, &what).await? {
            Err(error) => outcome(Some(&config.path), &error),
            Ok(Pushed {
                commit,
                branch,
                url,
            }) => {
                let mut ran = Ran::succeeded().with_output("commit", commit);
                for (name, value) in [("branch", branch), ("commitURL", url)] {
                    if let Some(value) = value {
                        ran = ran.with_output(name, value);
                    }
                }
                Ok(ran)
            }
        }
    }
}

async fn push(run: &StepRun, path: &str, what: &Push) -> Result<Result<Pushed, GitError>, Fault> {
    let folder = run.workdir.join(path)?;
    let git = &run.services.git;
    let origin = match git.origin(&folder).await {
        Ok(origin) => origin,
        Err(error) => return Ok(Err(error)),
    };
    let remote = remote(run, &origin.url, origin.insecure_skip_tls)?;
    // Others may work meanwhile, and push with us.
    Ok(run
        .turn
        .waiting(git.push(&remote, &folder, what, &run.cancel))
        .await)
}

fn forge(provider: Provider) -> Forge {
    match provider {
        Provider::Azure => Forge::Azure,
        Provider::Bitbucket => Forge::Bitbucket,
        Provider::Gitea => Forge::Gitea,
        Provider::Github => Forge::GitHub,
        Provider::Gitlab => Forge::GitLab,
    }
}
