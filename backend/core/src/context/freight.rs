//! What the Freight of a Stage carries: `imageFrom("…").Tag`.

use std::sync::Arc;

use argosy_api::artifact::{ArtifactReference, Chart, FreightOrigin, GitCommit, Image};
use argosy_api::collection::FreightReference;
use argosy_expr::{Env, Fault, Function, Numbers, Object, Value};
use serde_json::{Value as Json, json};

use super::record::{Record, text, texts};
use crate::urls::{same_chart, same_git, same_image};

pub(super) fn with_functions(env: Env, freight: &[FreightReference]) -> Env {
    let freight: Arc<[FreightReference]> = freight.into();
    let with = |run: fn(&[FreightReference], &[Value]) -> Result<Value, Fault>| {
        let freight = Arc::clone(&freight);
        move |args: &[Value]| run(&freight, args)
    };
    env.with_function("warehouse", Function::new(1..=1, warehouse))
        .with_function("commitFrom", Function::new(1..=2, with(commit_from)))
        .with_function("imageFrom", Function::new(1..=2, with(image_from)))
        .with_function("chartFrom", Function::new(1..=3, with(chart_from)))
        .with_function("artifactFrom", Function::new(1..=2, with(artifact_from)))
}

/// Where Freight comes from, as an argument of the other functions.
#[derive(Debug)]
struct Origin(FreightOrigin);

impl Object for Origin {
    fn type_name(&self) -> &'static str {
        "v1alpha1.FreightOrigin"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Kind" => Some(Value::from(self.0.kind.to_string())),
            "Name" => Some(Value::from(self.0.name.as_str())),
            _ => None,
        }
    }

    fn json(&self) -> Json {
        json!({ "kind": self.0.kind.to_string(), "name": self.0.name })
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

fn warehouse(args: &[Value]) -> Result<Value, Fault> {
    let name = string("warehouse", args, 0)?;
    Ok(Value::object(Origin(FreightOrigin::warehouse(name))))
}

/// The text at a place of the arguments.
pub(super) fn string<'a>(function: &str, args: &'a [Value], at: usize) -> Result<&'a str, Fault> {
    let given = args.get(at).unwrap_or(&Value::Nil);
    given.as_str().ok_or_else(|| {
        Fault::wrong_type(format!(
            "`{function}` takes a string, not {}",
            given.type_name()
        ))
    })
}

/// The origin at a place of the arguments, if there is one.
fn origin<'a>(
    function: &str,
    args: &'a [Value],
    at: usize,
) -> Result<Option<&'a FreightOrigin>, Fault> {
    match args.get(at) {
        None | Some(Value::Nil) => Ok(None),
        Some(given) => match given.downcast::<Origin>() {
            Some(origin) => Ok(Some(&origin.0)),
            None => Err(Fault::wrong_type(format!(
                "`{function}` takes an origin such as `warehouse(\"…\")`, not {}",
                given.type_name()
            ))),
        },
    }
}

/// The one artifact that fits, in Freight of `origin` or of any. More than one origin with it is ambiguous.
fn only<'a, T>(
    what: &str,
    freight: &'a [FreightReference],
    origin: Option<&FreightOrigin>,
    artifact: impl Fn(&'a FreightReference) -> Option<&'a T>,
) -> Result<Option<&'a T>, Fault> {
    let wanted = freight
        .iter()
        .filter(|freight| origin.is_none_or(|origin| freight.origin == *origin));
    let found: Vec<_> = wanted
        .filter_map(|freight| Some((&freight.origin, artifact(freight)?)))
        .collect();
    if let [(first, _), (second, _), ..] = found.as_slice() {
        return Err(Fault::failed(format!(
            "{what} is in Freight of {first} and of {second}: say which with `warehouse(\"…\")`"
        )));
    }
    Ok(found.first().map(|(_, artifact)| *artifact))
}

fn commit_from(freight: &[FreightReference], args: &[Value]) -> Result<Value, Fault> {
    let address = string("commitFrom", args, 0)?;
    let origin = origin("commitFrom", args, 1)?;
    let what = format!("a commit of {address}");
    let found = only(&what, freight, origin, |freight| {
        freight
            .commits
            .iter()
            .find(|commit| same_git(&commit.repo_url, address))
    })?;
    Ok(found.map_or(Value::Nil, commit))
}

fn commit(commit: &GitCommit) -> Value {
    let fields = vec![
        ("RepoURL", Value::from(commit.repo_url.as_str())),
        ("ID", Value::from(commit.id.as_str())),
        ("Branch", text(commit.branch.as_deref())),
        ("Tag", text(commit.tag.as_deref())),
        ("Message", text(commit.message.as_deref())),
        ("Author", text(commit.author.as_deref())),
        ("Committer", text(commit.committer.as_deref())),
        (
            "SubscriptionName",
            text(commit.subscription_name.as_deref()),
        ),
    ];
    Record::value("v1alpha1.GitCommit", fields, json_of(commit))
}

fn image_from(freight: &[FreightReference], args: &[Value]) -> Result<Value, Fault> {
    let address = string("imageFrom", args, 0)?;
    let origin = origin("imageFrom", args, 1)?;
    let what = format!("an image of {address}");
    let found = only(&what, freight, origin, |freight| {
        freight
            .images
            .iter()
            .find(|image| same_image(&image.repo_url, address))
    })?;
    Ok(found.map_or(Value::Nil, image))
}

fn image(image: &Image) -> Value {
    let fields = vec![
        ("RepoURL", Value::from(image.repo_url.as_str())),
        ("Tag", text(image.tag.as_deref())),
        ("Digest", text(image.digest.as_deref())),
        ("Annotations", texts(&image.annotations)),
        ("SubscriptionName", text(image.subscription_name.as_deref())),
    ];
    Record::value("v1alpha1.Image", fields, json_of(image))
}

/// The name is the second argument, unless that is the origin.
fn chart_from(freight: &[FreightReference], args: &[Value]) -> Result<Value, Fault> {
    let address = string("chartFrom", args, 0)?;
    let (name, origin) = match args.get(1) {
        Some(Value::String(name)) => (Some(&**name), origin("chartFrom", args, 2)?),
        _ if args.len() == 3 => return Err(wrong_chart_name(args)),
        _ => (None, origin("chartFrom", args, 1)?),
    };
    let what = match name {
        Some(name) => format!("chart {name:?} of {address}"),
        None => format!("a chart of {address}"),
    };
    let found = only(&what, freight, origin, |freight| {
        freight.charts.iter().find(|chart| {
            let named = chart.name.as_deref().unwrap_or_default() == name.unwrap_or_default();
            named && same_chart(&chart.repo_url, address)
        })
    })?;
    found
        .map(chart)
        .ok_or_else(|| Fault::failed(format!("{what} is not in the Freight")))
}

fn wrong_chart_name(args: &[Value]) -> Fault {
    match string("chartFrom", args, 1) {
        Ok(_) => Fault::failed("the name of the chart cannot be read"),
        Err(fault) => fault,
    }
}

fn chart(chart: &Chart) -> Value {
    let fields = vec![
        ("RepoURL", Value::from(chart.repo_url.as_str())),
        ("Name", text(chart.name.as_deref())),
        ("Version", Value::from(chart.version.as_str())),
        ("SubscriptionName", text(chart.subscription_name.as_deref())),
    ];
    Record::value("v1alpha1.Chart", fields, json_of(chart))
}

fn artifact_from(freight: &[FreightReference], args: &[Value]) -> Result<Value, Fault> {
    let name = string("artifactFrom", args, 0)?;
    let origin = origin("artifactFrom", args, 1)?;
    let what = format!("an artifact of subscription {name:?}");
    let found = only(&what, freight, origin, |freight| {
        freight
            .artifacts
            .iter()
            .find(|artifact| artifact.subscription_name == name)
    })?;
    Ok(found.map_or(Value::Nil, artifact))
}

fn artifact(artifact: &ArtifactReference) -> Value {
    let metadata = artifact.metadata.as_ref();
    let fields = vec![
        ("ArtifactType", Value::from(artifact.artifact_type.as_str())),
        (
            "SubscriptionName",
            Value::from(artifact.subscription_name.as_str()),
        ),
        ("Version", Value::from(artifact.version.as_str())),
        (
            "Metadata",
            metadata.map_or(Value::Nil, |json| Value::from_json(json, Numbers::Floats)),
        ),
    ];
    Record::value("v1alpha1.ArtifactReference", fields, json_of(artifact))
}

fn json_of(artifact: &impl serde::Serialize) -> Json {
    // Artifacts are texts and maps of texts, which JSON can always say.
    serde_json::to_value(artifact).unwrap_or_default()
}
