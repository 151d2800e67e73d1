//! Where promotion policies come from: the `ProjectConfig`, then the Project's own of older manifests.

use argosy_api::Stage;
use argosy_core::policy;

use crate::cache::Key;
use crate::context::Context;

/// Whether a policy lets a Stage promote by itself.
pub(super) fn auto_promotion_enabled(context: &Context, stage: &Stage) -> bool {
    let Key { namespace, name } = Key::of(stage);
    let config = context.caches.project_configs.get(&namespace, &namespace);
    let project = context.caches.projects.get("", &namespace);
    let mut policies = config
        .map(|config| config.spec.promotion_policies.clone())
        .unwrap_or_default();
    let older = project.as_ref().and_then(|project| project.spec.as_ref());
    policies.extend(
        older
            .into_iter()
            .flat_map(|spec| spec.promotion_policies.clone()),
    );
    let labels = stage.metadata.labels.clone().unwrap_or_default();
    policy::auto_promotion_enabled(&policies, &name, &labels)
}
