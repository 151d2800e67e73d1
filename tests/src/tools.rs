//! Where the programs are that tests run.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What `tests/tools/build` builds.
const PROGRAMS: &str = include_str!("../tools/programs.txt");

/// Programs of Debian's packages, and which package has them.
const PACKAGES: [(&str, &str); 2] = [
    ("redis-server", "redis-server"),
    ("docker-registry", "docker-registry"),
];

/// The path of a program: in `KUBEBUILDER_ASSETS` if that has it, else as `tests/tools/build` built
/// it, else in `PATH`.
///
/// # Errors
/// When it is in none of these places; the error says what to do.
pub fn program(name: &str) -> Result<PathBuf> {
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let given = assets
        .map(|folder| folder.join(name))
        .filter(|path| path.is_file());
    if let Some(path) = given.or_else(|| built(name)).or_else(|| installed(name)) {
        return Ok(path);
    }
    match PACKAGES.iter().find(|(program, _)| *program == name) {
        Some((_, package)) => bail!("{name} is missing: apt-get install {package}"),
        None => bail!("{name} is missing: tests/tools/build {name}"),
    }
}

/// A file or folder that was put beside a built program, such as Argo CD's resource definitions.
pub(crate) fn beside(name: &str, file: &str) -> Result<PathBuf> {
    let (folder, version) = place(name).with_context(|| format!("no program is called {name}"))?;
    let path = folder.join(format!("{name}-{version}-files")).join(file);
    if !path.exists() {
        bail!("{} is missing: tests/tools/build {name}", path.display());
    }
    Ok(path)
}

fn built(name: &str) -> Option<PathBuf> {
    let (folder, version) = place(name)?;
    Some(folder.join(format!("{name}-{version}"))).filter(|path| path.is_file())
}

/// The folder of built programs, and the version in which `name` is built.
fn place(name: &str) -> Option<(PathBuf, &'static str)> {
    let version = PROGRAMS.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()).flatten()
    })?;
    let set = |variable| {
        env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some((cache.join("argosy/tools"), version))
}

fn installed(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
