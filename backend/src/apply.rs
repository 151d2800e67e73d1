//! `argosy apply`: server-side apply in an order that needs no webhook.
//!
//! A Project's namespace is made by the controller, so what lives in it can only be applied after that. Argo CD does
//! the same with sync waves; `kubectl apply` has to be run twice.

mod documents;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use argosy_api::labels;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::{DynamicObject, GroupVersionKind, TypeMeta};
use kube::discovery::{self, ApiResource, Scope};
use kube::{Api, Client, ResourceExt as _};
use tokio::time::Instant;

use self::documents::Document;
use crate::telemetry::chain;
use crate::{kubernetes, tls};

/// What to apply.
pub struct Input {
    /// Files, folders, or `-`.
    pub files: Vec<PathBuf>,
    /// Whether to look into folders within folders.
    pub recursive: bool,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
}

/// Owns the fields that it applies.
const MANAGER: &str = "argosy-apply";
/// How long a Project's namespace may take. A running controller needs a fraction of a second.
const NAMESPACE_WAIT: Duration = Duration::from_secs(30);
/// Between looks at the namespace. Users may read it more often than they may watch it.
const LOOK: Duration = Duration::from_millis(200);

/// Applies everything, and tells for each object what came of it. An object that cannot be applied does not keep the
/// others from it.
///
/// # Errors
/// If something cannot be read, or if any object was not applied.
pub async fn execute(input: Input, out: &mut impl Write) -> anyhow::Result<()> {
    let Input {
        files,
        recursive,
        namespace,
    } = input;
    let mut documents = documents::read(&files, recursive)?;
    if documents.is_empty() {
        bail!("there is no object in what was given");
    }
    documents.sort_by_key(|document| rank(&document.types));
    tls::use_ring();
    let client = kubernetes::connect()
        .await
        .context("cannot find out how to reach the cluster")?
        .calls;
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let mut applier = Applier {
        client,
        namespace,
        kinds: HashMap::new(),
    };
    let (mut failed, total) = (0_usize, documents.len());
    for document in documents {
        let place = document.place.clone();
        match applier.apply(document).await {
            Ok(line) => writeln!(out, "{line}")?,
            Err(error) => {
                failed += 1;
                writeln!(out, "{place}: {}", chain(&*error))?;
            }
        }
    }
    if 0 < failed {
        bail!("{failed} of {total} objects were not applied");
    }
    Ok(())
}

/// Namespaces, then Projects, then what lives in them, in the order given; Promotions last, when there is something to
/// promote to.
fn rank(types: &TypeMeta) -> u8 {
    let ours = types.api_version == argosy_api::API_VERSION;
    match (ours, types.kind.as_str()) {
        (false, "CustomResourceDefinition") => 0,
        (false, "Namespace") => 1,
        (true, "Project") => 2,
        (true, "Freight") => 4,
        (true, "Promotion" | "PromotionRequest") => 5,
        _ => 3,
    }
}

struct Applier {
    client: Client,
    namespace: String,
    kinds: HashMap<GroupVersionKind, (ApiResource, Scope)>,
}

impl Applier {
    /// Applies one object; gives the line that tells what came of it.
    async fn apply(&mut self, document: Document) -> anyhow::Result<String> {
        let Document { types, object, .. } = document;
        let kind = GroupVersionKind::try_from(&types)
            .with_context(|| format!("`{}` is no apiVersion", types.api_version))?;
        let (resource, scope) = self.kind(&kind).await?;
        let name = object.metadata.name.clone().unwrap_or_default();
        let title = format!("{}/{name}", resource.kind.to_lowercase());
        let api: Api<DynamicObject> = match scope {
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            Scope::Namespaced => {
                let namespace = object.namespace().unwrap_or_else(|| self.namespace.clone());
                Api::namespaced_with(self.client.clone(), &namespace, &resource)
            }
        };
        if name.is_empty() {
            let created = api.create(&PostParams::default(), &object).await?;
            return Ok(format!("{title}{} created", created.name_any()));
        }
        let before = api
            .get_metadata_opt(&name)
            .await?
            .and_then(|object| object.metadata.resource_version);
        let after = api
            .patch(&name, &PatchParams::apply(MANAGER), &Patch::Apply(&object))
            .await?;
        let outcome = match before {
            None => "created",
            Some(before) if after.metadata.resource_version.as_ref() == Some(&before) => {
                "unchanged"
            }
            Some(_) => "configured",
        };
        if kind.group == argosy_api::GROUP && kind.kind == "Project" {
            self.wait_for_namespace(&name)
                .await
                .with_context(|| format!("{title} {outcome}, but"))?;
        }
        Ok(format!("{title} {outcome}"))
    }

    async fn kind(&mut self, kind: &GroupVersionKind) -> anyhow::Result<(ApiResource, Scope)> {
        if let Some(known) = self.kinds.get(kind) {
            return Ok(known.clone());
        }
        let found = discovery::pinned_kind(&self.client, kind).await;
        let (resource, capabilities) = found.with_context(|| {
            let (group, version, kind) = (&kind.group, &kind.version, &kind.kind);
            let hint = if group == argosy_api::GROUP {
                "; apply the output of `argosy crds` first"
            } else {
                ""
            };
            format!("the cluster has no {kind} in {group}/{version}{hint}")
        })?;
        let known = (resource, capabilities.scope);
        self.kinds.insert(kind.clone(), known.clone());
        Ok(known)
    }

    async fn wait_for_namespace(&self, name: &str) -> anyhow::Result<()> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let deadline = Instant::now() + NAMESPACE_WAIT;
        loop {
            if let Some(namespace) = api.get_opt(name).await? {
                let marked = namespace
                    .labels()
                    .get(labels::PROJECT)
                    .is_some_and(|value| value == labels::TRUE);
                if marked && namespace.metadata.deletion_timestamp.is_none() {
                    return Ok(());
                }
            }
            if deadline < Instant::now() {
                bail!(
                    "its namespace is not there after {} s: `kubectl describe project {name}` says why, if the controller runs",
                    NAMESPACE_WAIT.as_secs()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_comes_before_what_lives_in_its_namespace() {
        let types = |api_version: &str, kind: &str| TypeMeta {
            api_version: api_version.into(),
            kind: kind.into(),
        };
        let ours = |kind| types(argosy_api::API_VERSION, kind);
        let mut given = [
            ours("Promotion"),
            ours("Stage"),
            types("v1", "Secret"),
            ours("Freight"),
            ours("Project"),
            types("v1", "Namespace"),
            types("argoproj.io/v1alpha1", "Project"),
        ];
        given.sort_by_key(rank);
        let order: Vec<&str> = given.iter().map(|types| types.kind.as_str()).collect();
        assert_eq!(
            order,
            [
                "Namespace",
                "Project",
                "Stage",
                "Secret",
                "Project",
                "Freight",
                "Promotion"
            ]
        );
    }
}
