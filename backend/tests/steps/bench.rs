//! A work directory, and runs of steps in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use argosy::caches::Caches;
use argosy::events::Events;
use argosy::git::{Config, Git};
use argosy::metrics::Metrics;
use argosy::mirrors::Mirrors;
use argosy::settings::{Author, PushPolicy, Settings, Shard};
use argosy::steps::{Fault, Journal, PromotionId, Ran, Services, StepRun, Turn, WorkDir, runner};
use argosy::telemetry::traces::Traces;
use argosy::tools::Tools;
use argosy_api::collection::FreightCollection;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A promotion's folder.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) services: Arc<Services>,
    pub(crate) freight: FreightCollection,
    pub(crate) outputs: Map<String, Value>,
    journal: Journal,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        let client = client("http://127.0.0.1:9");
        let services = Arc::new(services(client, folder.path()));
        let journal = Journal::open(&folder.path().join("journal")).unwrap();
        let (freight, outputs) = (FreightCollection::default(), Map::new());
        Self {
            folder,
            services,
            freight,
            outputs,
            journal,
        }
    }

    /// The work directory.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file, a folder (a name that ends in `/`), or a link (`-> target`).
    pub(crate) fn write(&self, path: &str, text: &str) {
        let place = self.work().join(path);
        if path.ends_with('/') {
            return fs::create_dir_all(place).unwrap();
        }
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => std::os::unix::fs::symlink(target, place).unwrap(),
            None => fs::write(place, text).unwrap(),
        }
    }

    /// Runs a step.
    pub(crate) async fn run(&self, kind: &str, config: Value) -> Result<Ran, Fault> {
        runner(kind).unwrap().run(&self.step(kind, config)).await
    }

    pub(crate) fn step(&self, kind: &str, config: Value) -> StepRun {
        let runner = runner(kind).unwrap_or_else(|| panic!("nothing runs {kind}"));
        StepRun {
            kind: runner.kind(),
            config,
            workdir: WorkDir::open(&self.work()).unwrap(),
            project: "demo".to_owned(),
            stage: "dev".to_owned(),
            promotion: PromotionId {
                name: "dev.1".to_owned(),
                uid: "uid-1".to_owned(),
                actor: None,
            },
            alias: kind.to_owned(),
            freight: self.freight.clone(),
            outputs: self.outputs.clone(),
            previous: None,
            services: Arc::clone(&self.services),
            cancel: CancellationToken::new(),
            journal: self.journal.of_step(kind),
            turn: Turn::new(Arc::new(Semaphore::new(1))),
        }
    }

    /// All files with their text, empty folders as names that end in `/`, links as `-> target`. `.git` is left out.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        collect(&self.work(), &self.work(), &mut found);
        found
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    let mut empty = true;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        empty = false;
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.file_name().unwrap() == ".git" {
            continue;
        }
        if path.is_symlink() {
            found.insert(
                name,
                format!("-> {}", fs::read_link(path).unwrap().display()),
            );
        } else if path.is_dir() {
            collect(root, &path, found);
        } else {
            found.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    if empty && folder != root {
        found.insert(
            format!("{}/", folder.strip_prefix(root).unwrap().display()),
            String::new(),
        );
    }
}

pub(crate) fn client(url: &str) -> kube::Client {
    let config = kube::Config::new(url.parse().unwrap());
    kube::Client::try_from(config).unwrap()
}

/// Services with the programs that tests run.
pub(crate) fn services(client: kube::Client, data: &Path) -> Services {
    let metrics = Metrics::default();
    let (events, writer) = Events::new(client.clone(), metrics.clone());
    tokio::spawn(writer);
    let kustomize = argosy_tests::program("kustomize").unwrap();
    let helm = argosy_tests::program("helm").unwrap();
    let tools = Tools::new(&kustomize, &helm);
    let settings = Settings {
        controller_name: "argosy".to_owned(),
        namespace: "argosy".to_owned(),
        argocd_namespace: "argocd".to_owned(),
        shared_namespace: "argosy-shared".to_owned(),
        data: data.to_owned(),
        mirrors: Mirrors::default(),
        registry_rate: 1_000,
        least_interval: Duration::ZERO,
        kustomize,
        helm,
        git_author: Author {
            name: "Kargo".to_owned(),
            email: "no-reply@kargo.io".to_owned(),
        },
        push_policy: PushPolicy::AlwaysRebase,
        credentials_over_http: true,
        concurrency: 4,
        shard: Shard {
            name: None,
            default: true,
        },
    };
    let git = Git::new(Config::from((&settings, &metrics))).unwrap();
    Services {
        git,
        client,
        caches: Caches::default(),
        events,
        metrics,
        traces: Traces::default(),
        settings,
        tools,
    }
}
