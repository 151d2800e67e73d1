//! Argo CD's `Application`, reduced to what Argosy reads. All else is dropped when it arrives: there may be thousands,
//! and most of each is the list of its resources.
//!
//! So it cannot be written back. Whoever changes an Application reads it whole or patches it.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::{NamespaceResourceScope, ObjectMeta, Resource};
use serde::Deserialize;

use argosy_api::labels;

/// An application that Argo CD keeps in step with Git.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Application {
    /// Name, namespace, annotations.
    pub metadata: ObjectMeta,
    /// What it is made from.
    pub spec: ApplicationSpec,
    /// An operation that Argo CD has not picked up yet.
    pub operation: Option<Operation>,
    /// What Argo CD knows of it.
    pub status: ApplicationStatus,
}

/// What an application is made from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ApplicationSpec {
    /// Argo CD's project.
    pub project: String,
    /// The one source, where there is one.
    pub source: Option<Source>,
    /// The sources, where there are several. They count more than `source`.
    pub sources: Vec<Source>,
    /// How it is synchronised.
    pub sync_policy: Option<SyncPolicy>,
}

/// Where manifests come from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Source {
    /// The repository, as the user wrote it.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The chart, for a chart repository.
    pub chart: String,
    /// A branch, tag, commit or version.
    pub target_revision: String,
}

/// How an application is synchronised.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SyncPolicy {
    /// Options such as `CreateNamespace=true`.
    pub sync_options: Vec<String>,
    /// Passed on as it is.
    pub retry: Option<serde_json::Value>,
}

/// What Argo CD is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Operation {
    /// Notes of whoever asked.
    pub info: Vec<Info>,
}

/// A note on an operation.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Its name.
    pub name: String,
    /// Its text.
    pub value: String,
}

/// What Argo CD knows of an application.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ApplicationStatus {
    /// Whether what runs is well.
    pub health: Health,
    /// Whether what runs is what Git says.
    pub sync: SyncStatus,
    /// The last operation.
    pub operation_state: Option<OperationState>,
    /// When Argo CD last compared.
    pub reconciled_at: Option<Time>,
    /// Errors and warnings.
    pub conditions: Vec<ApplicationCondition>,
}

/// Whether what runs is well.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing`, `Unknown`, or empty.
    pub status: String,
    /// Why.
    pub message: String,
}

/// Whether what runs is what Git says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SyncStatus {
    /// `Synced`, `OutOfSync`, `Unknown`, or empty.
    pub status: String,
    /// What was compared with, for one source.
    pub revision: String,
    /// What was compared with, for several.
    pub revisions: Vec<String>,
}

/// An operation that Argo CD has picked up.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OperationState {
    /// What was asked.
    pub operation: Operation,
    /// `Running`, `Terminating`, `Succeeded`, `Failed` or `Error`.
    pub phase: String,
    /// Why.
    pub message: String,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// What a synchronisation has brought about.
    pub sync_result: Option<SyncResult>,
}

/// What a synchronisation has brought about.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SyncResult {
    /// What was applied, for one source.
    pub revision: String,
    /// What was applied, for several.
    pub revisions: Vec<String>,
    /// The source, as it was then.
    pub source: Option<Source>,
    /// The sources, as they were then.
    pub sources: Vec<Source>,
}

/// An error or a warning.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ApplicationCondition {
    /// For example `ComparisonError`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub message: String,
}

impl Application {
    /// The Stages that may change it: `project:stage` each, as the annotation lists them.
    pub fn authorized_stages(&self) -> impl Iterator<Item = &str> {
        let annotations = self.metadata.annotations.as_ref();
        let list = annotations.and_then(|annotations| annotations.get(labels::AUTHORIZED_STAGE));
        let stages = list.map_or("", String::as_str).split(',').map(str::trim);
        stages.filter(|stage| !stage.is_empty())
    }

    /// All sources, in order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let several = !self.spec.sources.is_empty();
        self.spec
            .source
            .iter()
            .filter(move |_| !several)
            .chain(&self.spec.sources)
    }
}

impl Resource for Application {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Application".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "argoproj.io".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1alpha1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "applications".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_application_is_read_for_what_matters() {
        let application: Application = serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": "dev",
                "annotations": { "kargo.akuity.io/authorized-stage": "shop:dev, shop:test,," },
            },
            "spec": { "project": "default", "source": { "repoURL": "https://example.com/a.git", "path": "." } },
            "status": {
                "operationState": {
                    "operation": { "info": [{ "name": "Reason", "value": "a promotion" }], "sync": {} },
                    "phase": "Succeeded",
                    "finishedAt": "2026-11-23T11:42:29Z",
                    "syncResult": { "revision": "18ba34e" },
                },
                "resources": [{ "kind": "Service" }],
            },
        }))
        .unwrap();
        let stages: Vec<&str> = application.authorized_stages().collect();
        assert_eq!(stages, ["shop:dev", "shop:test"]);
        assert_eq!(application.sources().count(), 1);
        let state = application.status.operation_state.unwrap();
        assert_eq!(
            (state.phase.as_str(), state.operation.info.len()),
            ("Succeeded", 1)
        );
        assert_eq!(state.sync_result.unwrap().revision, "18ba34e");
        assert_eq!(application.status.health.status, "");
    }
}
