//! When a Warehouse discovers, and what Freight its discoveries make.

use std::sync::Arc;

use argosy_api::artifact::{Chart, FreightOrigin, GitCommit, Image};
use argosy_api::condition::{
    self, CRITERIA_SATISFIED, DEPRECATED, FALSE, FREIGHT_CREATED, HEALTHY, READY, RECONCILING, TRUE,
};
use argosy_api::subscription::Subscription;
use argosy_api::warehouse::{DiscoveredArtifacts, FreightCreationPolicy, WarehouseStatus};
use argosy_api::{Freight, GoDuration, Time, Warehouse, labels, reasons};
use jiff::Timestamp;

use crate::Refusal;
use crate::freight;
use crate::said::Said;

/// Whether it is time to discover.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// At once.
    Now,
    /// Not before this moment.
    At(Timestamp),
}

/// Tells when a Warehouse discovers next: when nothing was discovered yet, when its spec changed,
/// when somebody asks by annotation, when its interval has passed.
pub fn due(warehouse: &Warehouse, floor: GoDuration, now: Timestamp) -> Due {
    let Some(status) = &warehouse.status else {
        return Due::Now;
    };
    let changed = status.observed_generation != warehouse.metadata.generation;
    let asked =
        refresh_token(warehouse).is_some_and(|token| Some(token) != status.last_handled_refresh);
    let discovered = status
        .discovered_artifacts
        .as_ref()
        .and_then(|it| it.discovered_at.as_ref());
    let Some(discovered) = discovered.filter(|_| !changed && !asked) else {
        return Due::Now;
    };
    match discovered
        .0
        .checked_add(interval(warehouse, floor).to_signed())
    {
        Ok(next) if now < next => Due::At(next),
        Ok(_) | Err(_) => Due::Now,
    }
}

/// The Warehouse's interval, not below the site's floor.
pub fn interval(warehouse: &Warehouse, floor: GoDuration) -> GoDuration {
    warehouse
        .spec
        .interval
        .max(floor)
        .max(GoDuration::from_secs(1))
}

/// When a Warehouse that has just discovered does so again.
pub fn next(warehouse: &Warehouse, floor: GoDuration, now: Timestamp) -> Timestamp {
    later(now, interval(warehouse, floor))
}

/// When a Warehouse whose discovery failed tries again: at first soon, then after as long again as
/// it has been failing, at most after its interval.
pub fn retry_at(warehouse: &Warehouse, floor: GoDuration, now: Timestamp) -> Timestamp {
    let since = failing_since(warehouse).unwrap_or(now);
    let failing = GoDuration::from_signed(now.duration_since(since));
    let longest = interval(warehouse, floor).min(LONGEST_RETRY);
    later(now, failing.max(SHORTEST_RETRY).min(longest))
}

/// Since when a Warehouse's discovery has been failing, if it does.
pub fn failing_since(warehouse: &Warehouse) -> Option<Timestamp> {
    let ready = condition::find(&warehouse.status.as_ref()?.conditions, READY)?;
    (ready.reason == reasons::DISCOVERY_FAILURE).then_some(ready.last_transition_time.0)
}

const SHORTEST_RETRY: GoDuration = GoDuration::from_secs(2);
const LONGEST_RETRY: GoDuration = GoDuration::from_secs(300);

fn later(now: Timestamp, by: GoDuration) -> Timestamp {
    now.checked_add(by.to_signed()).unwrap_or(Timestamp::MAX)
}

/// What became of a discovery.
#[derive(Clone, Debug, PartialEq)]
pub enum Discovery {
    /// Every subscription answered.
    Found(DiscoveredArtifacts),
    /// At least one did not. The message says which, and why.
    Failed(String),
}

/// What became of the Freight that a discovery could make.
#[derive(Clone, Debug, PartialEq)]
pub enum Creation {
    /// It is new.
    Created(String),
    /// It was there before.
    Existed(String),
    /// A person assembles Freight here.
    Manual,
    /// The discoveries do not make Freight: something is missing, or the criteria say no.
    Refused(Refusal),
}

/// The Freight made of the newest artifact of every subscription. `earlier` is what the Warehouse
/// has made before.
///
/// # Errors
/// A [`Refusal`] where a subscription found nothing.
pub fn assemble(
    warehouse: &Warehouse,
    found: &DiscoveredArtifacts,
    earlier: &[Arc<Freight>],
    now: Timestamp,
) -> Result<Freight, Refusal> {
    let mut freight = Freight {
        origin: FreightOrigin::warehouse(warehouse.metadata.name.clone().unwrap_or_default()),
        discovered_at: Some(Time(later_than(earlier, now))),
        ..Freight::default()
    };
    freight
        .metadata
        .namespace
        .clone_from(&warehouse.metadata.namespace);
    for git in &found.git {
        let newest = git
            .commits
            .first()
            .ok_or_else(|| missing(reasons::MISSING_COMMITS, "commit", &git.repo_url))?;
        freight.commits.push(GitCommit {
            repo_url: git.repo_url.clone(),
            id: newest.id.clone(),
            branch: newest.branch.clone(),
            tag: newest.tag.clone(),
            message: newest.subject.clone(),
            author: newest.author.clone(),
            committer: newest.committer.clone(),
            subscription_name: git.subscription_name.clone(),
        });
    }
    for image in &found.images {
        let newest = image
            .references
            .first()
            .ok_or_else(|| missing(reasons::MISSING_IMAGE_REFERENCES, "image", &image.repo_url))?;
        freight.images.push(Image {
            repo_url: image.repo_url.clone(),
            tag: Some(newest.tag.clone()),
            digest: Some(newest.digest.clone()),
            annotations: newest.annotations.clone(),
            subscription_name: image.subscription_name.clone(),
        });
    }
    for chart in &found.charts {
        let newest = chart
            .versions
            .first()
            .ok_or_else(|| missing(reasons::MISSING_CHART_VERSIONS, "chart", &chart.repo_url))?;
        freight.charts.push(Chart {
            repo_url: chart.repo_url.clone(),
            name: chart.name.clone(),
            version: newest.clone(),
            subscription_name: chart.subscription_name.clone(),
        });
    }
    freight.metadata.name = Some(freight::name(&freight));
    Ok(freight)
}

/// Now, or a second after the newest of the earlier Freight where that was found in this very
/// second: times have whole seconds, and what is found later has to be newer.
fn later_than(earlier: &[Arc<Freight>], now: Timestamp) -> Timestamp {
    let newest = earlier
        .iter()
        .filter_map(|it| it.discovered_at.as_ref())
        .map(|time| time.0)
        .max();
    match newest.map(|newest| later(newest, GoDuration::from_secs(1))) {
        Some(next) if now < next && next <= later(now, GoDuration::from_secs(10)) => next,
        Some(_) | None => now,
    }
}

fn missing(reason: &'static str, noun: &str, repository: &str) -> Refusal {
    Refusal::new(
        reason,
        format!("No {noun} of {repository} matches the subscription"),
    )
}

/// Whether the Warehouse makes Freight by itself.
pub fn creates_freight(warehouse: &Warehouse) -> bool {
    warehouse.spec.freight_creation_policy == FreightCreationPolicy::Automatic
}

/// The Warehouse's new status after a discovery.
pub fn status(
    warehouse: &Warehouse,
    discovery: &Discovery,
    creation: Option<&Creation>,
    now: Timestamp,
) -> WarehouseStatus {
    let mut status = warehouse.status.clone().unwrap_or_default();
    let mut said = match discovery {
        Discovery::Failed(message) => vec![
            Said::new(READY, FALSE, reasons::DISCOVERY_FAILURE, message),
            Said::new(HEALTHY, FALSE, reasons::DISCOVERY_FAILED, message),
            Said::new(
                RECONCILING,
                TRUE,
                reasons::SCHEDULED_DISCOVERY,
                "Discovery is tried again",
            ),
        ],
        Discovery::Found(found) => {
            status.discovered_artifacts = Some(found.clone());
            status.observed_generation = warehouse.metadata.generation;
            status.last_handled_refresh = refresh_token(warehouse).or(status.last_handled_refresh);
            condition::remove(&mut status.conditions, RECONCILING);
            outcome(warehouse, creation)
        }
    };
    if let Some(Creation::Created(name) | Creation::Existed(name)) = creation {
        status.last_freight_id = Some(name.clone());
    }
    match old_forms(warehouse) {
        Some(old) => said.push(old),
        None => condition::remove(&mut status.conditions, DEPRECATED),
    }
    for said in said {
        said.put(&mut status.conditions, warehouse.metadata.generation, now);
    }
    status
}

/// What is said of a discovery that found something, or at least could look.
fn outcome(warehouse: &Warehouse, creation: Option<&Creation>) -> Vec<Said> {
    let subscriptions = warehouse.spec.subscriptions.len();
    let found = format!("Successfully discovered artifacts from {subscriptions} subscriptions");
    let mut said = vec![
        Said::new(READY, TRUE, reasons::ARTIFACTS_DISCOVERED, &found),
        Said::new(HEALTHY, TRUE, reasons::RECONCILIATION_SUCCEEDED, ""),
    ];
    let satisfied = "Freight creation criteria satisfied";
    let satisfied = Said::new(
        CRITERIA_SATISFIED,
        TRUE,
        reasons::CRITERIA_SATISFIED,
        satisfied,
    );
    match creation {
        None | Some(Creation::Manual) => {}
        Some(Creation::Created(_)) => {
            let message = "No Freight composed of the newest artifacts already existed";
            said.extend([
                satisfied,
                Said::new(FREIGHT_CREATED, TRUE, reasons::NEW_FREIGHT, message),
            ]);
        }
        Some(Creation::Existed(_)) => {
            let message = "Freight composed of the newest artifacts already exists";
            said.extend([
                satisfied,
                Said::new(FREIGHT_CREATED, FALSE, reasons::ALREADY_EXISTS, message),
            ]);
        }
        Some(Creation::Refused(refusal)) if refusal.reason == reasons::CRITERIA_NOT_SATISFIED => {
            said.push(Said::new(
                CRITERIA_SATISFIED,
                FALSE,
                refusal.reason,
                &refusal.message,
            ));
        }
        Some(Creation::Refused(refusal)) => {
            said.push(Said::new(READY, FALSE, refusal.reason, &refusal.message));
            if let Some(reason) = nothing_found(refusal.reason) {
                said.push(Said::new(HEALTHY, FALSE, reason, &refusal.message));
            }
        }
    }
    said
}

fn nothing_found(reason: &str) -> Option<&'static str> {
    match reason {
        reasons::MISSING_COMMITS => Some(reasons::NO_COMMITS_DISCOVERED),
        reasons::MISSING_IMAGE_REFERENCES => Some(reasons::NO_IMAGE_REFERENCES_DISCOVERED),
        reasons::MISSING_CHART_VERSIONS => Some(reasons::NO_CHART_VERSIONS_DISCOVERED),
        _ => None,
    }
}

fn old_forms(warehouse: &Warehouse) -> Option<Said> {
    let subscriptions = warehouse.spec.subscriptions.iter().enumerate();
    let forms: Vec<_> = subscriptions
        .filter_map(|(index, it)| old_form(index, it))
        .collect();
    (!forms.is_empty()).then(|| {
        Said::new(
            DEPRECATED,
            TRUE,
            reasons::DEPRECATED_FIELDS,
            forms.join("\n"),
        )
    })
}

fn old_form(index: usize, subscription: &Subscription) -> Option<String> {
    let constraint = subscription.image.as_ref()?.semver_constraint.as_ref()?;
    let field = format!("spec.subscriptions[{index}].image.semverConstraint");
    Some(format!(
        "{field} is an older form; write `constraint: {constraint}` instead"
    ))
}

fn refresh_token(warehouse: &Warehouse) -> Option<String> {
    warehouse
        .metadata
        .annotations
        .as_ref()?
        .get(labels::REFRESH)
        .cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn warehouse(status: &Value) -> Warehouse {
        let annotations = json!({ "kargo.akuity.io/refresh": "2" });
        serde_json::from_value(json!({
            "apiVersion": "kargo.akuity.io/v1alpha1",
            "metadata": { "name": "app", "namespace": "demo", "generation": 1, "annotations": annotations },
            "spec": { "interval": "5m", "subscriptions": [{ "image": { "repoURL": "ghcr.io/acme/app" } }] },
            "status": status,
        }))
        .unwrap()
    }

    fn looked(generation: i64, refresh: &str) -> Value {
        json!({
            "observedGeneration": generation,
            "lastHandledRefresh": refresh,
            "discoveredArtifacts": { "discoveredAt": "2026-01-01T12:00:00Z" },
        })
    }

    #[test]
    fn discovery_is_due_when_something_asks_for_it() {
        let none = GoDuration::default();
        let check = |status: Value, now: &str, expected| {
            assert_eq!(due(&warehouse(&status), none, at(now)), expected);
        };
        let next = at("2026-01-01T12:05:00Z");
        check(looked(1, "2"), "2026-01-01T12:01:00Z", Due::At(next));
        check(looked(1, "2"), "2026-01-01T12:05:00Z", Due::Now);
        check(looked(1, "1"), "2026-01-01T12:01:00Z", Due::Now);
        check(looked(0, "2"), "2026-01-01T12:01:00Z", Due::Now);
        check(json!({}), "2026-01-01T12:01:00Z", Due::Now);
    }

    #[test]
    fn the_sites_floor_wins_over_a_shorter_interval() {
        let hour = GoDuration::from_secs(3600);
        let seen = due(
            &warehouse(&looked(1, "2")),
            hour,
            at("2026-01-01T12:10:00Z"),
        );
        assert_eq!(seen, Due::At(at("2026-01-01T13:00:00Z")));
    }

    #[test]
    fn a_failing_discovery_waits_as_long_again_as_it_has_been_failing() {
        let failing = |since: &str| {
            json!({ "conditions": [{
                "type": "Ready", "status": "False", "reason": "DiscoveryFailure", "message": "",
                "lastTransitionTime": since,
            }] })
        };
        let none = GoDuration::default();
        let now = at("2026-01-01T12:00:00Z");
        let check = |since: &str, expected: &str| {
            assert_eq!(
                retry_at(&warehouse(&failing(since)), none, now),
                at(expected)
            );
        };
        check("2026-01-01T12:00:00Z", "2026-01-01T12:00:02Z");
        check("2026-01-01T11:59:20Z", "2026-01-01T12:00:40Z");
        check("2026-01-01T10:00:00Z", "2026-01-01T12:05:00Z");
    }

    #[test]
    fn freight_found_in_the_same_second_is_newer() {
        let image = |tag: &str| {
            let digest = format!("sha256:{}", "a".repeat(64));
            serde_json::from_value(json!({ "images": [{
                "repoURL": "ghcr.io/acme/app", "references": [{ "tag": tag, "digest": digest }],
            }] }))
            .unwrap()
        };
        let warehouse = warehouse(&json!({}));
        let now = at("2026-01-01T12:00:00Z");
        let first = assemble(&warehouse, &image("1.0.0"), &[], now).unwrap();
        assert_eq!(first.discovered_at, Some(Time(now)));
        let second = assemble(&warehouse, &image("1.1.0"), &[Arc::new(first)], now).unwrap();
        assert_eq!(second.discovered_at, Some(Time(at("2026-01-01T12:00:01Z"))));
    }

    #[test]
    fn a_subscription_that_found_nothing_is_named() {
        let nothing: DiscoveredArtifacts =
            serde_json::from_value(json!({ "images": [{ "repoURL": "ghcr.io/acme/app" }] }))
                .unwrap();
        let refusal = assemble(
            &warehouse(&json!({})),
            &nothing,
            &[],
            at("2026-01-01T12:00:00Z"),
        );
        assert_eq!(
            refusal.unwrap_err().reason,
            reasons::MISSING_IMAGE_REFERENCES
        );
    }
}
