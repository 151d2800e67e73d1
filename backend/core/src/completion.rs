//! What a Promotion needs before it may run: steps, variables, labels, an owner.
//!
//! One that a controller or the API makes is complete from the start. One that a person creates
//! with `kubectl` is completed here, by the same rules, or refused.

use std::collections::BTreeMap;

use argosy_api::collection::FreightCollection;
use argosy_api::promotion::{PromotionSpec, PromotionStatus};
use argosy_api::{Freight, Promotion, Stage, labels, reasons};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use sha1::{Digest as _, Sha1};

use crate::task::Tasks;
use crate::{Refusal, availability, freight, task, urls};

/// Who promotes, as it is recorded in `kargo.akuity.io/create-actor` and in events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// The controller, by a promotion policy.
    Controller,
    /// A person or a pipeline: `kubernetes:<user>`, `admin`, …
    Person(String),
}

impl Actor {
    /// Who made a Promotion that is there already, as far as it is written on it.
    pub fn of(promotion: &Promotion) -> Self {
        let annotations = promotion.metadata.annotations.as_ref();
        let actor = annotations.and_then(|it| it.get(labels::CREATE_ACTOR));
        Self::Person(actor.cloned().unwrap_or_default())
    }
}

/// Everything that is looked at to complete one Promotion.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The present.
    pub now: Timestamp,
    /// The Stage that the Promotion names.
    pub stage: &'a Stage,
    /// The Freight that the Promotion names.
    pub freight: &'a Freight,
    /// The tasks that the Stage's steps may refer to.
    pub tasks: &'a Tasks<'a>,
    /// What auto-promotion would promote from the Freight's origin, where it is on.
    pub candidate: Option<&'a str>,
}

/// Why the Freight may not be promoted to the Stage, or nothing where it may.
pub fn refusal(seen: &Seen<'_>) -> Option<Refusal> {
    let stage = seen.stage.metadata.name.as_deref().unwrap_or_default();
    let freight = seen.freight.metadata.name.as_deref().unwrap_or_default();
    if seen.stage.spec.is_control_flow() {
        return Some(Refusal::new(
            "ControlFlow",
            format!("Stage `{stage}` has no promotion steps; promote to the Stages after it"),
        ));
    }
    let origin = &seen.freight.origin;
    let Some(request) = seen
        .stage
        .spec
        .requested_freight
        .iter()
        .find(|request| request.origin == *origin)
    else {
        return Some(Refusal::new(
            "OtherOrigin",
            format!(
                "Freight {freight} comes from {origin}, which Stage `{stage}` does not ask for"
            ),
        ));
    };
    let refusal = availability::refusal(&availability::Seen {
        now: seen.now,
        stage,
        request,
        freight: seen.freight,
    })?;
    let message = format!("Freight {freight} is not available to Stage `{stage}`: {refusal}");
    Some(Refusal { message, ..refusal })
}

/// A complete Promotion of the Freight to the Stage.
///
/// # Errors
/// A [`Refusal`] where the Stage's steps cannot be laid out: a task is missing, an input is not
/// given.
pub fn promotion(seen: &Seen<'_>, ulid: ulid::Ulid, actor: &Actor) -> Result<Promotion, Refusal> {
    let stage = seen.stage.metadata.name.clone().unwrap_or_default();
    let freight = seen.freight.metadata.name.clone().unwrap_or_default();
    let mut promotion = Promotion {
        spec: PromotionSpec {
            freight: Some(freight.clone()),
            ..PromotionSpec::default()
        },
        ..Promotion::default()
    };
    promotion.spec.stage.clone_from(&stage);
    promotion.metadata.name = Some(name(&stage, ulid, &freight));
    promotion
        .metadata
        .namespace
        .clone_from(&seen.stage.metadata.namespace);
    complete(seen, &mut promotion, actor)?;
    Ok(promotion)
}

/// Fills in what a Promotion lacks. What is there already stays.
///
/// # Errors
/// As [`promotion`].
pub fn complete(seen: &Seen<'_>, promotion: &mut Promotion, actor: &Actor) -> Result<(), Refusal> {
    let stage = seen.stage.metadata.name.clone().unwrap_or_default();
    let freight = seen.freight.metadata.name.clone().unwrap_or_default();
    let project = seen.stage.metadata.namespace.clone().unwrap_or_default();
    promotion.spec.freight = Some(freight.clone());
    promotion.spec.origin = None;
    if promotion.spec.steps.is_empty() {
        let carries = |url: &str| {
            let wanted = urls::normalize_git(url);
            seen.freight
                .commits
                .iter()
                .any(|it| urls::normalize_git(&it.repo_url) == wanted)
        };
        let inflated = task::inflate(&seen.stage.spec, seen.tasks, &carries)
            .map_err(|problem| Refusal::new(reasons::INVALID_TEMPLATE, problem.to_string()))?;
        promotion.spec.steps = inflated.steps;
        promotion.spec.vars = inflated.vars;
    }

    let annotations = promotion.metadata.annotations.get_or_insert_default();
    annotations.insert(labels::STAGE.to_owned(), stage.clone());
    if let Actor::Person(person) = actor {
        annotations
            .entry(labels::CREATE_ACTOR.to_owned())
            .or_insert_with(|| person.clone());
        if let Some(candidate) = seen.candidate {
            let mark = if candidate == freight {
                labels::AUTO_PROMOTION_RESUME
            } else {
                labels::AUTO_PROMOTION_HOLD
            };
            annotations.insert(mark.to_owned(), labels::TRUE.to_owned());
        }
    }
    let actor = annotations
        .get(labels::CREATE_ACTOR)
        .cloned()
        .unwrap_or_default();

    let known = promotion.metadata.labels.get_or_insert_default();
    for (key, value) in [
        (labels::STAGE, stage.as_str()),
        (labels::OWN_FREIGHT, &freight),
        (labels::OWN_WAREHOUSE, &seen.freight.origin.name),
        (labels::OWN_PROJECT, &project),
        (labels::OWN_STARTED_BY, &actor),
    ] {
        if !value.is_empty() {
            known.insert(key.to_owned(), label_value(value));
        }
    }
    if let Some(shard) = &seen.stage.spec.shard {
        known.insert(labels::SHARD.to_owned(), shard.clone());
    }
    promotion
        .metadata
        .owner_references
        .get_or_insert_default()
        .retain(|it| !is_stage(it));
    promotion
        .metadata
        .owner_references
        .get_or_insert_default()
        .push(owner(seen.stage));
    Ok(())
}

/// Whether a Promotion has everything that it needs to run.
pub fn is_complete(promotion: &Promotion) -> bool {
    let labelled = promotion
        .metadata
        .labels
        .as_ref()
        .is_some_and(|it| it.contains_key(labels::OWN_FREIGHT));
    labelled && promotion.spec.freight.is_some() && !promotion.spec.steps.is_empty()
}

/// What a Promotion moves: its own Freight, and for the Stage's other origins what was promoted
/// there before.
pub fn collection(promotion: &Promotion, stage: &Stage, freight: &Freight) -> PromotionStatus {
    let reference = freight.reference();
    let before = stage
        .status
        .as_ref()
        .and_then(|status| status.last_promotion.as_ref())
        .and_then(|last| last.status.as_ref())
        .and_then(|status| status.freight_collection.as_ref());
    let mut items: BTreeMap<_, _> = before.map(|it| it.items.clone()).unwrap_or_default();
    let requested: Vec<_> = stage
        .spec
        .requested_freight
        .iter()
        .map(|it| it.origin.to_string())
        .collect();
    items.retain(|origin, _| requested.contains(origin));
    items.insert(freight.origin.to_string(), reference.clone());
    PromotionStatus {
        freight: Some(reference),
        freight_collection: Some(FreightCollection {
            id: freight::collection_id(items.values().map(|it| it.name.as_str())),
            items,
            ..FreightCollection::default()
        }),
        ..promotion.status.clone().unwrap_or_default()
    }
}

/// The name of a Promotion: its Stage, a ULID that sorts by time, the Freight's first seven
/// letters.
pub fn name(stage: &str, ulid: ulid::Ulid, freight: &str) -> String {
    let stage: String = stage.chars().take(218).collect();
    let freight: String = freight.chars().take(7).collect();
    format!("{stage}.{ulid}.{freight}").to_lowercase()
}

/// A text as the value of a label: letters that labels refuse become dashes, and what is longer
/// than 63 letters is cut, with a hash so that two long texts stay apart.
pub fn label_value(text: &str) -> String {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let clean: String = text
        .chars()
        .map(|it| if allowed(it) { it } else { '-' })
        .collect();
    let clean = clean.trim_matches(|it: char| !it.is_ascii_alphanumeric());
    if clean.len() <= 63 {
        return clean.to_owned();
    }
    let hash: String = Sha1::digest(text)
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let head = clean[..54].trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
    format!("{head}-{hash}")
}

fn is_stage(owner: &OwnerReference) -> bool {
    owner.kind == "Stage" && owner.controller == Some(true)
}

fn owner(stage: &Stage) -> OwnerReference {
    OwnerReference {
        api_version: format!("{}/{}", argosy_api::GROUP, argosy_api::VERSION),
        kind: "Stage".to_owned(),
        name: stage.metadata.name.clone().unwrap_or_default(),
        uid: stage.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_sorts_by_time_and_tells_stage_and_freight() {
        let ulid = "01JAXJ2CT03TMBEDP7YDA4FXXW".parse().unwrap();
        let name = name("Dev", ulid, "0608f9513259128d32af62bb4a5dae892f712d41");
        assert_eq!(name, "dev.01jaxj2ct03tmbedp7yda4fxxw.0608f95");
    }

    #[test]
    fn a_label_value_is_short_and_made_of_allowed_letters() {
        assert_eq!(
            label_value("kubernetes:jane@example.com"),
            "kubernetes-jane-example.com"
        );
        let long = "x".repeat(100);
        assert_eq!(label_value(&long).len(), 63);
        assert_ne!(label_value(&long), label_value(&"x".repeat(101)));
    }
}
