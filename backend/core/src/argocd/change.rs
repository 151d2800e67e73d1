//! The change of an Application's sources, and the operation that goes with it.

use serde_json::{Map, Value, json};

use super::{PROMOTION_NOTE, sources, text};
use crate::steps::argocd_update::{HelmImage, KustomizeImage, Source};
use crate::urls::same_git;

/// What is to become of an Application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// The part of `spec` that changes, as a merge patch; empty if nothing does.
    pub spec: Map<String, Value>,
    /// For each source what it must be synced to; empty for a source that is not asked about. Empty as a whole if no
    /// source is.
    pub desired: Vec<String>,
}

/// Works out what `updates` mean for the Application.
///
/// # Errors
/// If the Application has no source that an update could mean.
pub fn change(application: &Value, updates: &[&Source]) -> Result<Change, String> {
    let mut changed: Vec<Value> = sources(application).into_iter().cloned().collect();
    let mut desired = vec![String::new(); changed.len()];
    for update in updates {
        let at = changed
            .iter()
            .position(|source| is_meant(source, update))
            .ok_or_else(|| missing(update))?;
        let (Some(source), Some(revision)) = (changed.get_mut(at), desired.get_mut(at)) else {
            continue;
        };
        apply(source, update);
        if let Some(wanted) = update
            .desired_revision
            .as_deref()
            .filter(|wanted| !wanted.is_empty())
        {
            wanted.clone_into(revision);
        }
    }
    if desired.iter().all(String::is_empty) {
        desired.clear();
    }
    let unchanged = sources(application).into_iter().eq(&changed);
    let mut spec = Map::new();
    if !unchanged {
        if application["spec"]["sources"]
            .as_array()
            .is_some_and(|sources| !sources.is_empty())
        {
            spec.insert("sources".to_owned(), Value::Array(changed));
        } else if let Some(source) = changed.pop() {
            spec.insert("source".to_owned(), source);
        }
    }
    Ok(Change { spec, desired })
}

fn missing(update: &Source) -> String {
    match update.chart.as_deref().filter(|chart| !chart.is_empty()) {
        Some(chart) => format!("no source has the chart {chart:?} of {:?}", update.repo_url),
        None => format!("no source has the repository {:?}", update.repo_url),
    }
}

/// Charts are compared as they are written, repositories as addresses.
fn is_meant(source: &Value, update: &Source) -> bool {
    let (url, chart) = (text(source, "repoURL"), text(source, "chart"));
    match update.chart.as_deref().unwrap_or_default() {
        "" => chart.is_empty() && same_git(url, &update.repo_url),
        wanted => chart == wanted && url == update.repo_url,
    }
}

fn apply(source: &mut Value, update: &Source) {
    if let Some(revision) = update
        .desired_revision
        .as_deref()
        .filter(|_| update.update_target_revision)
    {
        source["targetRevision"] = json!(revision);
    }
    if let Some(kustomize) = &update.kustomize {
        let images: Vec<String> = kustomize.images.iter().map(kustomize_image).collect();
        object(&mut source["kustomize"]).insert("images".to_owned(), json!(images));
    }
    if let Some(helm) = &update.helm {
        let parameters = object(&mut source["helm"])
            .entry("parameters")
            .or_insert_with(|| json!([]));
        for image in &helm.images {
            set_parameter(parameters, image);
        }
    }
}

/// An image as Argo CD has it: `name[=new]:tag` or `name[=new]@digest`.
fn kustomize_image(image: &KustomizeImage) -> String {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let name = match given(&image.new_name) {
        Some(new) => format!("{}={new}", image.repo_url),
        None => image.repo_url.clone(),
    };
    match given(&image.digest) {
        Some(digest) => format!("{name}@{digest}"),
        None => format!("{name}:{}", image.tag.as_deref().unwrap_or_default()),
    }
}

fn set_parameter(parameters: &mut Value, image: &HelmImage) {
    if !parameters.is_array() {
        *parameters = json!([]);
    }
    let Some(list) = parameters.as_array_mut() else {
        return;
    };
    match list
        .iter_mut()
        .find(|parameter| text(parameter, "name") == image.key)
    {
        Some(parameter) => parameter["value"] = json!(image.value),
        None => list.push(json!({ "name": image.key, "value": image.value })),
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value
        .as_object_mut()
        .expect("it was made an object just above")
}

/// Who starts a sync. Argo CD's sync windows treat people and automatons differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// An auto-promotion.
    Controller,
    /// A person, as `create-actor` names them.
    Person(String),
}

impl Initiator {
    /// The name that Argo CD shows.
    #[must_use]
    pub fn username(&self) -> &str {
        match self {
            Self::Controller => "kargo-controller",
            Self::Person(name) => name,
        }
    }
}

/// The one merge patch that changes the Application and starts a sync of it. It fits only the version of the
/// Application that was looked at.
#[must_use]
pub fn operation_patch(
    application: &Value,
    change: &Change,
    promotion: &str,
    initiator: &Initiator,
) -> Value {
    let mut sync = Map::new();
    let policy = &application["spec"]["syncPolicy"];
    if let Some(options) = policy["syncOptions"]
        .as_array()
        .filter(|options| !options.is_empty())
    {
        sync.insert("syncOptions".to_owned(), json!(options));
    }
    let mut operation = json!({
        "initiatedBy": {
            "username": initiator.username(),
            "automated": *initiator == Initiator::Controller,
        },
        "info": [
            { "name": "Reason", "value": "Promotion triggered a sync of this Application resource." },
            { "name": PROMOTION_NOTE, "value": promotion },
        ],
        "sync": sync,
    });
    if policy["retry"].is_object() {
        operation["retry"] = policy["retry"].clone();
    }
    let mut patch = json!({
        "metadata": {
            "annotations": { "argocd.argoproj.io/refresh": "hard" },
            "resourceVersion": application["metadata"]["resourceVersion"],
        },
        "operation": operation,
        // The finished operation has to go, or Argo CD takes its end for that of the new one.
        "status": { "operationState": null },
    });
    if !change.spec.is_empty() {
        patch["spec"] = Value::Object(change.spec.clone());
    }
    patch
}
