//! `kustomize-set-image`: sets images in a kustomization.

use argosy_api::artifact::Image;
use argosy_core::kustomization::FILE_NAMES;
use argosy_core::steps::kustomize_set_image::{self, Config};
use async_trait::async_trait;

use super::files::{read_text, write_text};
use super::{Fault, Ran, Runner, StepRun, WorkDir};

/// Runs `kustomize-set-image`.
pub(super) struct KustomizeSetImage;

#[async_trait]
impl Runner for KustomizeSetImage {
    fn kind(&self) -> &'static str {
        "kustomize-set-image"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(kustomize_set_image::parse)?;
        let images = run
            .freight
            .items
            .values()
            .flat_map(|freight| freight.images.iter().cloned());
        let images: Vec<Image> = images.collect();
        run.blocking(move |workdir| set_images(workdir, &config, &images))
            .await
    }
}

fn set_images(workdir: &WorkDir, config: &Config, images: &[Image]) -> Result<Ran, Fault> {
    let file = file(workdir, &config.path)?;
    let path = workdir.join(&file)?;
    let text = read_text(&path, &file)?;
    let edited = config
        .edit(&text, images)
        .map_err(|error| Fault::errored(format!("cannot set images in {file:?}: {error}")))?;
    if edited.text != text {
        write_text(&path, &file, &edited.text)?;
    }
    Ok(Ran::succeeded().with_output("commitMessage", edited.commit_message))
}

/// The kustomization of a folder, which may be called in several ways.
fn file(workdir: &WorkDir, folder: &str) -> Result<String, Fault> {
    for name in FILE_NAMES {
        let file = format!("{}/{name}", folder.trim_end_matches('/'));
        if workdir.join(&file)?.is_file() {
            return Ok(file);
        }
    }
    Err(Fault::errored(format!(
        "there is no {} in {folder:?}",
        FILE_NAMES.join(", ")
    )))
}
