//! What this build is, and what it works with.

use std::io::Write;
use std::path::Path;

use argosy_api::crds;

use crate::telemetry::chain;
use crate::tools::{Program, Tools};

/// The release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from, or `unknown` outside a checkout.
pub const COMMIT: &str = env!("ARGOSY_COMMIT");
/// Both, as `--version` tells them.
pub const LINE: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("ARGOSY_COMMIT"), ")");

/// Prints the `CustomResourceDefinitions` of all kinds as one YAML stream.
///
/// # Errors
/// If `out` cannot be written to.
pub fn crds(out: &mut impl Write) -> anyhow::Result<()> {
    for definition in crds::all() {
        writeln!(
            out,
            "---\n{}",
            yaml_serde::to_string(&definition)?.trim_end()
        )?;
    }
    Ok(())
}

/// Tells the versions of this program, of the CRDs, and of the programs that steps run.
///
/// # Errors
/// If `out` cannot be written to. A program that is not there is told, not an error.
pub async fn tell(kustomize: &Path, helm: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "argosy     {VERSION}")?;
    writeln!(out, "commit     {COMMIT}")?;
    writeln!(
        out,
        "CRDs       {} (version {})",
        argosy_api::API_VERSION,
        crds::CRD_VERSION
    )?;
    let tools = Tools::new(kustomize, helm);
    for (name, program) in [("kustomize", Program::Kustomize), ("helm", Program::Helm)] {
        match tools.version(program).await {
            Ok(version) => writeln!(out, "{name:<10} {version}")?,
            Err(error) => writeln!(out, "{name:<10} not usable: {}", chain(&error))?,
        }
    }
    Ok(())
}
