//! The pipelines of `manifests/examples`, with what they find in Git and in the registry.

mod echo_server;
mod silly_demo;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::git::Repo;
use crate::image::Image;
use crate::kubernetes::{Cluster, repository};
use crate::project::Project;
use crate::{Folder, World, command, program, wait_for};

pub use echo_server::ECHO_SERVER;
pub use silly_demo::SILLY_DEMO;

/// What the examples call `GITHUB_PAT`.
const PASSWORD: &str = "a-token-for-pushing";

/// A pipeline of three stages, the first of which promotes by itself.
#[derive(Debug, Clone, Copy)]
pub struct Seed {
    /// The folder in `manifests/examples`.
    pub folder: &'static str,
    /// The Project.
    pub project: &'static str,
    /// The Warehouse.
    pub warehouse: &'static str,
    /// The Stages, in the order in which a release passes them.
    pub stages: [&'static str; 3],
    /// What the Application of a stage is called before `-<stage>`, if there are Applications.
    pub applications: Option<&'static str>,
    /// The images, as the registry of the run knows them.
    pub images: &'static str,
    /// The tags that the images have in the beginning.
    pub tags: fn() -> Vec<String>,
    /// The repository, as the Git server of the run knows it.
    pub repository: &'static str,
    /// The branch with the files.
    pub branch: &'static str,
    /// The files in the repository, path and content.
    pub files: fn() -> Vec<(String, String)>,
    /// Who may push, with a password that the example's Secret gets.
    pub user: &'static str,
}

impl Seed {
    /// The seed whose folder has this name.
    pub fn named(folder: &str) -> Option<Self> {
        [SILLY_DEMO, ECHO_SERVER]
            .into_iter()
            .find(|seed| seed.folder == folder)
    }

    /// Fill the registry.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push_images(&self, world: &World) -> Result<()> {
        let images = (self.tags)().into_iter().enumerate().map(|(count, tag)| {
            let (hour, day) = (count % 24, count / 24 + 1);
            let image = Image::new(&format!("{}:{tag}", self.images));
            (
                tag,
                image.created(&format!("2024-10-{day:02}T{hour:02}:00:00Z")),
            )
        });
        world.registry().await?.push_all(self.images, images).await
    }

    /// Put one more image into the registry.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push_image(&self, world: &World, tag: &str) -> Result<String> {
        let image = Image::new(&format!("{}:{tag}", self.images));
        let image = image.created("2024-12-01T00:00:00Z");
        world.registry().await?.push(self.images, tag, &image).await
    }

    /// Make the repository.
    ///
    /// # Errors
    /// When git refuses.
    pub async fn make_repository(&self, world: &World) -> Result<Repo> {
        let repo = world.git().await?.repo(self.repository).await?;
        let files = (self.files)();
        let files = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()));
        repo.commit(self.branch, "Initial commit", &files.collect::<Vec<_>>())
            .await?;
        repo.user(self.user, PASSWORD);
        Ok(repo)
    }

    /// Let the branches that Applications look at have what their overlays say, if there are any.
    ///
    /// # Errors
    /// When kustomize refuses.
    pub async fn render(&self, repo: &Repo) -> Result<()> {
        if self.applications.is_none() {
            return Ok(());
        }
        let folder = Folder::new()?;
        for (path, text) in (self.files)() {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().context("a file without a folder")?)?;
            fs::write(path, text)?;
        }
        for stage in self.stages {
            let mut build = Command::new(program("kustomize")?);
            build
                .arg("build")
                .arg(folder.path().join("kustomize/overlays").join(stage));
            let manifests = command::output(build, "").await?;
            let branch = format!("stage/{stage}");
            repo.commit(&branch, "Render", &[("manifests.yaml", &manifests)])
                .await?;
        }
        Ok(())
    }

    /// Where the example's manifests are.
    pub fn path(&self, file: &str) -> PathBuf {
        repository()
            .join("manifests/examples")
            .join(self.folder)
            .join(file)
    }

    /// One of the example's manifests, with the environment variables that its article sets.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn manifest(&self, file: &str) -> Result<String> {
        let path = self.path(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(text
            .replace(
                "${GITHUB_REPO_URL}",
                &format!("https://{}", self.repository),
            )
            .replace("${GITHUB_USERNAME}", self.user)
            .replace("${GITHUB_PAT}", PASSWORD))
    }

    /// The seed's Project.
    pub fn project_in<'a>(&self, cluster: &'a Cluster) -> Project<'a> {
        Project::new(cluster, self.project)
    }

    /// Wait until the Application of `stage` is synced at `commit` and healthy.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn deployed(
        &self,
        cluster: &Cluster,
        stage: &str,
        commit: &str,
        within: Duration,
    ) -> Result<()> {
        let Some(prefix) = self.applications else {
            return Ok(());
        };
        let application = format!("{prefix}-{stage}");
        let path = "jsonpath={.status.sync.revision} {.status.sync.status} {.status.health.status}";
        let get = [
            "get",
            "-n",
            "argocd",
            "application",
            &application,
            "-o",
            path,
        ];
        let wanted = format!("{commit} Synced Healthy");
        wait_for(
            &format!("Application {application} is synced and healthy"),
            within,
            || async {
                let found = cluster.kubectl(&get).await?;
                ensure!(found == wanted, "it is `{found}` instead of `{wanted}`");
                Ok(())
            },
        )
        .await
    }
}
