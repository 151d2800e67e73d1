//! `argocd-update` against Applications in a real Kubernetes API. Argo CD's part is played here, step by step.

use std::sync::Arc;
use std::time::Duration;

use argosy::cache::Report;
use argosy::caches::Caches;
use argosy::steps::{Fault, Ran, runner};
use argosy_tests::{Needs, World, wait_for};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::bench::{Bench, services};

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: applications.argoproj.io
  annotations: {api-approved.kubernetes.io: unapproved}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Application, plural: applications, singular: application, shortNames: [app]}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// A namespace for Applications, and a bench whose services know it.
struct Scene {
    api: Api<DynamicObject>,
    resource: ApiResource,
    bench: Bench,
}

impl Scene {
    async fn new() -> Self {
        static DEFINED: OnceCell<()> = OnceCell::const_new();
        let world = World::shared(Needs::default().cluster()).await.unwrap();
        let cluster = world.cluster().await.unwrap();
        let define = || async {
            cluster.apply(DEFINITION).await.unwrap();
            let wait = [
                "wait",
                "--for=condition=Established",
                "--timeout=30s",
                "crd/applications.argoproj.io",
            ];
            wait_for("Applications are served", Duration::from_secs(30), || {
                cluster.kubectl(&wait)
            })
            .await
            .unwrap();
        };
        DEFINED.get_or_init(define).await;
        let client: Client = cluster.client().await.unwrap();
        let namespace = world.project("apps");
        let object = json!({"metadata": {"name": namespace}});
        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces
            .create(
                &PostParams::default(),
                &serde_json::from_value(object).unwrap(),
            )
            .await
            .unwrap();
        let mut bench = Bench::new();
        let mut services = services(client.clone(), &bench.work());
        services.settings.argocd_namespace.clone_from(&namespace);
        let Caches { applications, .. } = &services.caches;
        tokio::spawn(
            applications
                .clone()
                .feed(client.clone(), None, Report::default()),
        );
        applications.synced(false).await;
        bench.services = Arc::new(services);
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(
            "argoproj.io",
            "v1alpha1",
            "Application",
        ));
        Self {
            api: Api::namespaced_with(client, &namespace, &resource),
            resource,
            bench,
        }
    }

    async fn application(&self, name: &str, stages: &str, labels: Value) {
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "labels": labels, "annotations": {"kargo.akuity.io/authorized-stage": stages}},
            "spec": {"project": "default", "source": {"repoURL": "https://git.example.com/r.git", "targetRevision": "main", "path": name}},
        });
        let _ = &self.resource;
        self.api
            .create(
                &PostParams::default(),
                &serde_json::from_value(object).unwrap(),
            )
            .await
            .unwrap();
    }

    async fn get(&self, name: &str) -> Value {
        serde_json::to_value(self.api.get(name).await.unwrap()).unwrap()
    }

    /// Waits for an operation, as Argo CD does, and ends it.
    async fn sync(&self, name: &str, phase: &str, revision: &str) -> Value {
        let asked = wait_for("a sync is asked for", Duration::from_secs(20), || async {
            let application = self.get(name).await;
            anyhow::ensure!(application["operation"].is_object());
            Ok(application)
        })
        .await
        .unwrap();
        let patch = json!({
            "operation": null,
            "status": {"operationState": {
                "operation": asked["operation"], "phase": phase, "message": "as told",
                "startedAt": jiff::Timestamp::now().to_string(),
                "syncResult": {"revision": revision},
            }},
        });
        self.api
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
        asked
    }

    async fn run(&self, config: Value) -> Result<Ran, Fault> {
        let step = self.bench.step("argocd-update", config);
        let run = runner("argocd-update").unwrap().run(&step);
        tokio::time::timeout(Duration::from_secs(30), run)
            .await
            .expect("the step ends")
    }
}

fn wanted(name: &str, revision: &str) -> Value {
    json!({"apps": [{"name": name, "sources": [{"repoURL": "https://git.example.com/r", "desiredRevision": revision}]}]})
}

#[tokio::test]
async fn an_application_is_synced_once_and_waited_for() {
    let scene = Scene::new().await;
    scene.application("a", "demo:dev", json!({})).await;
    let (ran, asked) = tokio::join!(
        scene.run(wanted("a", "abc")),
        scene.sync("a", "Succeeded", "abc")
    );
    let (ran, namespace) = (ran.unwrap(), asked["metadata"]["namespace"].clone());
    assert_eq!(
        Value::Object(ran.output.unwrap()),
        json!({"apps": [{"name": "a", "namespace": namespace}]})
    );
    let check = ran.health_check.unwrap().config.unwrap();
    assert_eq!(
        check,
        json!({"apps": [{"name": "a", "namespace": namespace, "desiredRevisions": ["abc"]}]})
    );
    let operation = &asked["operation"];
    assert_eq!(
        operation["initiatedBy"],
        json!({"username": "kargo-controller", "automated": true})
    );
    assert_eq!(
        operation["info"][1],
        json!({"name": "kargo.akuity.io/promotion", "value": "dev.1"})
    );
    assert_eq!(
        asked["metadata"]["annotations"]["argocd.argoproj.io/refresh"],
        "hard"
    );
    assert_eq!(asked["spec"]["source"]["targetRevision"], "main");
    // Once more, as after a crash: nothing is asked for, and the answer is the same.
    let before = scene.get("a").await["metadata"]["resourceVersion"].clone();
    assert!(scene.run(wanted("a", "abc")).await.is_ok());
    assert_eq!(scene.get("a").await["metadata"]["resourceVersion"], before);
}

#[tokio::test]
async fn an_operation_that_was_asked_for_before_a_crash_is_not_asked_for_again() {
    let scene = Scene::new().await;
    scene.application("a", "demo:dev", json!({})).await;
    let asked = async {
        wait_for("a sync is asked for", Duration::from_secs(20), || async {
            let application = scene.get("a").await;
            anyhow::ensure!(application["operation"].is_object());
            Ok(application["metadata"]["resourceVersion"].clone())
        })
        .await
        .unwrap()
    };
    let version = tokio::select! {
        ended = scene.run(wanted("a", "abc")) => panic!("the step ended: {ended:?}"),
        version = asked => version,
    };
    let (ran, asked) = tokio::join!(
        scene.run(wanted("a", "abc")),
        scene.sync("a", "Succeeded", "abc")
    );
    assert!(ran.is_ok());
    assert_eq!(asked["metadata"]["resourceVersion"], version);
}

#[tokio::test]
async fn a_failed_sync_is_told_and_tried_again_only_by_a_retry() {
    let scene = Scene::new().await;
    scene.application("a", "demo:dev", json!({})).await;
    let (ran, _) = tokio::join!(
        scene.run(wanted("a", "abc")),
        scene.sync("a", "Failed", "abc")
    );
    let fault = ran.unwrap_err();
    assert!(
        fault.message.ends_with("as told") && fault.may_help(),
        "{fault}"
    );
    let (ran, _) = tokio::join!(
        scene.run(wanted("a", "abc")),
        scene.sync("a", "Succeeded", "abc")
    );
    assert!(ran.is_ok(), "{ran:?}");
}

#[tokio::test]
async fn a_sync_to_something_else_is_repeated() {
    let scene = Scene::new().await;
    scene.application("a", "demo:dev", json!({})).await;
    let argocd = async {
        scene.sync("a", "Succeeded", "old").await;
        scene.sync("a", "Succeeded", "abc").await
    };
    let (ran, _) = tokio::join!(scene.run(wanted("a", "abc")), argocd);
    assert!(ran.is_ok(), "{ran:?}");
}

#[tokio::test]
async fn another_operation_is_waited_for_and_then_ours_starts() {
    let scene = Scene::new().await;
    scene.application("a", "demo:dev", json!({})).await;
    let running = json!({"status": {"operationState": {"operation": {}, "phase": "Running"}}});
    scene
        .api
        .patch("a", &PatchParams::default(), &Patch::Merge(running))
        .await
        .unwrap();
    let argocd = async {
        // Long enough for the step to do the wrong thing.
        let idle = wait_for("it must wait", Duration::from_millis(500), || async {
            anyhow::ensure!(scene.get("a").await["operation"].is_object());
            Ok(())
        });
        assert!(idle.await.is_err(), "the step did not wait");
        let ended = json!({"status": {"operationState": {"operation": {}, "phase": "Succeeded"}}});
        scene
            .api
            .patch("a", &PatchParams::default(), &Patch::Merge(ended))
            .await
            .unwrap();
        scene.sync("a", "Succeeded", "abc").await
    };
    let (ran, _) = tokio::join!(scene.run(wanted("a", "abc")), argocd);
    assert!(ran.is_ok(), "{ran:?}");
}

#[tokio::test]
async fn a_selector_finds_those_that_authorize_the_stage() {
    let scene = Scene::new().await;
    scene
        .application("a", "demo:dev", json!({"team": "x"}))
        .await;
    scene
        .application("b", "demo:prod, demo:dev", json!({"team": "x"}))
        .await;
    scene
        .application("c", "demo:prod", json!({"team": "x"}))
        .await;
    scene
        .application("d", "demo:dev", json!({"team": "y"}))
        .await;
    let config = json!({"apps": [{"selector": {"matchLabels": {"team": "x"}}, "sources": [{"repoURL": "https://git.example.com/r", "kustomize": {"images": [{"repoURL": "n", "tag": "1"}]}}]}]});
    let argocd = async {
        tokio::join!(
            scene.sync("a", "Succeeded", "1"),
            scene.sync("b", "Succeeded", "2")
        )
    };
    let (ran, (a, _)) = tokio::join!(scene.run(config), argocd);
    let ran = ran.unwrap();
    let names: Vec<&Value> = ran.output.as_ref().unwrap()["apps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|app| &app["name"])
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(ran.message.unwrap().contains("/c"));
    assert_eq!(a["spec"]["source"]["kustomize"], json!({"images": ["n:1"]}));
    for untouched in ["c", "d"] {
        assert_eq!(
            scene.get(untouched).await["metadata"]["generation"],
            1,
            "{untouched}"
        );
    }
}

#[tokio::test]
async fn nothing_changes_unless_everything_can() {
    let scene = Scene::new().await;
    scene.application("a", "demo:dev", json!({})).await;
    scene.application("b", "demo:dev", json!({})).await;
    let mut config = wanted("a", "abc");
    config["apps"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "b", "sources": [{"repoURL": "https://git.example.com/other"}]}));
    let fault = scene.run(config).await.unwrap_err();
    assert!(
        fault.message.contains("/b: no source has the repository"),
        "{fault}"
    );
    assert_eq!(scene.get("a").await["operation"], Value::Null);
    let fault = scene.run(wanted("nope", "abc")).await.unwrap_err();
    assert!(fault.message.ends_with("/nope does not exist"), "{fault}");
    scene.application("c", "other:dev", json!({})).await;
    let fault = scene.run(wanted("c", "abc")).await.unwrap_err();
    assert!(
        fault.message.contains("does not authorize this Stage")
            && fault.message.ends_with("demo:dev"),
        "{fault}"
    );
}
