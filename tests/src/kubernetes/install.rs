//! Putting large manifests into a cluster, faster than `kubectl` does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::Value;

use super::Cluster;
use crate::wait_for;

impl Cluster {
    /// Let the API serve Argosy's resources and enforce its rules, as an installation on a cluster of
    /// this version does.
    ///
    /// # Errors
    /// When the server refuses something.
    pub async fn install(&self) -> Result<()> {
        let manifests = repository().join("manifests");
        self.install_crds(&manifests.join("crds")).await?;
        let client = self.client().await?;
        put_all(&client, &manifests.join("policies")).await?;
        put_all(&client, &manifests.join("policies/mutating")).await?;
        self.policies_know_the_kinds().await
    }

    /// Wait until the API server's policies know the new kinds, which is a little after it serves them.
    async fn policies_know_the_kinds(&self) -> Result<()> {
        for kind in ["Freight", "Promotion", "Stage", "Warehouse"] {
            let manifest = format!(
                "apiVersion: kargo.akuity.io/v1alpha1\nkind: {kind}\nmetadata: {{name: known}}\n\
                 origin: {{kind: Warehouse, name: a}}\nspec: {{stage: a, freight: b}}\n"
            );
            let create = ["create", "--dry-run=server", "--validate=false", "-f", "-"];
            wait_for(
                "the policies know the kinds",
                Duration::from_secs(60),
                || async {
                    let answer = self.kubectl_with(&create, &manifest).await;
                    let text = answer
                        .err()
                        .map(|error| error.to_string())
                        .unwrap_or_default();
                    ensure!(!text.contains("There can be a delay"), "{text}");
                    Ok(())
                },
            )
            .await?;
        }
        Ok(())
    }

    /// Apply the resource definitions in a folder, and wait until all resources are served.
    pub(crate) async fn install_crds(&self, folder: &Path) -> Result<()> {
        let client = self.client().await?;
        put_all(&client, folder).await?;
        let crds = Api::<CustomResourceDefinition>::all(client);
        wait_for(
            "all resources are served",
            Duration::from_secs(60),
            || async {
                for crd in crds.list(&ListParams::default()).await? {
                    let conditions = crd.status.and_then(|status| status.conditions);
                    let served = conditions.iter().flatten();
                    let served = served
                        .into_iter()
                        .any(|it| it.type_ == "Established" && it.status == "True");
                    ensure!(served, "{:?} is not", crd.metadata.name);
                }
                Ok(())
            },
        )
        .await
    }
}

/// Apply what lies in the files of a folder, not of the folders within.
async fn put_all(client: &Client, folder: &Path) -> Result<()> {
    let mut puts = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml");
        if !yaml || path.ends_with("kustomization.yaml") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for document in yaml_serde::Deserializer::from_str(&text) {
            let object = <Value as serde::Deserialize>::deserialize(document)
                .with_context(|| format!("{} is not YAML", path.display()))?;
            if !object.is_null() {
                puts.push(put(client, object));
            }
        }
    }
    futures::future::try_join_all(puts).await.map(drop)
}

async fn put(client: &Client, object: Value) -> Result<()> {
    let text = |pointer: &str| {
        let text = object.pointer(pointer).and_then(Value::as_str);
        text.with_context(|| format!("an object without {pointer}"))
    };
    let (version, kind, name) = (
        text("/apiVersion")?,
        text("/kind")?,
        text("/metadata/name")?,
    );
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    // Only what belongs to the cluster as a whole is put in this way.
    let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let how = PatchParams::apply("argosy-tests").force();
    api.patch(name, &how, &Patch::Apply(&object))
        .await
        .with_context(|| format!("{kind} {name} was refused"))?;
    Ok(())
}

/// The root of the repository that this crate was built in.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
