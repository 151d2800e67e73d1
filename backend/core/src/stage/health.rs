//! The health of a Stage: what its last promotion asked to be watched, seen now.

use argosy_api::promotion::PromotionPhase;
use argosy_api::stage_status::{Health, HealthState, StageStatus};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Seen;

/// Namespace and name of an Argo CD Application.
pub type ApplicationKey = (String, String);

/// What an Argo CD Application says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationHealth {
    /// `status.health.status`, empty where Argo CD has not judged yet.
    pub health: String,
    /// `status.sync.status`.
    pub sync: String,
    /// The synced revisions, one for each source.
    pub revisions: Vec<String>,
    /// Whether an operation waits or runs.
    pub operation_pending: bool,
    /// When the last operation ended.
    pub operation_finished_at: Option<Timestamp>,
    /// When Argo CD last compared the Application.
    pub reconciled_at: Option<Timestamp>,
    /// Conditions that make the Application's state unknowable, as `type: message`.
    pub errors: Vec<String>,
    /// The whole account for `status.health.output`.
    pub account: Value,
}

/// Judges the health of a Stage. Nothing where nothing was ever promoted.
pub(super) fn assess(seen: &Seen<'_>, status: &StageStatus) -> Option<Health> {
    if status.current_promotion.is_some() {
        return Some(unknown("a promotion is under way"));
    }
    let last = status.last_promotion.as_ref()?;
    let promotion = last.status.as_ref()?;
    match promotion.phase {
        Some(PromotionPhase::Succeeded) => {}
        Some(other) => {
            return Some(unknown(format!(
                "the last promotion, {}, is {other}",
                last.name
            )));
        }
        None => return None,
    }
    if promotion.health_checks.is_empty() {
        return Some(Health {
            status: Some(HealthState::Healthy),
            ..Health::default()
        });
    }
    let verdicts: Vec<_> = promotion
        .health_checks
        .iter()
        .map(|check| match check.uses.as_str() {
            "argocd-update" => applications(seen, check.config.as_ref().unwrap_or(&Value::Null)),
            other => Verdict {
                state: HealthState::Unknown,
                issues: vec![format!("no health check of kind `{other}` is known")],
                output: Value::Null,
            },
        })
        .collect();
    Some(Health {
        status: verdicts.iter().map(|it| it.state).max(),
        issues: verdicts.iter().flat_map(|it| it.issues.clone()).collect(),
        config: None,
        output: Some(verdicts.into_iter().map(|it| it.output).collect()),
    })
}

struct Verdict {
    state: HealthState,
    issues: Vec<String>,
    output: Value,
}

fn unknown(issue: impl Into<String>) -> Health {
    Health {
        status: Some(HealthState::Unknown),
        issues: vec![issue.into()],
        ..Health::default()
    }
}

fn applications(seen: &Seen<'_>, config: &Value) -> Verdict {
    let apps = config
        .get("apps")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let mut verdict = Verdict {
        state: HealthState::Healthy,
        issues: Vec::new(),
        output: Value::Null,
    };
    let mut accounts = Vec::new();
    for app in apps {
        let text = |key: &str| {
            app.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let key = (text("namespace"), text("name"));
        let desired: Vec<_> = app
            .get("desiredRevisions")
            .and_then(Value::as_array)
            .map(|list| {
                list.iter()
                    .map(|it| it.as_str().unwrap_or_default())
                    .collect()
            })
            .unwrap_or_default();
        let found = seen.applications.get(&key);
        let (state, issue) = judge(&key, found, &desired);
        verdict.state = verdict.state.max(state);
        verdict.issues.extend(issue);
        accounts.extend(found.map(|it| it.account.clone()));
    }
    verdict.output = json!({ "applicationStatuses": accounts });
    verdict
}

fn judge(
    (namespace, name): &ApplicationKey,
    found: Option<&ApplicationHealth>,
    desired: &[&str],
) -> (HealthState, Option<String>) {
    let app = format!("Application `{name}` in namespace `{namespace}`");
    let Some(found) = found else {
        return (HealthState::Unknown, Some(format!("{app} is not there")));
    };
    if found.reconciled_at < found.operation_finished_at {
        let issue = format!("{app} has not been compared since its last operation");
        return (HealthState::Unknown, Some(issue));
    }
    if let Some(error) = found.errors.first() {
        return (HealthState::Unhealthy, Some(format!("{app}: {error}")));
    }
    if let Some(verdict) = out_of_step(&app, found, desired) {
        return verdict;
    }
    match found.health.as_str() {
        "Healthy" => (HealthState::Healthy, None),
        "" | "Progressing" | "Suspended" => (
            HealthState::Progressing,
            Some(format!("{app} is progressing")),
        ),
        other => (HealthState::Unhealthy, Some(format!("{app} is {other}"))),
    }
}

fn out_of_step(
    app: &str,
    found: &ApplicationHealth,
    desired: &[&str],
) -> Option<(HealthState, Option<String>)> {
    if desired.iter().all(|revision| revision.is_empty()) {
        return None;
    }
    if found.operation_pending {
        return Some((HealthState::Unknown, Some(format!("{app} is being synced"))));
    }
    if found.revisions.len() != desired.len() {
        let issue = format!(
            "{app} has {} sources, the promotion knew {}",
            found.revisions.len(),
            desired.len()
        );
        return Some((HealthState::Unknown, Some(issue)));
    }
    let wrong = found
        .revisions
        .iter()
        .zip(desired)
        .find(|(runs, wanted)| !wanted.is_empty() && runs.as_str() != **wanted)?;
    let issue = format!("{app} is at revision {}, not at {}", wrong.0, wrong.1);
    Some((HealthState::Unhealthy, Some(issue)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &ApplicationHealth, desired: &[&str], expected: HealthState) {
        let key = ("argocd".to_owned(), "demo".to_owned());
        assert_eq!(judge(&key, Some(found), desired).0, expected);
    }

    fn healthy() -> ApplicationHealth {
        ApplicationHealth {
            health: "Healthy".to_owned(),
            revisions: vec!["abc".to_owned()],
            ..ApplicationHealth::default()
        }
    }

    #[test]
    fn a_healthy_application_at_the_desired_revision_is_healthy() {
        check(&healthy(), &["abc"], HealthState::Healthy);
        check(&healthy(), &[""], HealthState::Healthy);
        check(&healthy(), &[], HealthState::Healthy);
    }

    #[test]
    fn another_revision_is_unhealthy() {
        check(&healthy(), &["def"], HealthState::Unhealthy);
    }

    #[test]
    fn a_running_operation_is_unknown_only_where_a_revision_is_desired() {
        check(
            &ApplicationHealth {
                operation_pending: true,
                ..healthy()
            },
            &["abc"],
            HealthState::Unknown,
        );
        check(
            &ApplicationHealth {
                operation_pending: true,
                ..healthy()
            },
            &[],
            HealthState::Healthy,
        );
    }

    #[test]
    fn a_state_older_than_the_last_operation_is_unknown() {
        let at = |text: &str| text.parse().ok();
        let stale = ApplicationHealth {
            reconciled_at: at("2026-01-01T00:00:00Z"),
            operation_finished_at: at("2026-01-01T00:00:01Z"),
            ..healthy()
        };
        check(&stale, &["abc"], HealthState::Unknown);
    }

    #[test]
    fn a_comparison_error_is_unhealthy() {
        let broken = ApplicationHealth {
            errors: vec!["ComparisonError: no such path".to_owned()],
            ..healthy()
        };
        check(&broken, &[], HealthState::Unhealthy);
    }

    #[test]
    fn a_missing_application_is_unknown() {
        let key = ("argocd".to_owned(), "demo".to_owned());
        assert_eq!(judge(&key, None, &[]).0, HealthState::Unknown);
    }
}
