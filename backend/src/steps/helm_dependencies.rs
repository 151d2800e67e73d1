//! Fetches the charts that a chart depends on.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use serde::Deserialize;

use super::files::read_text;
use super::{Fault, StepRun};
use crate::tools::Program;

/// What matters of a `Chart.yaml`.
#[derive(Deserialize)]
struct Chart {
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    repository: String,
}

/// Puts the dependencies of the chart into its `charts` folder, as `Chart.lock` says, or without one as `Chart.yaml`
/// does.
pub(super) async fn build(run: &StepRun, chart: &Path, shown: &str) -> Result<(), Fault> {
    let described = format!("{shown}/Chart.yaml");
    let text = read_text(&run.workdir.join(&described)?, &described)?;
    let description: Chart = yaml_serde::from_str(&text)
        .map_err(|error| Fault::broken(format!("cannot read {described:?}: {error}")))?;
    if description.dependencies.is_empty() {
        return Ok(());
    }
    let home = run.scratch()?;
    // helm takes only those repositories that it has been told of, and wants a name for each.
    for (at, repository) in repositories(&description).into_iter().enumerate() {
        let args = [
            "repo",
            "add",
            "--force-update",
            "--",
            &format!("repository-{at}"),
            repository,
        ];
        run.program_at(&home, Program::Helm, args.map(OsString::from).into(), &[])
            .await?;
    }
    let args = vec![
        "dependency".into(),
        "build".into(),
        "--".into(),
        chart.into(),
    ];
    run.program_at(&home, Program::Helm, args, &[]).await?;
    Ok(())
}

fn repositories(chart: &Chart) -> BTreeSet<&str> {
    let all = chart
        .dependencies
        .iter()
        .map(|dependency| dependency.repository.as_str());
    all.filter(|repository| repository.starts_with("https://") || repository.starts_with("http://"))
        .collect()
}
