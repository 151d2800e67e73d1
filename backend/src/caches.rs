//! One cache for each kind that Argosy looks at, and the look-ups that controllers need.

mod index;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use argosy_api::promotion::PromotionPhase;
use argosy_api::{
    ClusterConfig, ClusterPromotionTask, Freight, Project, ProjectConfig, Promotion, PromotionTask,
    Stage, Warehouse, labels,
};
use futures::future::BoxFuture;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;

use crate::argocd::application::Application;
use crate::cache::{Cache, Key, Progress, Report, Trim, scoped};
use crate::metrics::Samples;

/// All caches. Clones share the same content.
#[derive(Clone)]
pub struct Caches {
    /// All projects.
    pub projects: Cache<Project>,
    /// The configurations of projects; each has the name of its project.
    pub project_configs: Cache<ProjectConfig>,
    /// The configuration of the installation, named `cluster`.
    pub cluster_configs: Cache<ClusterConfig>,
    /// All warehouses.
    pub warehouses: Cache<Warehouse>,
    /// All freight.
    pub freight: Cache<Freight>,
    /// All stages.
    pub stages: Cache<Stage>,
    /// All promotions. Of those that ended more than an hour ago, the steps, variables, outputs and what is known about
    /// each step are left out: there may be tens of thousands. Ask the API server for them.
    pub promotions: Cache<Promotion>,
    /// The tasks of projects.
    pub tasks: Cache<PromotionTask>,
    /// The tasks that serve every project.
    pub cluster_tasks: Cache<ClusterPromotionTask>,
    /// The namespaces that belong to projects. Others are not here.
    pub namespaces: Cache<Namespace>,
    /// The secrets that are labelled as credentials. Others are not here.
    pub credentials: Cache<Secret>,
    /// Argo CD's applications; none while the cluster does not know them.
    pub applications: Cache<Application>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            projects: Cache::new(&[]),
            project_configs: Cache::new(&[]),
            cluster_configs: Cache::new(&[]),
            warehouses: Cache::new(&[&index::WAREHOUSES_SUBSCRIBED]),
            freight: Cache::new(&[
                &index::FREIGHT_FROM,
                &index::FREIGHT_IN,
                &index::FREIGHT_VERIFIED_IN,
                &index::FREIGHT_APPROVED_FOR,
            ]),
            stages: Cache::new(&[&index::STAGES_OF, &index::STAGES_AFTER, &index::STAGES_WITH]),
            promotions: Cache::trimmed(
                &[
                    &index::PROMOTIONS_OF,
                    &index::PROMOTIONS_OF_FREIGHT,
                    &index::PROMOTIONS_UNFINISHED,
                ],
                Trim {
                    due: is_history,
                    trim: trim_history,
                },
            ),
            tasks: Cache::new(&[]),
            cluster_tasks: Cache::new(&[]),
            namespaces: Cache::new(&[]),
            credentials: Cache::new(&[]),
            applications: Cache::new(&[&index::APPLICATIONS_OF]),
        }
    }
}

/// Look-ups. Lists are sorted by name.
impl Caches {
    /// The freight that a warehouse has made.
    #[must_use]
    pub fn freight_from(&self, project: &str, warehouse: &str) -> Vec<Arc<Freight>> {
        self.freight
            .by(&index::FREIGHT_FROM, &scoped(project, warehouse))
    }

    /// The freight that says it is in a stage.
    #[must_use]
    pub fn freight_in(&self, project: &str, stage: &str) -> Vec<Arc<Freight>> {
        self.freight.by(&index::FREIGHT_IN, &scoped(project, stage))
    }

    /// The freight that was verified in a stage.
    #[must_use]
    pub fn freight_verified_in(&self, project: &str, stage: &str) -> Vec<Arc<Freight>> {
        self.freight
            .by(&index::FREIGHT_VERIFIED_IN, &scoped(project, stage))
    }

    /// The freight that a person approved for a stage.
    #[must_use]
    pub fn freight_approved_for(&self, project: &str, stage: &str) -> Vec<Arc<Freight>> {
        self.freight
            .by(&index::FREIGHT_APPROVED_FOR, &scoped(project, stage))
    }

    /// The promotions of a stage, oldest first where the names are ours.
    #[must_use]
    pub fn promotions_of(&self, project: &str, stage: &str) -> Vec<Arc<Promotion>> {
        self.promotions
            .by(&index::PROMOTIONS_OF, &scoped(project, stage))
    }

    /// The promotions of one piece of freight to a stage.
    #[must_use]
    pub fn promotions_of_freight(
        &self,
        project: &str,
        stage: &str,
        freight: &str,
    ) -> Vec<Arc<Promotion>> {
        let key = scoped(project, &index::both(stage, freight));
        self.promotions.by(&index::PROMOTIONS_OF_FREIGHT, &key)
    }

    /// The promotions of a stage that wait or run.
    #[must_use]
    pub fn unfinished_promotions(&self, project: &str, stage: &str) -> Vec<Arc<Promotion>> {
        self.promotions
            .by(&index::PROMOTIONS_UNFINISHED, &scoped(project, stage))
    }

    /// The stages that take freight of a warehouse, on whichever way.
    #[must_use]
    pub fn stages_of(&self, project: &str, warehouse: &str) -> Vec<Arc<Stage>> {
        self.stages
            .by(&index::STAGES_OF, &scoped(project, warehouse))
    }

    /// The stages that take what was verified in a stage.
    #[must_use]
    pub fn stages_after(&self, project: &str, stage: &str) -> Vec<Arc<Stage>> {
        self.stages
            .by(&index::STAGES_AFTER, &scoped(project, stage))
    }

    /// The stages whose current freight has this name.
    #[must_use]
    pub fn stages_with(&self, project: &str, freight: &str) -> Vec<Arc<Stage>> {
        self.stages
            .by(&index::STAGES_WITH, &scoped(project, freight))
    }

    /// The warehouses of all projects that subscribe to an address, written as they write it.
    #[must_use]
    pub fn warehouses_subscribed(&self, address: &str) -> Vec<Arc<Warehouse>> {
        self.warehouses.by(&index::WAREHOUSES_SUBSCRIBED, address)
    }

    /// The applications that a stage may change.
    #[must_use]
    pub fn applications_of(&self, project: &str, stage: &str) -> Vec<Arc<Application>> {
        self.applications
            .by(&index::APPLICATIONS_OF, &format!("{project}:{stage}"))
    }
}

/// One list and one watch for each kind.
impl Caches {
    /// Fills the caches and keeps them so, for ever.
    pub async fn feed(self, client: Client, report: Report) {
        let feeds = self.all().map(|held| held.feed(&client, &report));
        let promotions = self.promotions.clone();
        let trim = async {
            loop {
                tokio::time::sleep(TRIM_AGAIN).await;
                promotions.trim();
            }
        };
        tokio::select! {
            _ = futures::future::join_all(feeds) => {}
            () = trim => {}
        }
    }

    /// Returns when all kinds are there.
    pub async fn synced(&self) {
        for held in self.all() {
            held.synced().await;
        }
    }

    /// Returns when nothing can be missing that happened before the call.
    pub async fn catch_up(&self) {
        for held in self.all() {
            held.catch_up().await;
        }
    }

    /// The kinds that are not there yet, by name. Argo CD's are never missed.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let all = self.all();
        let missing = all.iter().filter(|held| match held.progress() {
            Progress::Synced => false,
            Progress::Listing => true,
            Progress::Unknown => !held.optional(),
        });
        missing.map(|held| held.kind()).collect()
    }

    /// What the metrics tell of the caches.
    #[must_use]
    pub fn samples(&self) -> Samples {
        let now = Timestamp::now();
        let mut samples = Samples::default();
        for held in self.all() {
            let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).into();
            samples.objects.push(([held.kind()], count(held.len())));
            samples
                .unreadable
                .push(([held.kind()], count(held.unreadable())));
        }
        for stage in self.stages.all() {
            let Key { namespace, name } = Key::of(&*stage);
            let waiting = self.unfinished_promotions(&namespace, &name).len();
            let newest = self
                .freight_in(&namespace, &name)
                .iter()
                .filter_map(|freight| {
                    let discovered = freight.discovered_at.as_ref();
                    discovered
                        .or(freight.metadata.creation_timestamp.as_ref())
                        .map(|time| time.0)
                })
                .max();
            let labels = [namespace, name];
            if let Some(newest) = newest {
                let age = now.duration_since(newest).as_secs_f64().max(0.0);
                samples.freight_age.push((labels.clone(), age));
            }
            let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
            samples.unfinished_promotions.push((labels, waiting.into()));
        }
        samples
    }

    fn all(&self) -> [Box<dyn Held>; 12] {
        let Self {
            projects,
            project_configs,
            cluster_configs,
            warehouses,
            freight,
            stages,
            promotions,
            tasks,
            cluster_tasks,
            namespaces,
            credentials,
            applications,
        } = self;
        [
            whole(projects),
            whole(project_configs),
            whole(cluster_configs),
            whole(warehouses),
            whole(freight),
            whole(stages),
            whole(promotions),
            whole(tasks),
            whole(cluster_tasks),
            labelled(namespaces, PROJECT_NAMESPACES),
            labelled(credentials, labels::CRED_TYPE),
            Box::new(Watched {
                cache: applications.clone(),
                labels: None,
                optional: true,
            }),
        ]
    }
}

/// How long after its end a promotion is kept whole: its Stage copies all of it when it ends.
const HISTORY: Duration = Duration::from_secs(3600);
/// How often promotions are looked through for what has become history.
const TRIM_AGAIN: Duration = Duration::from_secs(600);

fn is_history(promotion: &Promotion) -> bool {
    let Some(status) = &promotion.status else {
        return false;
    };
    let whole = !(promotion.spec.steps.is_empty() && status.state.is_empty());
    let ended = status.phase.is_some_and(PromotionPhase::is_terminal);
    let finished = status.finished_at.as_ref().map(|time| time.0);
    whole
        && ended
        && finished.is_some_and(|at| {
            HISTORY.as_secs_f64() < Timestamp::now().duration_since(at).as_secs_f64()
        })
}

fn trim_history(promotion: &mut Promotion) {
    promotion.spec.steps = Vec::new();
    promotion.spec.vars = Vec::new();
    if let Some(status) = &mut promotion.status {
        status.state = argosy_api::Object::default();
        status.step_execution_metadata = Vec::new();
    }
}

/// As a label selector.
const PROJECT_NAMESPACES: &str = "kargo.akuity.io/project=true";

/// A cache of some kind.
trait Held: Send + Sync {
    fn kind(&self) -> String;
    fn len(&self) -> usize;
    fn unreadable(&self) -> usize;
    fn progress(&self) -> Progress;
    fn optional(&self) -> bool;
    fn synced(&self) -> BoxFuture<'_, ()>;
    fn catch_up(&self) -> BoxFuture<'_, ()>;
    fn feed(&self, client: &Client, report: &Report) -> BoxFuture<'static, ()>;
}

/// A cache with what is watched for it.
struct Watched<K: 'static> {
    cache: Cache<K>,
    labels: Option<&'static str>,
    /// Whether Argosy works without.
    optional: bool,
}

fn whole<K: Watchable>(cache: &Cache<K>) -> Box<dyn Held> {
    Box::new(Watched {
        cache: cache.clone(),
        labels: None,
        optional: false,
    })
}

fn labelled<K: Watchable>(cache: &Cache<K>, labels: &'static str) -> Box<dyn Held> {
    Box::new(Watched {
        cache: cache.clone(),
        labels: Some(labels),
        optional: false,
    })
}

trait Watchable:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

impl<K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static>
    Watchable for K
{
}

impl<K: Watchable> Held for Watched<K> {
    fn kind(&self) -> String {
        K::kind(&()).into_owned()
    }

    fn len(&self) -> usize {
        self.cache.len()
    }

    fn unreadable(&self) -> usize {
        self.cache.unreadable().len()
    }

    fn progress(&self) -> Progress {
        self.cache.progress()
    }

    fn optional(&self) -> bool {
        self.optional
    }

    fn synced(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.cache.synced(self.optional))
    }

    fn catch_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.cache.catch_up())
    }

    fn feed(&self, client: &Client, report: &Report) -> BoxFuture<'static, ()> {
        Box::pin(
            self.cache
                .clone()
                .feed(client.clone(), self.labels, report.clone()),
        )
    }
}

#[cfg(test)]
mod tests;
