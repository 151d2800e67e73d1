//! `kubectl`, as people use it.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use tokio::process::Command;

use super::Cluster;
use crate::command;
use crate::tools::program;

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
