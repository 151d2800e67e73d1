//! `fail`: ends the promotion.

use argosy_core::steps::fail;
use async_trait::async_trait;

use super::{Fault, Ran, Runner, StepRun};

/// Runs `fail`.
pub(super) struct Fail;

#[async_trait]
impl Runner for Fail {
    fn kind(&self) -> &'static str {
        "fail"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let message = run.config(fail::parse)?.message.unwrap_or_default();
        Err(Fault::failed(match message.as_str() {
            "" => "failed".to_owned(),
            message => format!("failed: {message}"),
        }))
    }
}
