//! The Kubernetes API, and Argo CD on top of it.

use std::time::Duration;

use anyhow::ensure;
use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::{Needs, World, wait_for};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_restarted_api_server_has_its_objects() {
    let world = World::start(Needs::default().cluster()).await.unwrap();
    let cluster = world.cluster().await.unwrap();
    cluster
        .kubectl(&["create", "namespace", "kept"])
        .await
        .unwrap();
    let server = cluster.api_server().unwrap();
    server.kill();
    assert!(
        cluster
            .kubectl(&["get", "namespace", "kept"])
            .await
            .is_err()
    );
    server.restart().unwrap();
    cluster.ready().await.unwrap();
    cluster
        .kubectl(&["get", "namespace", "kept"])
        .await
        .unwrap();

    let user = cluster.kubeconfig_as("ada", &["developers"]).unwrap();
    let user = user.to_str().unwrap();
    let who = cluster
        .kubectl(&["--kubeconfig", user, "auth", "whoami"])
        .await
        .unwrap();
    assert!(who.contains("ada") && who.contains("developers"), "{who}");
    let refused = cluster
        .kubectl(&["--kubeconfig", user, "get", "secrets"])
        .await;
    assert!(refused.unwrap_err().to_string().contains("cannot list"));
}

const APP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 2
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec: { containers: [{ name: app, image: example.com/app:1 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app
spec:
  defaultBackend: { service: { name: app, port: { number: 80 } } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: app
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: app }
  maxReplicas: 3
";

#[tokio::test]
async fn argo_cd_syncs_what_is_in_git_until_it_is_healthy() {
    let needs = Needs::default().nodes().argocd();
    let world = World::start(needs).await.unwrap();
    let (cluster, git) = (world.cluster().await.unwrap(), world.git().await.unwrap());
    let repo = git.repo("github.com/acme/app").await.unwrap();
    let commit = repo
        .commit("main", "Add it", &[("app.yaml", APP)])
        .await
        .unwrap();
    let application = "
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: app, namespace: argocd }
spec:
  project: default
  source: { repoURL: https://github.com/acme/app, targetRevision: main, path: . }
  destination: { server: https://kubernetes.default.svc, namespace: app }
  syncPolicy: { automated: {}, syncOptions: [CreateNamespace=true] }
";
    cluster.apply(application).await.unwrap();
    let path = "jsonpath={.status.sync.revision} {.status.sync.status} {.status.health.status}";
    let get = ["get", "-n", "argocd", "application", "app", "-o", path];
    let wanted = format!("{commit} Synced Healthy");
    wait_for("the application is synced and healthy", SOON, || async {
        let found = cluster.kubectl(&get).await?;
        ensure!(found == wanted, "it is `{found}`");
        Ok(())
    })
    .await
    .unwrap();
    let token = world.argocd().await.unwrap().token().await.unwrap();
    assert!(token.len() > 20);

    cluster
        .kubectl(&["delete", "namespace", "app", "--timeout=60s"])
        .await
        .unwrap();
}

#[tokio::test]
async fn argosy_runs_and_can_be_killed() {
    let world = World::start(Needs::default().cluster()).await.unwrap();
    let argosy = Argosy::start(&world, Options::default()).await.unwrap();
    assert!(argosy.metrics().await.unwrap().contains("argosy_"));
    argosy.process().kill();
    assert!(argosy.metrics().await.is_err());
    argosy.process().restart().unwrap();
    argosy.ready().await.unwrap();
    argosy.process().signal("TERM").unwrap();
    assert_eq!(argosy.process().wait(SOON).await.unwrap(), 0);
}
