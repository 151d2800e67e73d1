//! What the demo says.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use argosy_tests::World;
use argosy_tests::argosy::Argosy;
use argosy_tests::kubernetes::Cluster;
use argosy_tests::seeds::Seed;

/// Talks to the person who started the demo, with the time since then.
pub(crate) struct Teller {
    begin: Instant,
    kubeconfig: PathBuf,
}

impl Teller {
    pub(crate) fn new(kubeconfig: PathBuf) -> Self {
        Self {
            begin: Instant::now(),
            kubeconfig,
        }
    }

    /// Where the person finds the kubeconfig.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What happens next.
    pub(crate) fn begin(&self, what: &str) {
        println!("\n[{:5.1} s] {what}", self.begin.elapsed().as_secs_f64());
    }

    /// Run a `kubectl` command and show it with what it prints.
    pub(crate) async fn kubectl(&self, cluster: &Cluster, args: &[&str]) -> Result<String> {
        let printed = cluster.kubectl(args).await?;
        println!("\n$ kubectl {}\n{}", shown(args), printed.trim_end());
        Ok(printed)
    }

    /// Apply what a person would have in a file, and show that.
    pub(crate) async fn apply(
        &self,
        cluster: &Cluster,
        namespace: &str,
        file: &str,
        manifest: &str,
    ) -> Result<()> {
        let args = ["--namespace", namespace, "apply", "--filename", "-"];
        let printed = cluster.kubectl_with(&args, manifest).await?;
        println!("\n$ kubectl --namespace {namespace} apply --filename {file}");
        println!("{}", printed.trim_end());
        Ok(())
    }

    /// What there is to look at, and what to try.
    pub(crate) async fn end(&self, seed: &Seed, world: &World, argosy: &Argosy) -> Result<()> {
        let argocd = world.argocd().await?;
        let (git, registry) = (world.git().await?, world.registry().await?);
        self.begin("Done: the release is in every stage");
        println!(
            "
Kubernetes   export KUBECONFIG={}
Argo CD API  {}   user admin, password {}
Git          {}/{}
Registry     http://{}/v2/{}/tags/list
Argosy       {}/metrics   log: {}

Next things to try, with that KUBECONFIG:
  kubectl explain stage.spec
  kubectl get stages,freights,promotions -n {project}
  kubectl get events -n {project}
  kubectl get promotions -n {project} -l kargo.akuity.io/stage={last}
  git clone {}/{} and look at its branches and its log",
            self.kubeconfig.display(),
            argocd.url(),
            argocd.password(),
            git.url(),
            seed.repository,
            registry.host(),
            seed.images,
            argosy.admin_url(),
            argosy.process().log_path().display(),
            git.url(),
            seed.repository,
            project = seed.project,
            last = seed.stages[2],
        );
        Ok(())
    }
}

/// Arguments as one would type them.
fn shown(args: &[&str]) -> String {
    let quoted = args.iter().map(|arg| match arg.contains(['{', ' ']) {
        true => format!("'{arg}'"),
        false => (*arg).to_owned(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}
