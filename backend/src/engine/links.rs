//! Notes on the Stage which Applications its promotions sync, for links from one to the other.

use argosy_api::Stage;
use argosy_api::labels;
use argosy_api::promotion::{PromotionPhase, PromotionStatus};
use argosy_api::step::PromotionStep;
use argosy_core::promotion::alias_of;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use super::{Job, Services};

/// Writes the Applications of a promotion that succeeded to the Stage. Nothing depends on it, so a failure is only
/// logged.
pub(super) async fn note(services: &Services, job: &Job, status: &PromotionStatus) {
    if status.phase != Some(PromotionPhase::Succeeded) {
        return;
    }
    let namespace = job.promotion.namespace().unwrap_or_default();
    let name = &job.promotion.spec.stage;
    let wanted = applications(&job.promotion.spec.steps, status);
    let stage = services.caches.stages.get(&namespace, name);
    let noted = stage
        .as_ref()
        .and_then(|stage| stage.annotations().get(labels::ARGOCD_CONTEXT));
    if noted == wanted.as_ref() {
        return;
    }
    let patch = json!({ "metadata": { "annotations": { labels::ARGOCD_CONTEXT: wanted } } });
    let api: Api<Stage> = Api::namespaced(services.client.clone(), &namespace);
    match api
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
    {
        Ok(stage) => services.caches.stages.observe(stage),
        Err(error) => tracing::warn!(%error, "cannot note the Applications of Stage {name}"),
    }
}

/// A JSON list of the Applications, each with name and namespace; none if there are none.
fn applications(steps: &[PromotionStep], status: &PromotionStatus) -> Option<String> {
    let mut all: Vec<&Value> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        if step.uses.as_deref() != Some("argocd-update") {
            continue;
        }
        let output = status.state.get(&alias_of(at, step));
        let apps = output
            .and_then(|output| output["apps"].as_array())
            .into_iter()
            .flatten();
        all.extend(apps);
    }
    let mut distinct: Vec<&Value> = Vec::new();
    for app in all {
        if !distinct.contains(&app) {
            distinct.push(app);
        }
    }
    (!distinct.is_empty()).then(|| json!(distinct).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_listed_once() {
        let steps: Vec<PromotionStep> = yaml_serde::from_str(
            "[{uses: argocd-update}, {uses: compose-output, as: b}, {uses: argocd-update, as: c}]",
        )
        .unwrap();
        let (one, two) = (
            json!({"name": "1", "namespace": "argocd"}),
            json!({"name": "2", "namespace": "argocd"}),
        );
        let state =
            json!({"step-1": {"apps": [one]}, "b": {"apps": ["x"]}, "c": {"apps": [one, two]}});
        let status = PromotionStatus {
            state: state.as_object().unwrap().clone(),
            ..PromotionStatus::default()
        };
        let want = r#"[{"name":"1","namespace":"argocd"},{"name":"2","namespace":"argocd"}]"#;
        assert_eq!(applications(&steps, &status).as_deref(), Some(want));
        assert_eq!(applications(&steps, &PromotionStatus::default()), None);
    }
}
