//! `yaml-update`: sets values in a YAML file.

use argosy_core::edit::yaml::YamlError;
use argosy_core::steps::yaml_update;
use async_trait::async_trait;

use super::files::{read_text, write_text};
use super::{Fault, Ran, Runner, StepRun};

/// Runs `yaml-update`.
pub(super) struct YamlUpdate;

#[async_trait]
impl Runner for YamlUpdate {
    fn kind(&self) -> &'static str {
        "yaml-update"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(yaml_update::parse)?;
        run.blocking(move |workdir| {
            let path = workdir.join(&config.path)?;
            let text = read_text(&path, &config.path)?;
            let wrong = |error: YamlError| {
                Fault::errored(format!("cannot update {:?}: {error}", config.path))
            };
            let edited = config.edit(&text).map_err(wrong)?;
            if edited.text != text {
                write_text(&path, &config.path, &edited.text)?;
            }
            Ok(Ran::succeeded().with_output("commitMessage", edited.commit_message))
        })
        .await
    }
}
