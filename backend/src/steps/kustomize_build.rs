//! `kustomize-build`: renders a kustomization.

use std::ffi::OsString;
use std::path::Path;

use argosy_core::steps::kustomize_build::{self, Config, OutputFormat};
use async_trait::async_trait;
use serde::Deserialize;

use super::files::{is_yaml, make_folder, write_text};
use super::{Fault, Ran, Runner, StepRun, WorkDir};
use crate::tools::{Confinement, Program, Tools};

/// Runs `kustomize-build`.
pub(super) struct KustomizeBuild;

#[async_trait]
impl Runner for KustomizeBuild {
    fn kind(&self) -> &'static str {
        "kustomize-build"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(kustomize_build::parse)?;
        let folder = run.workdir.join(&config.path)?;
        let out = run.workdir.join(&config.out_path)?;
        let one_file = is_yaml(&out);
        let mut args = arguments(&config, &run.services.tools);
        if !one_file && config.output_format == OutputFormat::Kustomize {
            make_folder(&out, &config.out_path)?;
            args.extend(["--output".into(), out.clone().into_os_string()]);
        }
        args.push(folder.into_os_string());
        let rendered = run.program(Program::Kustomize, args).await?;
        match config.output_format {
            _ if one_file => {
                run.blocking(move |_| write_text(&out, &config.out_path, &rendered))
                    .await?;
            }
            OutputFormat::Kargo => {
                run.blocking(move |workdir| write_each(workdir, &config.out_path, &rendered))
                    .await?;
            }
            OutputFormat::Kustomize => {}
        }
        Ok(Ran::succeeded())
    }
}

fn arguments(config: &Config, tools: &Tools) -> Vec<OsString> {
    // Without confinement by the system, kustomize itself has to keep out of other folders.
    let restrictor = match tools.confinement() {
        Confinement::Landlock => "LoadRestrictionsNone",
        Confinement::None => "LoadRestrictionsRootOnly",
    };
    let mut args: Vec<OsString> = [
        "build",
        "--load-restrictor",
        restrictor,
        "--enable-helm",
        "--helm-command",
    ]
    .map(OsString::from)
    .into();
    args.push(tools.path(Program::Helm).into());
    let Some(helm) = config
        .plugin
        .as_ref()
        .and_then(|plugin| plugin.helm.as_ref())
    else {
        return args;
    };
    if let Some(version) = &helm.kube_version {
        args.extend(["--helm-kube-version".into(), version.into()]);
    }
    for version in &helm.api_versions {
        args.extend(["--helm-api-versions".into(), version.into()]);
    }
    args
}

/// What a file is named after.
#[derive(Deserialize)]
struct Object {
    kind: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
}

/// Writes each object to a file of its own: `[<namespace>-]<kind>-<name>.yaml`.
fn write_each(workdir: &WorkDir, folder: &str, rendered: &str) -> Result<(), Fault> {
    make_folder(&workdir.join(folder)?, folder)?;
    for document in documents(rendered) {
        let object: Object = yaml_serde::from_str(&document).map_err(|error| {
            Fault::broken(format!("cannot read what kustomize printed: {error}"))
        })?;
        let namespace = object
            .metadata
            .namespace
            .filter(|namespace| !namespace.is_empty());
        let namespace = namespace
            .map(|namespace| format!("{namespace}-"))
            .unwrap_or_default();
        let name = format!(
            "{namespace}{}-{}.yaml",
            object.kind.to_lowercase(),
            object.metadata.name
        );
        // Names of RBAC objects may contain colons and, in theory, more.
        let place = Path::new(folder).join(name.replace(['/', '\\'], "-"));
        let shown = place.to_string_lossy();
        write_text(&workdir.join(&shown)?, &shown, &document)?;
    }
    Ok(())
}

/// The documents of a stream. A line of three dashes cannot be part of a value at the left margin.
fn documents(stream: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in stream.split_inclusive('\n') {
        match documents.last_mut() {
            Some(document) if line.trim_end() != "---" => document.push_str(line),
            Some(_) | None => documents.push(String::new()),
        }
    }
    documents.retain(|document| !document.trim().is_empty());
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_gets_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let workdir = WorkDir::open(folder.path()).unwrap();
        let rendered = "kind: Service\nmetadata: {name: s, namespace: ns}\n---\nkind: ClusterRole\nmetadata:\n  name: a:b\nx: |\n  ---\n  y\n";
        write_each(&workdir, "out", rendered).unwrap();
        let read =
            |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
        assert_eq!(
            read("ns-service-s.yaml"),
            "kind: Service\nmetadata: {name: s, namespace: ns}\n"
        );
        assert_eq!(
            read("clusterrole-a:b.yaml"),
            "kind: ClusterRole\nmetadata:\n  name: a:b\nx: |\n  ---\n  y\n"
        );
    }
}
