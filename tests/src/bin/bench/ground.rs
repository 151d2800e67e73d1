//! What every row stands on.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::faults::Faults;
use argosy_tests::git::Repo;
use argosy_tests::image::Image;
use argosy_tests::project::Project;
use argosy_tests::{Needs, World};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Api, Client};

/// Nothing takes longer than this.
pub(crate) const LONG: Duration = Duration::from_secs(300);

/// A world with counters before its registry, and Argosy in it.
pub(crate) struct Ground {
    // Dropped in this order.
    pub(crate) argosy: Argosy,
    pub(crate) registry: Faults,
    pub(crate) client: Client,
    pub(crate) world: World,
}

impl Ground {
    pub(crate) async fn start() -> Result<Self> {
        let world = World::start(Needs::default().cluster().git().registry()).await?;
        let registry = Faults::before(&world.registry().await?.url()).await?;
        let options = Options::default()
            .mirror("ghcr.io", &format!("{}/ghcr.io", registry.host()))
            .env("ARGOSY_REGISTRY_RATE", "1000")
            .env("ARGOSY_LOG_LEVEL", "info");
        let argosy = Argosy::start(&world, options).await?;
        let client = world.cluster().await?.client().await?;
        Ok(Self {
            argosy,
            registry,
            client,
            world,
        })
    }

    /// Objects of a kind in a namespace, without the cost of starting `kubectl`.
    pub(crate) fn api(&self, namespace: &str, kind: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("kargo.akuity.io", "v1alpha1", kind);
        let mut resource = ApiResource::from_gvk(&kind);
        if kind.kind == "Freight" {
            "freights".clone_into(&mut resource.plural);
        }
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }

    /// A Project with a repository of its own.
    pub(crate) async fn project(
        &self,
        name: &str,
        automatic: &[&str],
    ) -> Result<(Project<'_>, Repo)> {
        let name = self.world.project(name);
        let repo = self
            .world
            .git()
            .await?
            .repo(&format!("github.com/{name}/app"))
            .await?;
        let project = Project::create(self.world.cluster().await?, &name, automatic).await?;
        Ok((project, repo))
    }

    pub(crate) async fn push(&self, project: &Project<'_>, tag: &str) -> Result<()> {
        let repository = format!("ghcr.io/{}/app", project.name);
        let image = Image::new(&format!("{repository}:{tag}"));
        self.world
            .registry()
            .await?
            .push(&repository, tag, &image)
            .await
            .map(drop)
    }

    /// The time until there is Freight with this tag, and its name.
    pub(crate) async fn freight(
        &self,
        project: &Project<'_>,
        tag: &str,
    ) -> Result<(Duration, String)> {
        let freights = self.api(&project.name, "Freight");
        timed(async || {
            let list = freights.list(&ListParams::default()).await?;
            let found = list
                .items
                .iter()
                .find(|it| it.data["images"][0]["tag"] == tag);
            Ok(found.and_then(|it| it.metadata.name.clone()))
        })
        .await
    }

    /// The time until `count` Promotions have succeeded.
    pub(crate) async fn succeeded(&self, project: &Project<'_>, count: usize) -> Result<Duration> {
        let promotions = self.api(&project.name, "Promotion");
        let (time, ()) = timed(async || {
            let list = promotions.list(&ListParams::default()).await?;
            let phases = list
                .items
                .iter()
                .map(|it| it.data["status"]["phase"].as_str());
            let mut done = 0;
            for phase in phases {
                match phase {
                    Some("Succeeded") => done += 1,
                    Some("Failed" | "Errored" | "Aborted") => bail!("a promotion failed"),
                    _ => {}
                }
            }
            Ok((count <= done).then_some(()))
        })
        .await?;
        Ok(time)
    }
}

/// Ask until there is an answer; the result is the time that took, and the answer.
pub(crate) async fn timed<T, F>(mut ask: impl FnMut() -> F) -> Result<(Duration, T)>
where
    F: Future<Output = Result<Option<T>>>,
{
    let begin = Instant::now();
    while begin.elapsed() < LONG {
        if let Some(answer) = ask().await? {
            return Ok((begin.elapsed(), answer));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None.with_context(|| format!("nothing within {LONG:?}"))
}

/// A Warehouse `app` for the image `app`.
pub(crate) fn warehouse(project: &str, selection: &str) -> String {
    format!(
        "apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {{ name: app }}
spec:
  subscriptions:
  - image: {{ repoURL: ghcr.io/{project}/app, {selection} }}
"
    )
}

/// A Stage that writes the tag to `<stage>/values.yaml` and pushes it to `branch`.
pub(crate) fn stage(project: &str, stage: &str, branch: &str) -> String {
    format!(
        "apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {{ name: {stage} }}
spec:
  requestedFreight:
  - origin: {{ kind: Warehouse, name: app }}
    sources: {{ direct: true }}
  promotionTemplate:
    spec:
      steps:
      - uses: git-clone
        config:
          repoURL: https://github.com/{project}/app
          checkout: [{{ branch: {branch}, path: ./src }}]
      - uses: yaml-update
        config:
          path: ./src/{stage}/values.yaml
          updates:
          - {{ key: image.tag, value: \"${{{{ imageFrom('ghcr.io/{project}/app').Tag }}}}\" }}
      - uses: git-commit
        config: {{ path: ./src, message: 'Promote to {stage}' }}
      - uses: git-push
        config: {{ path: ./src }}
"
    )
}
