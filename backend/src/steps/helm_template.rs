//! `helm-template`: renders a chart.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use argosy_core::steps::helm_template::{self, Config, OutLayout};
use async_trait::async_trait;

use super::files::{is_yaml, make_folder, read_text, reason, write_text};
use super::{Fault, Ran, Runner, StepRun, WorkDir, helm_dependencies};
use crate::tools::Program;

/// Runs `helm-template`.
pub(super) struct HelmTemplate;

#[async_trait]
impl Runner for HelmTemplate {
    fn kind(&self) -> &'static str {
        "helm-template"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let config = run.config(helm_template::parse)?;
        let chart = run.workdir.join(&config.path)?;
        let out = run.workdir.join(&config.out_path)?;
        if !chart.is_dir() && !chart.is_file() {
            return Err(Fault::errored(format!(
                "there is no chart at {:?}",
                config.path
            )));
        }
        if config.build_dependencies {
            helm_dependencies::build(run, &chart, &config.path).await?;
        }
        let mut args = arguments(run, &config, &chart)?;
        if is_yaml(&out) {
            let rendered = run.program(Program::Helm, args).await?;
            run.blocking(move |_| write_text(&out, &config.out_path, &rendered))
                .await?;
            return Ok(Ran::succeeded());
        }
        let home = run.scratch()?;
        let rendered = home.path().join("rendered");
        // Before the names, which come last.
        let flags = [
            "template".into(),
            "--output-dir".into(),
            OsString::from(&rendered),
        ];
        args.splice(..1, flags);
        run.program_at(&home, Program::Helm, args, &[]).await?;
        run.blocking(move |workdir| place(workdir, &rendered, &config))
            .await?;
        Ok(Ran::succeeded())
    }
}

fn arguments(run: &StepRun, config: &Config, chart: &Path) -> Result<Vec<OsString>, Fault> {
    // Whatever a user wrote comes after an `=` or after `--`, so that nothing in it is taken for a flag.
    let mut args: Vec<OsString> = vec!["template".into()];
    let mut flag = |name: &str, value: &str| args.push(format!("--{name}={value}").into());
    flag(
        "namespace",
        config.namespace.as_deref().unwrap_or(&run.project),
    );
    for file in &config.values_files {
        let place = run.workdir.join(file)?;
        if config.ignore_missing_value_files && !place.exists() {
            continue;
        }
        flag("values", &comma_safe(&place, file)?);
    }
    for set in &config.set_values {
        let name = if set.literal { "set-literal" } else { "set" };
        flag(name, &format!("{}={}", set.key, set.value));
    }
    if let Some(version) = &config.kube_version {
        flag("kube-version", version);
    }
    for version in &config.api_versions {
        flag("api-versions", version);
    }
    let switches = [
        (config.include_crds, "--include-crds"),
        (config.disable_hooks, "--no-hooks"),
        (config.skip_tests, "--skip-tests"),
    ];
    args.extend(
        switches
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, switch)| OsString::from(switch)),
    );
    args.extend([
        "--".into(),
        OsString::from(&config.release_name),
        chart.into(),
    ]);
    Ok(args)
}

/// The place of a values file. helm takes several in one flag, with commas between them.
fn comma_safe(place: &Path, shown: &str) -> Result<String, Fault> {
    match place.to_str() {
        Some(text) if !text.contains(',') => Ok(text.to_owned()),
        Some(_) | None => Err(Fault::failed(format!(
            "values file {shown:?}: helm takes no commas in names"
        ))),
    }
}

/// Puts what helm has written below `from` where it belongs. Files that get one name are joined, so that nothing is
/// lost.
fn place(workdir: &WorkDir, from: &Path, config: &Config) -> Result<(), Fault> {
    let out = &config.out_path;
    make_folder(&workdir.join(out)?, out)?;
    let cannot = |error| {
        Fault::errored(format!(
            "cannot read what helm has written: {}",
            reason(&error)
        ))
    };
    let mut files = files_below(from).map_err(cannot)?;
    files.sort();
    let mut written: Vec<(PathBuf, String)> = Vec::new();
    for file in files {
        let below = file.strip_prefix(from).unwrap_or(&file);
        let text = read_text(&file, &below.to_string_lossy())?;
        let name = name(below, config);
        match written.iter_mut().find(|(earlier, _)| *earlier == name) {
            Some((_, whole)) => whole.push_str(&text),
            None => written.push((name, text)),
        }
    }
    for (name, text) in written {
        let shown = Path::new(out).join(name).to_string_lossy().into_owned();
        write_text(&workdir.join(&shown)?, &shown, &text)?;
    }
    Ok(())
}

/// What becomes of `<chart>/templates/…`.
fn name(below: &Path, config: &Config) -> PathBuf {
    match config.out_layout {
        OutLayout::Flat => below.file_name().map(PathBuf::from).unwrap_or_default(),
        OutLayout::Helm if config.use_release_name => {
            Path::new(&config.release_name).join(below.components().skip(1).collect::<PathBuf>())
        }
        OutLayout::Helm => below.to_owned(),
    }
}

fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
