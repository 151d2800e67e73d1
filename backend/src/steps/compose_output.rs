//! `compose-output`: leaves its configuration as its output.

use argosy_core::steps::compose_output;
use async_trait::async_trait;

use super::{Fault, Ran, Runner, StepRun};

/// Runs `compose-output`.
pub(super) struct ComposeOutput;

#[async_trait]
impl Runner for ComposeOutput {
    fn kind(&self) -> &'static str {
        "compose-output"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let outputs = run.config(compose_output::parse)?.outputs;
        Ok(Ran {
            output: Some(outputs),
            ..Ran::succeeded()
        })
    }
}
