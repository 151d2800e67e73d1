//! The events of promotions and freight, with the annotations that Kargo's users know.

use argosy_api::promotion::PromotionPhase;
use argosy_api::verification::{VerificationInfo, VerificationPhase};
use argosy_api::{Freight, Promotion, Stage, Time, labels, reasons};
use jiff::Timestamp;
use kube::ResourceExt as _;

use super::{Event, Level};

/// Who tells that a promotion was created. There is no webhook; people filter by this name.
pub const PROMOTION_WEBHOOK: &str = "promotion-webhook";
/// Who tells how a promotion ended.
pub const PROMOTION_CONTROLLER: &str = "promotion-controller";
/// Who tells of verifications.
pub const STAGE_CONTROLLER: &str = "stage-controller";
/// Who tells of discoveries and of new freight.
pub const WAREHOUSE_CONTROLLER: &str = "warehouse-controller";

/// A promotion was created.
#[must_use]
pub fn promotion_created(promotion: &Promotion, freight: &Freight) -> Event {
    let stage = &promotion.spec.stage;
    let message = format!(
        "Promotion created for Stage {stage:?} by {:?}",
        actor(promotion)
    );
    let event = Event::normal(
        promotion,
        PROMOTION_WEBHOOK,
        reasons::PROMOTION_CREATED,
        message,
    );
    with_promotion(event, promotion, Some(freight))
}

/// A promotion has ended in this phase; `message` says why, where it did not succeed. The freight is given unless it is
/// gone. `None` while the promotion has not ended.
#[must_use]
pub fn promotion_ended(
    promotion: &Promotion,
    freight: Option<&Freight>,
    phase: PromotionPhase,
    message: Option<&str>,
) -> Option<Event> {
    let (level, reason) = match phase {
        PromotionPhase::Pending | PromotionPhase::Running => return None,
        PromotionPhase::Succeeded => (Level::Normal, reasons::PROMOTION_SUCCEEDED),
        PromotionPhase::Failed => (Level::Warning, reasons::PROMOTION_FAILED),
        PromotionPhase::Errored => (Level::Warning, reasons::PROMOTION_ERRORED),
        PromotionPhase::Aborted => (Level::Warning, reasons::PROMOTION_ABORTED),
    };
    let text = match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("Promotion {phase}: {message}"),
        None => format!("Promotion {phase}"),
    };
    let event = Event {
        level,
        ..Event::normal(promotion, PROMOTION_CONTROLLER, reason, text)
    };
    let event = match phase {
        PromotionPhase::Succeeded => event.fact("verification-pending", "false"),
        _ => event,
    };
    Some(with_promotion(event, promotion, freight))
}

/// A warehouse has made freight.
#[must_use]
pub fn freight_created(freight: &Freight) -> Event {
    let message = "Freight created from discovered artifacts";
    let event = Event::normal(
        freight,
        WAREHOUSE_CONTROLLER,
        reasons::FREIGHT_CREATED,
        message,
    );
    with_freight(event, freight, "").fact("actor", by(WAREHOUSE_CONTROLLER))
}

/// A stage without verification of its own has found its freight well.
#[must_use]
pub fn verification_succeeded(stage: &Stage, freight: &Freight, at: Timestamp) -> Event {
    let time = Some(Time(at));
    let verification = VerificationInfo {
        phase: Some(VerificationPhase::Successful),
        start_time: time.clone(),
        finish_time: time,
        ..VerificationInfo::default()
    };
    verification_ended(stage, freight, &verification)
}

/// A stage has verified its freight, or has tried to.
#[must_use]
pub fn verification_ended(
    stage: &Stage,
    freight: &Freight,
    verification: &VerificationInfo,
) -> Event {
    let (level, reason, message) = match verification.phase {
        Some(VerificationPhase::Successful) => (
            Level::Normal,
            reasons::FREIGHT_VERIFICATION_SUCCEEDED,
            "Freight verification succeeded",
        ),
        Some(VerificationPhase::Failed) => (
            Level::Warning,
            reasons::FREIGHT_VERIFICATION_FAILED,
            "Freight verification failed",
        ),
        Some(VerificationPhase::Error) => (
            Level::Warning,
            reasons::FREIGHT_VERIFICATION_ERRORED,
            "Freight verification errored",
        ),
        Some(VerificationPhase::Aborted) => (
            Level::Warning,
            reasons::FREIGHT_VERIFICATION_ABORTED,
            "Freight verification was aborted",
        ),
        Some(VerificationPhase::Inconclusive) => (
            Level::Warning,
            reasons::FREIGHT_VERIFICATION_INCONCLUSIVE,
            "Freight verification was inconclusive",
        ),
        Some(VerificationPhase::Pending | VerificationPhase::Running) | None => (
            Level::Warning,
            reasons::FREIGHT_VERIFICATION_UNKNOWN,
            "Freight verification ended in an unknown state",
        ),
    };
    let message = match &verification.message {
        Some(why) if !why.is_empty() => format!("{message}: {why}"),
        Some(_) | None => message.to_owned(),
    };
    let run = verification
        .analysis_run
        .as_ref()
        .map(|run| run.name.clone());
    let event = Event {
        level,
        ..Event::normal(freight, STAGE_CONTROLLER, reason, message)
    };
    with_freight(event, freight, &stage.name_any())
        .fact("actor", by(STAGE_CONTROLLER))
        .fact(
            "verification-start-time",
            time(verification.start_time.as_ref()),
        )
        .fact(
            "verification-finish-time",
            time(verification.finish_time.as_ref()),
        )
        .fact("analysis-run-name", run.unwrap_or_default())
}

fn with_promotion(event: Event, promotion: &Promotion, freight: Option<&Freight>) -> Event {
    let stage = &promotion.spec.stage;
    let event = match freight {
        Some(freight) => with_freight(event, freight, stage),
        None => event.fact("stage-name", stage).fact(
            "freight-name",
            promotion.spec.freight.as_deref().unwrap_or_default(),
        ),
    };
    let rollback = promotion.annotations().get(labels::ROLLBACK).cloned();
    event
        .fact("project", promotion.namespace().unwrap_or_default())
        .fact("actor", actor(promotion))
        .fact("promotion-name", promotion.name_any())
        .fact(
            "promotion-create-time",
            time(promotion.metadata.creation_timestamp.as_ref()),
        )
        .fact("rollback", rollback.unwrap_or_default())
}

fn with_freight(event: Event, freight: &Freight, stage: &str) -> Event {
    let alias = freight
        .alias
        .clone()
        .or_else(|| freight.labels().get(labels::ALIAS).cloned());
    let mut event = event
        .fact("project", freight.namespace().unwrap_or_default())
        .fact("freight-name", freight.name_any())
        .fact("freight-alias", alias.unwrap_or_default())
        .fact(
            "freight-create-time",
            time(freight.metadata.creation_timestamp.as_ref()),
        )
        .fact("freight-warehouse-name", &freight.origin.name)
        .fact("freight-commits", list(&freight.commits))
        .fact("freight-images", list(&freight.images))
        .fact("freight-charts", list(&freight.charts))
        .fact("freight-artifacts", list(&freight.artifacts));
    // Present even if there is none, unlike the rest.
    event.annotations.insert(
        format!("{}stage-name", labels::EVENT_PREFIX),
        stage.to_owned(),
    );
    event
}

fn actor(promotion: &Promotion) -> String {
    let annotations = promotion.annotations();
    annotations
        .get(labels::CREATE_ACTOR)
        .cloned()
        .unwrap_or_else(|| "unknown actor".to_owned())
}

fn by(source: &str) -> String {
    format!("{}{source}", labels::ACTOR_CONTROLLER)
}

fn time(time: Option<&Time>) -> String {
    time.map(|Time(at)| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn list<T: serde::Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    serde_json::to_string(items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn freight() -> Freight {
        serde_json::from_value(json!({
            "metadata": { "name": "b2202abc", "namespace": "shop", "creationTimestamp": "2026-11-23T11:41:38Z" },
            "alias": "nasal-prawn",
            "origin": { "kind": "Warehouse", "name": "app" },
            "images": [{ "repoURL": "ghcr.io/acme/app", "tag": "1.1.0", "digest": "sha256:6a" }],
        }))
        .unwrap()
    }

    fn promotion() -> Promotion {
        serde_json::from_value(json!({
            "metadata": {
                "name": "dev.01.b2202ab", "namespace": "shop", "creationTimestamp": "2026-11-23T11:41:40Z",
                "annotations": { "kargo.akuity.io/create-actor": "kubernetes:jane" },
            },
            "spec": { "stage": "dev", "freight": "b2202abc", "steps": [] },
        }))
        .unwrap()
    }

    #[test]
    fn a_created_promotion_is_told_as_kargo_does() {
        let event = promotion_created(&promotion(), &freight());
        assert_eq!(
            event.message,
            r#"Promotion created for Stage "dev" by "kubernetes:jane""#
        );
        assert_eq!(
            (event.reason, event.source),
            ("PromotionCreated", "promotion-webhook")
        );
        let wanted = json!({
            "event.kargo.akuity.io/actor": "kubernetes:jane",
            "event.kargo.akuity.io/freight-alias": "nasal-prawn",
            "event.kargo.akuity.io/freight-create-time": "2026-11-23T11:41:38Z",
            "event.kargo.akuity.io/freight-images":
                r#"[{"repoURL":"ghcr.io/acme/app","tag":"1.1.0","digest":"sha256:6a"}]"#,
            "event.kargo.akuity.io/freight-name": "b2202abc",
            "event.kargo.akuity.io/freight-warehouse-name": "app",
            "event.kargo.akuity.io/project": "shop",
            "event.kargo.akuity.io/promotion-create-time": "2026-11-23T11:41:40Z",
            "event.kargo.akuity.io/promotion-name": "dev.01.b2202ab",
            "event.kargo.akuity.io/stage-name": "dev",
        });
        assert_eq!(serde_json::to_value(&event.annotations).unwrap(), wanted);
    }

    #[test]
    fn an_ended_promotion_warns_unless_it_succeeded() {
        let ended = |phase, why| promotion_ended(&promotion(), Some(&freight()), phase, why);
        let event = ended(PromotionPhase::Succeeded, None).unwrap();
        assert_eq!(
            (event.level, event.message.as_str()),
            (Level::Normal, "Promotion Succeeded")
        );
        assert_eq!(
            event.annotations["event.kargo.akuity.io/verification-pending"],
            "false"
        );
        let event = ended(PromotionPhase::Errored, Some("no such branch")).unwrap();
        assert_eq!(
            (event.level, event.reason),
            (Level::Warning, "PromotionErrored")
        );
        assert_eq!(event.message, "Promotion Errored: no such branch");
        assert!(ended(PromotionPhase::Running, None).is_none());
    }

    #[test]
    fn a_verification_has_its_times() {
        let stage = Stage {
            metadata: kube::core::ObjectMeta {
                name: Some("dev".into()),
                ..Default::default()
            },
            ..Stage::default()
        };
        let event = verification_succeeded(
            &stage,
            &freight(),
            "2026-11-23T11:42:03.7Z".parse().unwrap(),
        );
        assert_eq!(
            event.annotations["event.kargo.akuity.io/verification-finish-time"],
            "2026-11-23T11:42:03Z"
        );
        assert_eq!(
            event.annotations["event.kargo.akuity.io/actor"],
            "controller:stage-controller"
        );
        assert_eq!(
            freight_created(&freight()).annotations["event.kargo.akuity.io/stage-name"],
            ""
        );
    }
}
