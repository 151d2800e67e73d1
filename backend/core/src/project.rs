//! A Project and its namespace.

use std::sync::Arc;

use argosy_api::condition::{self, DEPRECATED, FALSE, READY, RECONCILING, STALLED, TRUE};
use argosy_api::project::{HealthTally, ProjectStats, ProjectStatus, Tally};
use argosy_api::{Project, Stage, Warehouse, labels, reasons};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use crate::said::Said;

/// What is to be done about a Project's namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ground {
    /// It is not there: create it.
    Create,
    /// It is there and belongs to the Project, but lacks the finalizer.
    Claim,
    /// It is there as it should be.
    Settled,
    /// It is being deleted: wait until it is gone.
    Terminating,
    /// It belongs to somebody else.
    Foreign,
}

/// Tells what a Project's namespace needs.
pub fn ground(namespace: Option<&Namespace>) -> Ground {
    let Some(namespace) = namespace else {
        return Ground::Create;
    };
    if namespace.metadata.deletion_timestamp.is_some() {
        return Ground::Terminating;
    }
    let labels = namespace.metadata.labels.as_ref();
    if labels
        .and_then(|it| it.get(labels::PROJECT))
        .is_none_or(|value| value != "true")
    {
        return Ground::Foreign;
    }
    let finalizers = namespace.metadata.finalizers.as_deref().unwrap_or_default();
    if finalizers.iter().any(|it| it == labels::FINALIZER) {
        Ground::Settled
    } else {
        Ground::Claim
    }
}

/// Whether the namespace outlives the Project.
pub fn keeps_namespace(project: &Project, namespace: Option<&Namespace>) -> bool {
    let says = |metadata: &ObjectMeta| {
        let annotations = metadata.annotations.as_ref();
        annotations
            .and_then(|it| it.get(labels::KEEP_NAMESPACE))
            .is_some_and(|it| it == "true")
    };
    says(&project.metadata) || namespace.is_some_and(|it| says(&it.metadata))
}

/// A Project's new status.
pub fn status(
    project: &Project,
    ground: &Ground,
    warehouses: &[Arc<Warehouse>],
    stages: &[Arc<Stage>],
    now: Timestamp,
) -> ProjectStatus {
    let mut status = project.status.clone().unwrap_or_default();
    let name = project.metadata.name.as_deref().unwrap_or_default();
    let said = match ground {
        Ground::Settled => {
            condition::remove(&mut status.conditions, RECONCILING);
            condition::remove(&mut status.conditions, STALLED);
            vec![Said::new(
                READY,
                TRUE,
                reasons::SYNCED,
                "Project is synced and ready for use".to_owned(),
            )]
        }
        Ground::Foreign => {
            let message = format!(
                "namespace `{name}` exists and does not belong to a Project; label it \
                 {}={} to let the Project have it",
                labels::PROJECT,
                labels::TRUE,
            );
            vec![
                Said::new(
                    STALLED,
                    TRUE,
                    reasons::EXISTING_NAMESPACE_MISSING_LABEL,
                    message.clone(),
                ),
                Said::new(READY, FALSE, reasons::ENSURING_NAMESPACE_FAILED, message),
            ]
        }
        Ground::Terminating => {
            let message = format!("namespace `{name}` is being deleted; waiting until it is gone");
            vec![Said::new(
                READY,
                FALSE,
                reasons::ENSURING_NAMESPACE_FAILED,
                message,
            )]
        }
        Ground::Create | Ground::Claim => {
            vec![Said::new(
                READY,
                FALSE,
                reasons::SYNCING,
                "Project is being set up".to_owned(),
            )]
        }
    };
    for said in said {
        said.put(&mut status.conditions, project.metadata.generation, now);
    }
    match older_form(project) {
        Some(older) => older.put(&mut status.conditions, project.metadata.generation, now),
        None => condition::remove(&mut status.conditions, DEPRECATED),
    }
    status.stats = Some(stats(warehouses, stages));
    status
}

/// Shows the `ProjectConfig` that says what the Project's own policies say.
fn older_form(project: &Project) -> Option<Said> {
    let policies = &project.spec.as_ref()?.promotion_policies;
    if policies.is_empty() {
        return None;
    }
    let name = &project.metadata.name;
    let modern = json!({
        "apiVersion": format!("{}/{}", argosy_api::GROUP, argosy_api::VERSION),
        "kind": "ProjectConfig",
        "metadata": { "name": name, "namespace": name },
        "spec": { "promotionPolicies": policies },
    });
    let modern = yaml_serde::to_string(&modern).unwrap_or_default();
    let message = format!("spec.promotionPolicies is an older form; write instead:\n{modern}");
    Some(Said::new(
        DEPRECATED,
        TRUE,
        reasons::DEPRECATED_FIELDS,
        message,
    ))
}

fn stats(warehouses: &[Arc<Warehouse>], stages: &[Arc<Stage>]) -> ProjectStats {
    let healthy = |conditions: Option<&[argosy_api::Condition]>| {
        conditions.is_some_and(|it| condition::is_true(it, condition::HEALTHY))
    };
    let warehouses = tally(
        warehouses
            .iter()
            .map(|it| healthy(it.status.as_ref().map(|it| &*it.conditions))),
    );
    let stages = tally(
        stages
            .iter()
            .filter(|it| !it.spec.is_control_flow())
            .map(|it| healthy(it.status.as_ref().map(|it| &*it.conditions))),
    );
    ProjectStats {
        warehouses: Some(warehouses),
        stages: Some(stages),
    }
}

fn tally(healthy: impl Iterator<Item = bool>) -> Tally {
    let mut tally = Tally {
        count: 0,
        health: HealthTally { healthy: 0 },
    };
    for is_healthy in healthy {
        tally.count += 1;
        tally.health.healthy += i64::from(is_healthy);
    }
    tally
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn namespace(metadata: &Value) -> Namespace {
        serde_json::from_value(json!({ "metadata": metadata })).unwrap()
    }

    #[test]
    fn a_namespace_is_adopted_only_with_the_label() {
        let ours = json!({ "kargo.akuity.io/project": "true" });
        let held = json!(["kargo.akuity.io/finalizer"]);
        let check = |metadata: &Value, expected| {
            assert_eq!(ground(Some(&namespace(metadata))), expected);
        };
        assert_eq!(ground(None), Ground::Create);
        check(&json!({ "name": "demo" }), Ground::Foreign);
        check(&json!({ "labels": ours }), Ground::Claim);
        check(
            &json!({ "labels": ours, "finalizers": held }),
            Ground::Settled,
        );
        let leaving = json!({ "labels": ours, "deletionTimestamp": "2026-01-01T00:00:00Z" });
        check(&leaving, Ground::Terminating);
    }

    #[test]
    fn policies_of_its_own_are_shown_as_a_project_config() {
        let project: Project = serde_json::from_value(json!({
            "metadata": { "name": "demo", "generation": 1 },
            "spec": { "promotionPolicies": [{ "stage": "dev", "autoPromotionEnabled": true }] },
        }))
        .unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let status = status(&project, &Ground::Settled, &[], &[], now);
        let deprecated = condition::find(&status.conditions, DEPRECATED).unwrap();
        assert!(
            deprecated.message.contains("kind: ProjectConfig"),
            "{}",
            deprecated.message
        );
        assert!(
            deprecated.message.contains("stage: dev"),
            "{}",
            deprecated.message
        );
        assert!(condition::is_true(&status.conditions, READY));
    }
}
