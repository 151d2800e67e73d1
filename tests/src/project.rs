//! A Project in a cluster, as a person with `kubectl` works on it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::kubernetes::Cluster;
use crate::wait_for;

/// The words for a Promotion that has ended.
const ENDS: [&str; 4] = ["Succeeded", "Failed", "Errored", "Aborted"];

/// A Project and its namespace.
#[derive(Debug, Clone)]
pub struct Project<'a> {
    /// Where it is.
    pub cluster: &'a Cluster,
    /// Its name, which is that of its namespace.
    pub name: String,
}

impl<'a> Project<'a> {
    /// The Project of this name, which somebody makes.
    pub fn new(cluster: &'a Cluster, name: &str) -> Self {
        Self {
            cluster,
            name: name.to_owned(),
        }
    }

    /// Make it, with stages that promote by themselves, and wait for its namespace.
    ///
    /// # Errors
    /// When the API refuses it or the namespace does not come.
    pub async fn create(cluster: &'a Cluster, name: &str, automatic: &[&str]) -> Result<Self> {
        let project = Self::new(cluster, name);
        let policies = automatic.iter().map(|stage| {
            format!("    - stageSelector: {{ name: {stage} }}\n      autoPromotionEnabled: true\n")
        });
        let policies = policies.collect::<String>();
        let kind = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project";
        cluster
            .apply(&format!("{kind}\nmetadata: {{ name: {name} }}\n"))
            .await?;
        project.ready(Duration::from_secs(30)).await?;
        if !automatic.is_empty() {
            let config = format!("{kind}Config\nmetadata: {{ name: {name}, namespace: {name} }}");
            let spec = format!("spec:\n  promotionPolicies:\n{policies}");
            cluster.apply(&format!("{config}\n{spec}")).await?;
        }
        Ok(project)
    }

    /// Wait until the namespace is there.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn ready(&self, within: Duration) -> Result<()> {
        wait_for(
            &format!("Project {} has its namespace", self.name),
            within,
            || async {
                self.cluster
                    .kubectl(&["get", "namespace", &self.name])
                    .await
                    .map(drop)
            },
        )
        .await
    }

    /// Apply manifests in the namespace.
    ///
    /// # Errors
    /// When the API refuses one.
    pub async fn apply(&self, manifests: &str) -> Result<()> {
        self.cluster
            .kubectl_with(&["-n", &self.name, "apply", "-f", "-"], manifests)
            .await
            .map(drop)
    }

    /// An object of the namespace.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get(&self, kind: &str, name: &str) -> Result<Value> {
        let get = ["-n", &self.name, "get", kind, name, "-o", "json"];
        Ok(serde_json::from_str(&self.cluster.kubectl(&get).await?)?)
    }

    /// All objects of a kind, oldest first.
    ///
    /// # Errors
    /// When the kind is unknown.
    pub async fn list(&self, kind: &str) -> Result<Vec<Value>> {
        let sort = "--sort-by=.metadata.creationTimestamp";
        let get = ["-n", &self.name, "get", kind, sort, "-o", "json"];
        let mut list: Value = serde_json::from_str(&self.cluster.kubectl(&get).await?)?;
        match list["items"].take() {
            Value::Array(items) => Ok(items),
            other => bail!("a list of {kind} has the items {other}"),
        }
    }

    /// Ask a Warehouse to look at its sources again.
    ///
    /// # Errors
    /// When there is no such Warehouse.
    pub async fn refresh(&self, warehouse: &str) -> Result<()> {
        let token = format!(
            "kargo.akuity.io/refresh={}",
            crate::kubernetes::fresh("refresh")
        );
        let annotate = [
            "-n",
            &self.name,
            "annotate",
            "--overwrite",
            "warehouse",
            warehouse,
            &token,
        ];
        self.cluster.kubectl(&annotate).await.map(drop)
    }

    /// The Freight that has an image with this tag, once it is there.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn freight(&self, tag: &str, within: Duration) -> Result<String> {
        wait_for(
            &format!("there is Freight with the image {tag}"),
            within,
            || async {
                let all = self.list("freights").await?;
                let has = |freight: &&Value| {
                    let images = freight["images"].as_array();
                    images.is_some_and(|images| images.iter().any(|image| image["tag"] == tag))
                };
                let freight = all
                    .iter()
                    .find(has)
                    .with_context(|| format!("none of {}", all.len()))?;
                Ok(name_of(freight))
            },
        )
        .await
    }

    /// The newest Freight, once there is any.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn newest_freight(&self, within: Duration) -> Result<String> {
        wait_for("the Warehouse makes Freight", within, || async {
            let all = self.list("freights").await?;
            Ok(name_of(all.last().context("there is none")?))
        })
        .await
    }

    /// What to write in order to promote `freight` to `stage`.
    pub fn promotion(&self, stage: &str, freight: &str) -> String {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1
kind: Promotion
metadata:
  generateName: {stage}-
  namespace: {}
spec:
  stage: {stage}
  freight: {freight}
",
            self.name
        )
    }

    /// Promote by hand; the result is the Promotion's name.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn promote(&self, stage: &str, freight: &str) -> Result<String> {
        let promotion = self.promotion(stage, freight);
        let create = ["create", "-f", "-", "-o", "name"];
        let name = self.cluster.kubectl_with(&create, &promotion).await?;
        Ok(name
            .trim()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned())
    }

    /// Wait until this Promotion has ended; the result is the whole object.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn ended(&self, promotion: &str, within: Duration) -> Result<Value> {
        wait_for(&format!("Promotion {promotion} ends"), within, || async {
            let found = self.get("promotion", promotion).await?;
            let phase = found["status"]["phase"].as_str().unwrap_or_default();
            ensure!(ENDS.contains(&phase), "its status is {}", found["status"]);
            Ok(found)
        })
        .await
    }

    /// Wait until this Promotion has succeeded; the result is the whole object.
    ///
    /// # Errors
    /// At once when it ends otherwise, else when the time is over.
    pub async fn succeeded(&self, promotion: &str, within: Duration) -> Result<Value> {
        let ended = self.ended(promotion, within).await?;
        if ended["status"]["phase"] != "Succeeded" {
            bail!("Promotion {promotion} ended with {}", ended["status"]);
        }
        Ok(ended)
    }

    /// Wait until some Promotion of `freight` to `stage` has succeeded; the result is its name.
    ///
    /// # Errors
    /// At once when the newest one ends otherwise, else when the time is over.
    pub async fn promoted(&self, stage: &str, freight: &str, within: Duration) -> Result<String> {
        let name = wait_for(
            &format!("{freight} is promoted to {stage}"),
            within,
            || async {
                let all = self.list("promotions").await?;
                let ours =
                    |it: &&Value| it["spec"]["stage"] == stage && it["spec"]["freight"] == freight;
                Ok(name_of(
                    all.iter()
                        .rfind(ours)
                        .context("there is no such Promotion")?,
                ))
            },
        )
        .await?;
        self.succeeded(&name, within).await?;
        Ok(name)
    }
}

/// The name of an object.
pub fn name_of(object: &Value) -> String {
    object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
