//! The runners of promotion steps: one file for each kind, named like the step.
//! Whether a step runs, and what becomes of its outcome, is decided in `argosy_core::promotion`; a runner only acts.

mod argocd_update;
mod away;
mod compose_output;
mod copy;
mod delete;
mod fail;
mod files;
mod git_clear;
mod git_clone;
mod git_commit;
mod git_push;
mod git_remote;
mod helm_dependencies;
mod helm_template;
mod journal;
mod kustomize_build;
mod kustomize_set_image;
mod run;
mod turn;
mod workdir;
mod yaml_update;

use async_trait::async_trait;

pub use argosy_core::promotion::{Fault, FaultKind, Progress, Ran};
pub(crate) use away::is_away;
pub use journal::{Journal, JournalError};
pub use run::{PromotionId, Services, StepRun};
pub use turn::Turn;
pub use workdir::WorkDir;

/// Every runner there is. A test compares them with the kinds that `argosy_core::steps` knows.
static RUNNERS: &[&dyn Runner] = &[
    &argocd_update::ArgocdUpdate,
    &compose_output::ComposeOutput,
    &copy::Copy,
    &delete::Delete,
    &fail::Fail,
    &git_clear::GitClear,
    &git_clone::GitClone,
    &git_commit::GitCommit,
    &git_push::GitPush,
    &helm_template::HelmTemplate,
    &kustomize_build::KustomizeBuild,
    &kustomize_set_image::KustomizeSetImage,
    &yaml_update::YamlUpdate,
];

/// What runs steps of this kind.
#[must_use]
pub fn runner(kind: &str) -> Option<&'static dyn Runner> {
    RUNNERS.iter().find(|runner| runner.kind() == kind).copied()
}

/// Runs one kind of step.
///
/// A runner must be safe to repeat: after a crash it is called again with the same [`StepRun`], and it cannot know how
/// far the first call came. So it looks at the world before it changes it (the remote head, the pull request of the
/// branch, the operation keyed by the promotion), and what it cannot see again it notes in the [`Journal`] beforehand.
#[async_trait]
pub trait Runner: Send + Sync {
    /// The name in `uses`.
    fn kind(&self) -> &'static str;

    /// Runs the step once. The caller drops the future when the step times out or the promotion is aborted, so
    /// whatever must be tidied up then belongs into a guard, or listens to [`StepRun::cancel`].
    async fn run(&self, run: &StepRun) -> Result<Ran, Fault>;
}
