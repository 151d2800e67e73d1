//! A project with its Warehouses and Stages, and how to look at it. It panics where a test would fail.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test may end at the first thing that is not as it should be"
)]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::git::Repo;
use crate::image::Image;
use crate::{Needs, World, wait_for};

/// Longer than anything here takes, also on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// A project in a world with Argosy.
#[derive(Debug)]
pub struct Pipeline<'w> {
    /// Where it is.
    pub world: &'w World,
    /// Its name, and that of its namespace.
    pub name: String,
}

impl Pipeline<'static> {
    /// A new project in the world that all tests of this process share, whose Stages promote by
    /// themselves where `auto` names them.
    pub async fn new(name: &str, auto: &[&str]) -> Self {
        let needs = Needs::default().cluster().git().registry();
        let world = World::shared(needs).await.unwrap();
        world.argosy().await.unwrap();
        Self::within(world, name, auto).await
    }
}

impl<'w> Pipeline<'w> {
    /// A new project in a world in which Argosy runs.
    pub async fn within(world: &'w World, name: &str, auto: &[&str]) -> Self {
        let pipeline = Self {
            world,
            name: world.project(name),
        };
        let policies: Vec<_> = auto
            .iter()
            .map(|stage| format!("{{stage: {stage}, autoPromotionEnabled: true}}"))
            .collect();
        let (name, policies) = (&pipeline.name, policies.join(", "));
        pipeline
            .cluster_apply(&format!(
                "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {{name: {name}}}\n\
                 spec: {{promotionPolicies: [{policies}]}}\n"
            ))
            .await;
        let ready = |it: &Value| condition(it, "Ready", "True");
        pipeline
            .wait("projects", name, "the project is ready", ready)
            .await;
        pipeline
    }

    /// A Git repository that Argosy may read and write, and its address.
    pub async fn repository(&self, name: &str, files: &[(&str, &str)]) -> (Repo, String) {
        let path = format!("github.com/{}/{name}", self.name);
        let repo = self.world.git().await.unwrap().repo(&path).await.unwrap();
        repo.commit("main", "Begin", files).await.unwrap();
        repo.private("jane", "open-sesame");
        self.apply(&format!(
            "apiVersion: v1\nkind: Secret\n\
             metadata: {{name: {name}, labels: {{kargo.akuity.io/cred-type: git}}}}\n\
             stringData: {{repoURL: 'https://{path}', username: jane, password: open-sesame}}\n"
        ))
        .await;
        (repo, format!("https://{path}"))
    }

    /// Applies manifests as they are.
    pub async fn cluster_apply(&self, manifests: &str) {
        self.world
            .cluster()
            .await
            .unwrap()
            .apply(manifests)
            .await
            .unwrap();
    }

    /// Applies manifests in the project's namespace.
    pub async fn apply(&self, manifests: &str) {
        self.kubectl_with(&["apply", "-f", "-"], manifests)
            .await
            .unwrap();
    }

    /// Creates one object in the project's namespace; gives its name.
    pub async fn create(&self, manifest: &str) -> String {
        let args = ["create", "-f", "-", "-o", "jsonpath={.metadata.name}"];
        self.kubectl_with(&args, manifest).await.unwrap()
    }

    /// Runs kubectl in the project's namespace.
    ///
    /// # Errors
    /// What kubectl says.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.kubectl_with(args, "").await
    }

    /// As [`Pipeline::kubectl`], with text on standard input.
    ///
    /// # Errors
    /// What kubectl says.
    pub async fn kubectl_with(&self, args: &[&str], input: &str) -> Result<String> {
        let cluster = self.world.cluster().await?;
        let args: Vec<_> = ["--namespace", &self.name]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        cluster.kubectl_with(&args, input).await
    }

    /// A Warehouse of this name that takes the images of the repository `image()`.
    pub async fn warehouse(&self, name: &str) {
        let image = self.image(name);
        self.apply(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{name: {name}}}\n\
             spec:\n  interval: 1h\n  subscriptions:\n  - image: {{repoURL: {image}, constraint: ^1.0.0}}\n"
        ))
        .await;
    }

    /// The repository of a Warehouse's images, as people write it.
    pub fn image(&self, warehouse: &str) -> String {
        format!("ghcr.io/{}/{warehouse}", self.name)
    }

    /// Puts an image into a Warehouse's repository.
    pub async fn push(&self, warehouse: &str, tag: &str) {
        let registry = self.world.registry().await.unwrap();
        let image = Image::new(&format!("{}/{warehouse}:{tag}", self.name));
        registry
            .push(&self.image(warehouse), tag, &image)
            .await
            .unwrap();
    }

    /// Asks a Warehouse to look at once.
    pub async fn refresh(&self, warehouse: &str) {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let token = format!("kargo.akuity.io/refresh={}", now.as_nanos());
        self.kubectl(&["annotate", "--overwrite", "warehouse", warehouse, &token])
            .await
            .unwrap();
    }

    /// A Stage; `sources` and `steps` are YAML in flow style.
    pub async fn stage(&self, name: &str, warehouses: &[&str], sources: &str, steps: &str) {
        let requests: String = warehouses
            .iter()
            .map(|it| {
                format!("  - {{origin: {{kind: Warehouse, name: {it}}}, sources: {sources}}}\n")
            })
            .collect();
        let template = if steps.is_empty() {
            String::new()
        } else {
            format!("  promotionTemplate: {{spec: {{steps: {steps}}}}}\n")
        };
        self.apply(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Stage\nmetadata: {{name: {name}}}\nspec:\n  \
             requestedFreight:\n{requests}{template}"
        ))
        .await;
    }

    /// Creates a Promotion as a person would; gives its name.
    pub async fn promote(&self, stage: &str, freight: &str) -> String {
        self.create(&format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Promotion\nmetadata: {{generateName: {stage}-}}\n\
             spec: {{stage: {stage}, freight: {freight}}}\n"
        ))
        .await
    }

    /// One object.
    ///
    /// # Errors
    /// If it is not there.
    pub async fn get(&self, kind: &str, name: &str) -> Result<Value> {
        let text = self.kubectl(&["get", kind, name, "-o", "json"]).await?;
        serde_json::from_str(&text).context("kubectl gave no JSON")
    }

    /// The objects that a label selector chooses.
    pub async fn list(&self, kind: &str, selector: &str) -> Vec<Value> {
        let text = self
            .kubectl(&["get", kind, "-l", selector, "-o", "json"])
            .await
            .unwrap();
        let list: Value = serde_json::from_str(&text).unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// Waits until an object is as it should be, and gives it.
    pub async fn wait(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        wait_for(what, SOON, || async {
            let object = self.get(kind, name).await?;
            ensure!(is(&object), "{kind} {name} is {object:#}");
            Ok(object)
        })
        .await
        .unwrap()
    }

    /// Waits until a promotion has ended; gives it.
    pub async fn ended(&self, promotion: &str) -> Value {
        self.wait("promotions", promotion, "the promotion ends", |it| {
            matches!(phase(it), "Succeeded" | "Failed" | "Errored" | "Aborted")
        })
        .await
    }

    /// Waits until a Warehouse has made Freight of the image with this tag; gives the Freight's name.
    pub async fn freight(&self, warehouse: &str, tag: &str) -> String {
        let image = self.image(warehouse);
        wait_for("the image becomes Freight", SOON, || async {
            let selector = format!("argosy.dev/warehouse={warehouse}");
            let all = self.list("freights", &selector).await;
            let found = all.iter().find(|it| {
                let images = it["images"].as_array();
                images.is_some_and(|it| {
                    it.iter()
                        .any(|it| it["repoURL"] == *image && it["tag"] == tag)
                })
            });
            found
                .and_then(|it| it["metadata"]["name"].as_str())
                .map(ToOwned::to_owned)
                .with_context(|| format!("there are only {all:?}"))
        })
        .await
        .unwrap()
    }

    /// Waits until Freight is verified in a Stage.
    pub async fn verified(&self, freight: &str, stage: &str) {
        self.wait("freights", freight, "the Freight is verified", |it| {
            it["status"]["verifiedIn"][stage].is_object()
        })
        .await;
    }
}

/// Whether a condition of an object has this status.
pub fn condition(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.is_some_and(|it| {
        it.iter()
            .any(|it| it["type"] == kind && it["status"] == status)
    })
}

/// The message of a condition of an object.
pub fn message<'a>(object: &'a Value, kind: &str) -> &'a str {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.and_then(|it| it.iter().find(|it| it["type"] == kind));
    found
        .and_then(|it| it["message"].as_str())
        .unwrap_or_default()
}

/// The phase of a promotion, or an empty text.
pub fn phase(promotion: &Value) -> &str {
    promotion["status"]["phase"].as_str().unwrap_or_default()
}
