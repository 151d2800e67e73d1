//! The cluster that these tests share: one Project, and a person who may promote to its Stage `dev`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use argosy_tests::kubernetes::Cluster;
use argosy_tests::{Needs, World, wait_for};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::OnceCell;

const READY: Duration = Duration::from_secs(30);

/// A person who may promote to the Stage `dev` and nowhere else.
pub(crate) const PROMOTER: &str = "pat";

/// Kubernetes itself, where it cleans up after owners that are gone. It has the promoter's role.
pub(crate) const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// Where the tests take place.
pub(crate) struct Ground {
    cluster: &'static Cluster,
    /// The namespace of a Project.
    pub(crate) project: String,
    /// A namespace of no Project.
    pub(crate) elsewhere: String,
}

impl Ground {
    /// The cluster.
    pub(crate) fn cluster(&self) -> &'static Cluster {
        self.cluster
    }

    /// A client of the administrator, or of the promoter.
    pub(crate) async fn client(&self, person: Option<&str>) -> Result<Client> {
        let Some(person) = person else {
            return self.cluster.client().await;
        };
        let file = Kubeconfig::read_from(self.cluster.kubeconfig_as(person, &[])?)?;
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(file, &options).await?;
        Client::try_from(config).context("cannot make a client")
    }
}

/// The ground, laid when it is first asked for. A failure is that of all tests.
pub(crate) async fn ground() -> &'static Ground {
    static GROUND: OnceCell<Result<Ground, String>> = OnceCell::const_new();
    let lay = async || lay().await.map_err(|error| format!("{error:#}"));
    match GROUND.get_or_init(lay).await {
        Ok(ground) => ground,
        Err(error) => panic!("{error}"),
    }
}

async fn lay() -> Result<Ground> {
    let world = World::shared(Needs::default().cluster()).await?;
    let cluster = world.cluster().await?;
    let (project, elsewhere) = (world.project("admission"), world.project("elsewhere"));
    cluster.apply(&namespaces(&project, &elsewhere)).await?;
    cluster.apply(&role(&project)).await?;
    let ground = Ground {
        cluster,
        project,
        elsewhere,
    };
    enforced(&ground).await?;
    Ok(ground)
}

fn namespaces(project: &str, elsewhere: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Namespace
metadata: {{ name: {project}, labels: {{ kargo.akuity.io/project: 'true' }} }}
---
apiVersion: v1
kind: Namespace
metadata: {{ name: {elsewhere} }}
"
    )
}

fn role(project: &str) -> String {
    format!(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{ name: promoter, namespace: {project} }}
rules:
- apiGroups: [kargo.akuity.io]
  resources: [freights, promotions, promotionrequests, stages]
  verbs: [create, delete, get, list, patch, update]
- apiGroups: [kargo.akuity.io]
  resources: [freights/status]
  verbs: [patch]
- apiGroups: [kargo.akuity.io]
  resources: [stages]
  resourceNames: [dev]
  verbs: [promote]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{ name: promoter, namespace: {project} }}
roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: Role, name: promoter }}
subjects:
- {{ apiGroup: rbac.authorization.k8s.io, kind: User, name: {PROMOTER} }}
- {{ apiGroup: rbac.authorization.k8s.io, kind: User, name: '{COLLECTOR}' }}
"
    )
}

/// Wait until the server enforces what it was told last: it takes up policies and roles after a
/// moment.
async fn enforced(ground: &Ground) -> Result<()> {
    let (project, elsewhere) = (&ground.project, &ground.elsewhere);
    let warehouse = |spec: &str| {
        format!(
            "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Warehouse, metadata: {{name: w}}, spec: {spec}}}"
        )
    };
    let promotion = "{apiVersion: kargo.akuity.io/v1alpha1, kind: Promotion, metadata: {name: p}, spec: {stage: prod, freight: f}}";
    let config =
        "{apiVersion: kargo.akuity.io/v1alpha1, kind: ProjectConfig, metadata: {name: other}}";
    let twice = warehouse("{subscriptions: [{image: {repoURL: a/b}}, {image: {repoURL: a/b}}]}");
    let plain = warehouse("{shard: east, subscriptions: [{image: {repoURL: a/b}}]}");
    for (who, namespace, manifest, expected) in [
        (None, elsewhere, plain.as_str(), "belong to a Project"),
        (None, project, twice.as_str(), "same repository"),
        (None, project, config, "name of its Project"),
        (Some(PROMOTER), project, promotion, "needs the verb promote"),
    ] {
        wait_for("the policies are enforced", READY, || async {
            let answer = dry_run(ground, who, namespace, manifest).await;
            let refused = answer.as_ref().is_err_and(|said| said.contains(expected));
            ensure!(refused, "{expected}: {answer:?}");
            Ok(())
        })
        .await?;
    }
    wait_for("the mutating policies are enforced", READY, || async {
        let answer = dry_run(ground, None, project, &plain).await;
        ensure!(
            answer
                .as_ref()
                .is_ok_and(|it| it.contains("kargo.akuity.io/shard")),
            "{answer:?}"
        );
        Ok(())
    })
    .await
}

async fn dry_run(
    ground: &Ground,
    who: Option<&str>,
    namespace: &str,
    manifest: &str,
) -> Result<String, String> {
    let mut args = vec![
        "--namespace",
        namespace,
        "create",
        "--dry-run=server",
        "-o",
        "yaml",
        "-f",
        "-",
    ];
    if let Some(who) = who {
        args.extend(["--as", who]);
    }
    // What begins with a brace would be read as JSON.
    let manifest = format!("---\n{manifest}");
    let answer = ground.cluster.kubectl_with(&args, &manifest).await;
    answer.map_err(|error| format!("{error:#}"))
}
