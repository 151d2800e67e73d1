//! What a Stage does, told as claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use argosy_api::condition;
use argosy_api::promotion::PromotionPhase;
use argosy_api::stage_status::{HealthState, StagePhase};
use argosy_api::{Freight, Promotion, Stage};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ApplicationHealth, Decision, Order, Seen, decide};

/// A Stage `dev` that takes Freight from `Warehouse/app`, and what is around it.
struct World {
    now: Timestamp,
    stage: Stage,
    auto: bool,
    freight: Vec<Arc<Freight>>,
    promotions: Vec<Arc<Promotion>>,
    applications: BTreeMap<(String, String), ApplicationHealth>,
}

impl World {
    fn new(sources: &Value) -> Self {
        let stage = json!({
            "metadata": { "name": "dev", "namespace": "demo", "uid": "u", "generation": 1 },
            "spec": {
                "requestedFreight": [{ "origin": { "kind": "Warehouse", "name": "app" }, "sources": sources }],
                "promotionTemplate": { "spec": { "steps": [{ "uses": "fail" }] } },
            },
        });
        Self {
            now: "2026-01-01T12:00:00Z".parse().unwrap(),
            stage: read(stage),
            auto: false,
            freight: Vec::new(),
            promotions: Vec::new(),
            applications: BTreeMap::new(),
        }
    }

    fn direct() -> Self {
        Self::new(&json!({ "direct": true }))
    }

    fn auto(mut self) -> Self {
        self.auto = true;
        self
    }

    fn with_freight(self, name: &str, discovered: &str) -> Self {
        self.with_freight_that(name, discovered, &json!({}))
    }

    fn with_freight_that(mut self, name: &str, discovered: &str, status: &Value) -> Self {
        self.freight.push(Arc::new(read(json!({
            "metadata": { "name": name, "namespace": "demo" },
            "origin": { "kind": "Warehouse", "name": "app" },
            "discoveredAt": discovered,
            "status": status,
        }))));
        self
    }

    fn with_promotion(mut self, name: &str, freight: &str, phase: &str) -> Self {
        self.promotions
            .retain(|it| it.metadata.name.as_deref() != Some(name));
        let origin = json!({ "kind": "Warehouse", "name": "app" });
        let reference = json!({ "name": freight, "origin": origin });
        let ended = matches!(phase, "Succeeded" | "Failed" | "Errored" | "Aborted");
        self.promotions.push(Arc::new(read(json!({
            "metadata": { "name": name, "namespace": "demo", "creationTimestamp": "2026-01-01T11:00:00Z" },
            "spec": { "stage": "dev", "freight": freight },
            "status": {
                "phase": phase,
                "startedAt": "2026-01-01T11:00:01Z",
                "finishedAt": if ended { json!("2026-01-01T11:59:00Z") } else { Value::Null },
                "freight": reference,
                "freightCollection": { "id": freight, "items": { "Warehouse/app": reference } },
            },
        }))));
        self
    }

    fn annotated(mut self, promotion: &str, key: &str) -> Self {
        for it in &mut self.promotions {
            if it.metadata.name.as_deref() == Some(promotion) {
                let annotations = Arc::make_mut(it)
                    .metadata
                    .annotations
                    .get_or_insert_default();
                annotations.insert(key.to_owned(), "true".to_owned());
            }
        }
        self
    }

    fn decide(&self) -> Decision {
        decide(&Seen {
            now: self.now,
            stage: &self.stage,
            auto_promotion_enabled: self.auto,
            freight: &self.freight,
            promotions: &self.promotions,
            applications: &self.applications,
            problems: &[],
            old_forms: &[],
        })
    }

    /// Takes the decision as written, and decides again.
    fn then(mut self) -> (Self, Decision) {
        self.stage.status = Some(self.decide().status);
        let decision = self.decide();
        (self, decision)
    }
}

fn read<T: for<'de> serde::Deserialize<'de>>(mut value: Value) -> T {
    value["apiVersion"] = json!("kargo.akuity.io/v1alpha1");
    serde_json::from_value(value).unwrap()
}

fn ready(decision: &Decision) -> (String, String) {
    let ready = condition::find(&decision.status.conditions, condition::READY).unwrap();
    (ready.status.clone(), ready.reason.clone())
}

fn current(decision: &Decision) -> Option<&str> {
    decision
        .status
        .current_promotion
        .as_ref()
        .map(|it| it.name.as_str())
}

/// A Stage in which `old` was promoted and has been verified.
fn settled() -> World {
    let (world, _) = World::direct()
        .with_freight_that(
            "old",
            "2026-01-01T00:00:00Z",
            &json!({
                "currentlyIn": { "dev": { "since": "2026-01-01T10:00:00Z" } },
                "verifiedIn": { "dev": { "verifiedAt": "2026-01-01T10:00:00Z" } },
            }),
        )
        .with_promotion("dev.1", "old", "Running")
        .then();
    let (world, decision) = world.with_promotion("dev.1", "old", "Succeeded").then();
    assert_eq!(decision.status.phase, Some(StagePhase::Steady));
    world
}

#[test]
fn a_stage_without_freight_is_not_ready() {
    let decision = World::direct().decide();
    assert_eq!(
        ready(&decision),
        ("False".to_owned(), "NoFreight".to_owned())
    );
    assert_eq!(decision.status.phase, Some(StagePhase::NotApplicable));
    assert_eq!(
        decision.status.freight_summary.as_deref(),
        Some("0/1 Fulfilled")
    );
}

#[test]
fn the_oldest_promotion_that_waits_is_next() {
    let decision = World::direct()
        .with_promotion("dev.2", "b", "Pending")
        .with_promotion("dev.1", "a", "Pending")
        .decide();
    assert_eq!(current(&decision), Some("dev.1"));
}

#[test]
fn a_running_promotion_goes_before_an_older_one_that_waits() {
    let decision = World::direct()
        .with_promotion("dev.1", "a", "Pending")
        .with_promotion("dev.2", "b", "Running")
        .decide();
    assert_eq!(current(&decision), Some("dev.2"));
}

#[test]
fn a_promotion_that_is_not_admitted_yet_waits() {
    let mut world = World::direct().with_promotion("dev.1", "a", "Pending");
    Arc::make_mut(&mut world.promotions[0]).status = None;
    assert_eq!(current(&world.decide()), None);
}

#[test]
fn a_promotion_that_is_gone_is_forgotten() {
    let (mut world, decision) = World::direct()
        .with_promotion("dev.1", "a", "Running")
        .then();
    assert_eq!(current(&decision), Some("dev.1"));
    world.promotions.clear();
    assert_eq!(current(&world.decide()), None);
}

#[test]
fn success_brings_the_freight_into_the_stage_and_verifies_it() {
    let (world, _) = World::direct()
        .with_freight("new", "2026-01-01T00:00:00Z")
        .with_promotion("dev.1", "new", "Running")
        .then();
    let decision = world.with_promotion("dev.1", "new", "Succeeded").decide();
    let status = &decision.status;
    assert_eq!(status.freight_summary.as_deref(), Some("new"));
    assert_eq!(
        status.health.as_ref().unwrap().status,
        Some(HealthState::Healthy)
    );
    assert_eq!(status.phase, Some(StagePhase::Steady));
    assert_eq!(ready(&decision), ("True".to_owned(), "Verified".to_owned()));
    let at = "2026-01-01T12:00:00Z".parse().unwrap();
    let freight = "new".to_owned();
    let expected = [
        Order::Enter {
            freight: freight.clone(),
            since: at,
        },
        Order::Verify { freight, at },
    ];
    assert_eq!(decision.orders, expected);
}

#[test]
fn deciding_again_asks_for_nothing_new_once_it_is_done() {
    let (world, first) = settled().then();
    let (_, second) = world.then();
    assert_eq!(first, second);
    assert!(second.orders.is_empty());
}

#[test]
fn new_freight_sends_the_old_away_with_its_longest_stay() {
    let (world, _) = settled()
        .with_freight("new", "2026-01-01T01:00:00Z")
        .with_promotion("dev.2", "new", "Running")
        .then();
    let decision = world.with_promotion("dev.2", "new", "Succeeded").decide();
    let left = Order::Leave {
        freight: "old".to_owned(),
        longest_soak: Some("2h".parse().unwrap()),
    };
    assert!(decision.orders.contains(&left), "{:?}", decision.orders);
    assert_eq!(decision.status.freight_history.len(), 2);
}

#[test]
fn a_failed_promotion_changes_no_freight() {
    let (world, _) = settled()
        .with_freight("new", "2026-01-01T01:00:00Z")
        .with_promotion("dev.2", "new", "Running")
        .then();
    let decision = world.with_promotion("dev.2", "new", "Failed").decide();
    assert_eq!(decision.status.freight_summary.as_deref(), Some("old"));
    assert_eq!(decision.status.phase, Some(StagePhase::Failed));
    assert_eq!(
        ready(&decision),
        ("False".to_owned(), "LastPromotionFailed".to_owned())
    );
    assert_eq!(
        decision.status.last_promotion.as_ref().unwrap().name,
        "dev.2"
    );
    assert!(decision.orders.is_empty(), "{:?}", decision.orders);
}

#[test]
fn the_newest_available_freight_promotes_by_itself() {
    let decision = World::direct()
        .auto()
        .with_freight("a", "2026-01-01T00:00:00Z")
        .with_freight("b", "2026-01-01T02:00:00Z")
        .with_freight("c", "2026-01-01T01:00:00Z")
        .decide();
    assert_eq!(
        decision.orders,
        [Order::Promote {
            freight: "b".to_owned()
        }]
    );
}

#[test]
fn what_is_under_way_or_failed_is_not_promoted_again() {
    for phase in ["Pending", "Running", "Failed", "Errored", "Aborted"] {
        let decision = World::direct()
            .auto()
            .with_freight("a", "2026-01-01T00:00:00Z")
            .with_promotion("dev.1", "a", phase)
            .decide();
        assert_eq!(decision.orders, [], "{phase}");
    }
}

#[test]
fn a_promotion_that_was_refused_counts_as_never_made() {
    let mut world = World::direct()
        .auto()
        .with_freight("a", "2026-01-01T00:00:00Z")
        .with_promotion("dev.1", "a", "Errored");
    let refused = Arc::make_mut(&mut world.promotions[0])
        .status
        .as_mut()
        .unwrap();
    assert_eq!(refused.phase, Some(PromotionPhase::Errored));
    refused.started_at = None;
    assert_eq!(
        world.decide().orders,
        [Order::Promote {
            freight: "a".to_owned()
        }]
    );
}

#[test]
fn choosing_other_freight_holds_auto_promotion_back_until_the_candidate_is_promoted() {
    let newer = |world: World| world.with_freight("new", "2026-01-01T05:00:00Z");
    let (world, _) = newer(settled().auto())
        .with_promotion("dev.2", "old", "Running")
        .annotated("dev.2", "kargo.akuity.io/auto-promotion-hold")
        .then();
    let decision = world.decide();
    assert!(
        decision.status.auto_promotion_holds.is_empty(),
        "not before it succeeds"
    );
    assert_eq!(decision.status.effective_auto_promotion_holds.len(), 1);
    assert_eq!(decision.orders, []);

    let (world, _) = world
        .with_promotion("dev.2", "old", "Succeeded")
        .annotated("dev.2", "kargo.akuity.io/auto-promotion-hold")
        .then();
    let held = world.decide();
    assert_eq!(
        held.status.auto_promotion_holds["Warehouse/app"].freight_name,
        "old"
    );
    assert_eq!(held.orders, []);

    let (world, _) = world
        .with_promotion("dev.3", "new", "Running")
        .annotated("dev.3", "kargo.akuity.io/auto-promotion-resume")
        .then();
    let (_, resumed) = world
        .with_promotion("dev.3", "new", "Succeeded")
        .annotated("dev.3", "kargo.akuity.io/auto-promotion-resume")
        .then();
    assert!(resumed.status.auto_promotion_holds.is_empty());
}

#[test]
fn the_end_of_a_soak_time_is_when_to_look_again() {
    let sources = json!({ "stages": ["test"], "requiredSoakTime": "1h" });
    let status = json!({
        "verifiedIn": { "test": { "verifiedAt": "2026-01-01T11:30:00Z" } },
        "currentlyIn": { "test": { "since": "2026-01-01T11:30:00Z" } },
    });
    let world = World::new(&sources)
        .auto()
        .with_freight_that("a", "2026-01-01T00:00:00Z", &status);
    let decision = world.decide();
    assert_eq!(decision.orders, []);
    assert_eq!(
        decision.again,
        Some("2026-01-01T12:30:00Z".parse().unwrap())
    );
    let later = World {
        now: "2026-01-01T12:30:00Z".parse().unwrap(),
        ..world
    };
    assert_eq!(
        later.decide().orders,
        [Order::Promote {
            freight: "a".to_owned()
        }]
    );
}

#[test]
fn a_control_flow_stage_verifies_what_is_available_to_it() {
    let mut world = World::direct().with_freight("a", "2026-01-01T00:00:00Z");
    world.stage.spec.promotion_template = None;
    let decision = world.decide();
    assert_eq!(decision.status.freight_summary.as_deref(), Some("N/A"));
    assert_eq!(
        decision.orders,
        [Order::Verify {
            freight: "a".to_owned(),
            at: world.now
        }]
    );
    assert_eq!(ready(&decision).0, "True");
}

#[test]
fn an_unhealthy_application_keeps_freight_from_being_verified() {
    let (mut world, _) = World::direct()
        .with_freight("new", "2026-01-01T00:00:00Z")
        .with_promotion("dev.1", "new", "Running")
        .then();
    world = world.with_promotion("dev.1", "new", "Succeeded");
    let checks = json!([{ "uses": "argocd-update", "config": { "apps": [
        { "name": "app", "namespace": "argocd", "desiredRevisions": ["abc"] },
    ] } }]);
    let status = Arc::make_mut(&mut world.promotions[0])
        .status
        .as_mut()
        .unwrap();
    status.health_checks = serde_json::from_value(checks).unwrap();
    let health = ApplicationHealth {
        health: "Degraded".to_owned(),
        revisions: vec!["abc".to_owned()],
        ..ApplicationHealth::default()
    };
    world
        .applications
        .insert(("argocd".to_owned(), "app".to_owned()), health);
    let decision = world.decide();
    assert_eq!(
        ready(&decision),
        ("False".to_owned(), "Unhealthy".to_owned())
    );
    assert_eq!(decision.status.phase, Some(StagePhase::Verifying));
    assert!(
        !decision
            .orders
            .iter()
            .any(|it| matches!(it, Order::Verify { .. }))
    );
}
