//! A project with a promotion, and engines that run it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use argosy::engine::{Engine, Job};
use argosy::steps::Services;
use argosy::tools::Tools;
use argosy_api::promotion::PromotionStatus;
use argosy_api::{Freight, Promotion, Stage};
use argosy_tests::{Needs, World, wait_for};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bench;

/// A program in the place of kustomize. It prints what is in the file `text` of the folder that it is to build, after
/// as many seconds as the file `seconds` there says. Every run leaves a line in `runs`.
const PROGRAM: &str = "#!/bin/sh
for folder in \"$@\"; do :; done
echo \"$folder\" >> runs
test -f \"$folder/seconds\" && sleep \"$(cat \"$folder/seconds\")\"
cat \"$folder/text\"
";

/// A project, the volume of its promotions, and a client.
pub(crate) struct Scene {
    pub(crate) client: Client,
    pub(crate) project: String,
    volume: TempDir,
    program: PathBuf,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let world = World::shared(Needs::default().cluster()).await.unwrap();
        let client = world.cluster().await.unwrap().client().await.unwrap();
        let project = world.project("engine");
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let namespace =
            json!({"metadata": {"name": project, "labels": {"kargo.akuity.io/project": "true"}}});
        namespaces
            .create(
                &PostParams::default(),
                &serde_json::from_value(namespace).unwrap(),
            )
            .await
            .unwrap();
        let volume = tempfile::tempdir().unwrap();
        let program = volume.path().join("program");
        std::fs::write(&program, PROGRAM).unwrap();
        std::fs::set_permissions(
            &program,
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        Self {
            client,
            project,
            volume,
            program,
        }
    }

    pub(crate) fn promotions(&self) -> Api<Promotion> {
        Api::namespaced(self.client.clone(), &self.project)
    }

    /// An engine as a process has it.
    pub(crate) fn engine(&self) -> Engine {
        let mut services: Services = bench::services(self.client.clone(), self.volume.path());
        services.tools = Tools::new(&self.program, &self.program);
        Engine::new(Arc::new(services), 4)
    }

    /// Makes a promotion with these steps, and its status `Pending`.
    pub(crate) async fn promotion(&self, name: &str, steps: &str) -> Promotion {
        let steps: Value = yaml_serde::from_str(steps).unwrap();
        let promotion = json!({
            "metadata": {"name": name, "namespace": self.project},
            "spec": {"stage": "dev", "freight": "f", "vars": [{"name": "who", "value": "${{ ctx.stage }}"}], "steps": steps},
        });
        let promotion = serde_json::from_value(promotion).unwrap();
        self.promotions()
            .create(&PostParams::default(), &promotion)
            .await
            .unwrap();
        self.patch_status(name, json!({"phase": "Pending"})).await
    }

    pub(crate) async fn patch_status(&self, name: &str, status: Value) -> Promotion {
        let patch = json!({ "status": status });
        self.promotions()
            .patch_status(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap()
    }

    pub(crate) async fn status(&self, name: &str) -> PromotionStatus {
        self.promotions().get(name).await.unwrap().status.unwrap()
    }

    /// What the controller hands to the engine.
    pub(crate) async fn job(&self, name: &str) -> Job {
        let promotion = self.promotions().get(name).await.unwrap();
        let status = promotion.status.clone().unwrap();
        let freight = Freight {
            alias: Some("fast-ferret".to_owned()),
            ..Freight::default()
        };
        Job {
            promotion: Arc::new(promotion),
            stage: Arc::new(Stage::default()),
            freight: Arc::new(freight),
            status,
        }
    }

    /// What the engine keeps its folders on.
    pub(crate) fn volume(&self) -> &Path {
        self.volume.path()
    }

    /// The promotion's work directory.
    pub(crate) fn work(&self, promotion: &Promotion) -> PathBuf {
        self.folder(promotion).join("work")
    }

    pub(crate) fn folder(&self, promotion: &Promotion) -> PathBuf {
        self.volume
            .path()
            .join("promotions")
            .join(promotion.metadata.uid.as_deref().unwrap())
    }

    /// Puts folders into the promotion's work directory that the program can build: name, text, seconds that it takes.
    pub(crate) fn fill(&self, promotion: &Promotion, folders: &[(&str, &str, u32)]) {
        let work = self.work(promotion);
        for (name, text, seconds) in folders {
            let folder = work.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("text"), text).unwrap();
            std::fs::write(folder.join("seconds"), seconds.to_string()).unwrap();
        }
    }

    /// The folders that the program was started with, the last part of each.
    pub(crate) fn runs(&self, promotion: &Promotion) -> Vec<String> {
        let runs = std::fs::read_to_string(self.work(promotion).join("runs")).unwrap_or_default();
        runs.lines()
            .map(|line| line.rsplit('/').next().unwrap().to_owned())
            .collect()
    }
}

/// Waits until the engine is through with everything.
pub(crate) async fn idle(engine: &Engine) {
    wait_for("the engine is idle", Duration::from_secs(30), || async {
        anyhow::ensure!(engine.running().is_empty());
        Ok(())
    })
    .await
    .unwrap();
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    wait_for(what, Duration::from_secs(30), || async {
        anyhow::ensure!(holds());
        Ok(())
    })
    .await
    .unwrap();
}
