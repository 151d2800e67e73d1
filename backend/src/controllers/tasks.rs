//! The tasks that a Stage of one project may refer to.

use std::sync::Arc;

use argosy_api::{ClusterPromotionTask, PromotionTask};
use argosy_core::task::Tasks;

use crate::caches::Caches;

/// The project's own tasks and the cluster's, as the caches hold them now.
pub(super) struct ProjectTasks {
    project: Vec<Arc<PromotionTask>>,
    cluster: Vec<Arc<ClusterPromotionTask>>,
}

impl ProjectTasks {
    /// The tasks for a Stage in `namespace`.
    pub(super) fn new(caches: &Caches, namespace: &str) -> Self {
        Self {
            project: caches.tasks.within(namespace),
            cluster: caches.cluster_tasks.all(),
        }
    }

    /// The tasks by name.
    pub(super) fn by_name(&self) -> Tasks<'_> {
        let project = self.project.iter();
        let cluster = self.cluster.iter();
        Tasks {
            project: project
                .map(|it| (it.metadata.name.as_deref().unwrap_or_default(), &it.spec))
                .collect(),
            cluster: cluster
                .map(|it| (it.metadata.name.as_deref().unwrap_or_default(), &it.spec.0))
                .collect(),
        }
    }
}
