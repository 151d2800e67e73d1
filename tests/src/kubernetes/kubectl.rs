//! `kubectl`, as people use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use tokio::process::Command;

use super::Cluster;
use crate::tools::program;
use crate::{command, wait_for};

impl Cluster {
    /// Run `kubectl` with these arguments; the result is what it prints.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.kubectl_with(args, "").await
    }

    /// Run `kubectl` with these arguments and this standard input.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub async fn kubectl_with(&self, args: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new(program("kubectl")?);
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--cache-dir")
            .arg(self.folder.path().join("kubectl"))
            .args(args);
        command::output(command, input).await
    }

    /// Apply these manifests, as `kubectl apply -f` does.
    ///
    /// # Errors
    /// When the server refuses one.
    pub async fn apply(&self, manifests: &str) -> Result<String> {
        self.kubectl_with(&["apply", "-f", "-"], manifests).await
    }

    /// Let the API serve Argosy's resources and enforce its rules, as an installation on a cluster of
    /// this version does.
    ///
    /// # Errors
    /// When the server refuses something.
    pub async fn install(&self) -> Result<()> {
        let manifests = repository().join("manifests");
        self.apply_files(&manifests.join("crds")).await?;
        self.established().await?;
        self.apply_files(&manifests.join("policies")).await?;
        self.apply_files(&manifests.join("policies/mutating")).await
    }

    /// Apply large manifests from a file or folder.
    pub(crate) async fn apply_files(&self, path: &Path) -> Result<()> {
        let how = match path.join("kustomization.yaml").is_file() {
            true => "-k",
            false => "-f",
        };
        let path = path.to_str().context("a path is not valid UTF-8")?;
        let apply = ["apply", "--server-side", "--force-conflicts", how, path];
        self.kubectl(&apply).await.map(drop)
    }

    /// Wait until all resource definitions are served.
    pub(crate) async fn established(&self) -> Result<()> {
        let all = [
            "wait",
            "--for=condition=Established",
            "crd",
            "--all",
            "--timeout=60s",
        ];
        // It fails at once for one that has no conditions yet.
        wait_for("all resources are served", Duration::from_secs(60), || {
            self.kubectl(&all)
        })
        .await
        .map(drop)
    }

    /// A kubeconfig with which a client acts as `user` in `groups`, without being the administrator.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn kubeconfig_as(&self, user: &str, groups: &[&str]) -> Result<PathBuf> {
        let file = fs::read_to_string(self.kubeconfig()).context("cannot read the kubeconfig")?;
        let mut config: serde_json::Value = yaml_serde::from_str(&file)?;
        let first = config
            .pointer_mut("/users/0/user")
            .context("a kubeconfig without a user")?;
        first["as"] = user.into();
        first["as-groups"] = groups.into();
        let path = self.folder.sub("users")?.join(format!("{user}.yaml"));
        fs::write(&path, yaml_serde::to_string(&config)?).context("cannot write a kubeconfig")?;
        Ok(path)
    }
}

/// The root of the repository that this crate was built in.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A name that begins with `name` and was not used before on this machine, 17 characters longer.
pub fn fresh(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & 0xff;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let process = std::process::id() & 0xff_ffff;
    format!(
        "{name}-{:08x}{process:06x}{count:02x}",
        now.as_secs() & 0xffff_ffff
    )
}
