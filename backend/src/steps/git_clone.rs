//! `git-clone`: puts work trees of a repository into the work directory.

use argosy_core::steps::git_clone::{self, Config, Revision as Chosen};
use async_trait::async_trait;
use serde_json::{Map, Value};

use super::git_remote::{author, outcome, remote};
use super::{Fault, Ran, Runner, StepRun};
use crate::git::{Checkout, Clone, Revision};

/// Runs `git-clone`.
pub(super) struct GitClone;

#[async_trait]
impl Runner for GitClone {
    fn kind(&self) -> &'static str {
        "git-clone"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        // Every blob is in the local copy already or comes with its history, so `blobless` saves
        // nothing here.
        let Config {
            repo_url,
            checkout,
            author: chosen,
            insecure_skip_tls_verify,
            recurse_submodules,
            blobless: _,
        } = run.config(git_clone::parse)?;
        let remote = remote(run, &repo_url, insecure_skip_tls_verify)?;
        let place = |checkout: &git_clone::Checkout| {
            Ok(Checkout {
                key: checkout.output_key().to_owned(),
                folder: run.workdir.join(&checkout.path)?,
                revision: revision(checkout.revision()),
                sparse: checkout.sparse.clone(),
            })
        };
        let what = Clone {
            checkouts: checkout.iter().map(place).collect::<Result<_, Fault>>()?,
            author: chosen.map(author),
            submodules: recurse_submodules,
        };
        let cloning = run.services.git.checkout(&remote, &what, &run.cancel);
        match run.turn.waiting(cloning).await {
            Err(error) => outcome(None, &error),
            Ok(done) => {
                let commits: Map<String, Value> = done
                    .into_iter()
                    .map(|done| (done.key, done.commit.into()))
                    .collect();
                Ok(Ran::succeeded().with_output("commits", commits))
            }
        }
    }
}

fn revision(chosen: Chosen<'_>) -> Revision {
    match chosen {
        Chosen::DefaultBranch => Revision::DefaultBranch,
        Chosen::Branch(branch) => Revision::Branch(branch.to_owned()),
        Chosen::BranchOrNew(branch) => Revision::BranchOrNew(branch.to_owned()),
        Chosen::Tag(tag) => Revision::Tag(tag.to_owned()),
        Chosen::Commit(commit) => Revision::Commit(commit.to_owned()),
    }
}
