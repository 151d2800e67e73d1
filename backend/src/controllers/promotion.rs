//! Keeps Promotions: completes or refuses them, hands the one whose turn it is to the engine, and
//! passes on the wish to abort it.

use std::sync::Arc;

use argosy_api::promotion::{PromotionPhase, PromotionStatus};
use argosy_api::{Freight, Promotion, Stage, Time, reasons};
use argosy_core::completion::{self, Actor};
use argosy_core::{Refusal, abort, freight_check, promotion};
use jiff::{SignedDuration, Timestamp};
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::tasks::ProjectTasks;
use crate::cache::{Key, Subscription};
use crate::context::Context;
use crate::engine::Job;
use crate::events;
use crate::queue::{Again, Controller, Queue};
use crate::write::{self, WriteError};

/// How long a Promotion may be there before what it refers to: whole folders are applied at once.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// Keeps Promotions until `stop`.
pub(super) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let queue = Queue::default();
    let _subscriptions = wake(&context, &queue);
    Controller {
        name: "promotion",
        concurrency: context.settings.concurrency,
        timeout: None,
    }
    .drive(&context.metrics, &queue, stop, |key| {
        reconcile(Arc::clone(&context), key)
    })
    .await;
    context.engine.stop().await;
}

fn wake(context: &Arc<Context>, queue: &Queue) -> Vec<Subscription> {
    let own = queue.clone();
    let engine = context.engine.clone();
    let next = queue.clone();
    vec![
        context
            .caches
            .promotions
            .subscribe(move |change| match (&change.before, &change.after) {
                (Some(gone), None) => {
                    engine.forget(gone.metadata.uid.as_deref().unwrap_or_default())
                }
                (_, Some(promotion)) if !is_over(promotion) => own.add(change.key.clone()),
                (_, Some(_)) | (None, None) => {}
            }),
        context.caches.stages.subscribe(move |change| {
            let Some(stage) = &change.after else { return };
            if let Some(current) = current(stage) {
                next.add(Key::new(&change.key.namespace, current));
            }
        }),
    ]
}

async fn reconcile(context: Arc<Context>, key: Key) -> Result<Again, WriteError> {
    let Some(seen) = context.caches.promotions.at(&key) else {
        return Ok(Again::Rest);
    };
    if is_over(&seen) {
        return Ok(Again::Rest);
    }
    let (stage, freight) = match referred(&context, &seen) {
        Ok(found) => found,
        Err(refusal) => {
            let patient_until = seen
                .metadata
                .creation_timestamp
                .as_ref()
                .map(|it| it.0 + PATIENCE);
            return match patient_until.filter(|until| Timestamp::now() < *until) {
                Some(until) => Ok(Again::At(until)),
                None => refuse(&context, &seen, &refusal).await,
            };
        }
    };
    if !context.settings.shard.owns(stage.spec.shard.as_deref()) {
        return Ok(Again::Rest);
    }
    if let Some(request) = abort::request(&seen) {
        if !context.engine.abort(&seen, &request) {
            let before = seen.status.clone().unwrap_or_default();
            let status = promotion::abort(&before, &request.message(), context.now());
            end(&context, &seen, status).await?;
        }
        return Ok(Again::Rest);
    }
    if phase(&seen).is_none() {
        return admit(&context, &seen, &stage, &freight).await;
    }
    if current(&stage) == seen.metadata.name.as_deref() {
        let status = completion::collection(&seen, &stage, &freight);
        context.engine.ensure(Job {
            promotion: seen,
            stage,
            freight,
            status,
        });
    }
    Ok(Again::Rest)
}

/// The Stage and the Freight that a Promotion is about.
fn referred(
    context: &Context,
    promotion: &Promotion,
) -> Result<(Arc<Stage>, Arc<Freight>), Refusal> {
    let namespace = promotion.metadata.namespace.as_deref().unwrap_or_default();
    let wanted = &promotion.spec.stage;
    let missing = |what: String| Refusal::new(reasons::INVALID, what);
    let stage = context
        .caches
        .stages
        .get(namespace, wanted)
        .ok_or_else(|| {
            missing(format!(
                "spec.stage: there is no Stage `{wanted}` in project `{namespace}`"
            ))
        })?;
    let name = match (&promotion.spec.freight, &promotion.spec.origin) {
        (Some(freight), _) => freight.clone(),
        (None, Some(origin)) => {
            super::stage::candidate(context, &stage, origin).ok_or_else(|| {
                missing(format!(
                    "spec.origin: no Freight from {origin} is available to Stage `{wanted}`"
                ))
            })?
        }
        (None, None) => {
            return Err(missing(
                "spec.freight: name the Freight to promote".to_owned(),
            ));
        }
    };
    let freight = context
        .caches
        .freight
        .get(namespace, &name)
        .ok_or_else(|| {
            missing(format!(
                "spec.freight: there is no Freight {name} in project `{namespace}`"
            ))
        })?;
    if let Some(why) = freight_check::why_refused(&freight) {
        return Err(missing(format!(
            "spec.freight: Freight {name} cannot be promoted: {why}"
        )));
    }
    if !super::freight::is_complete(&freight) {
        return Err(missing(format!(
            "spec.freight: Freight {name} has no alias yet"
        )));
    }
    Ok((stage, freight))
}

/// Completes a new Promotion and puts it in line, or refuses it.
async fn admit(
    context: &Context,
    seen: &Arc<Promotion>,
    stage: &Arc<Stage>,
    freight: &Arc<Freight>,
) -> Result<Again, WriteError> {
    let namespace = seen.metadata.namespace.as_deref().unwrap_or_default();
    let tasks = ProjectTasks::new(&context.caches, namespace);
    let candidate = super::policies::auto_promotion_enabled(context, stage)
        .then(|| super::stage::candidate(context, stage, &freight.origin))
        .flatten();
    let about = completion::Seen {
        now: context.now(),
        stage,
        freight,
        tasks: &tasks.by_name(),
        candidate: candidate.as_deref(),
    };
    if let Some(refusal) = completion::refusal(&about) {
        return refuse(context, seen, &refusal).await;
    }
    if !completion::is_complete(seen) {
        // Completing it is a write, and the watch brings it back here.
        let mut whole = Promotion::clone(seen);
        if let Err(refusal) = completion::complete(&about, &mut whole, &Actor::of(seen)) {
            return refuse(context, seen, &refusal).await;
        }
        let completed = complete(context, seen, &whole).await?;
        context
            .events
            .send(events::promotion_created(&completed, freight));
        context.caches.promotions.observe(completed);
        return Ok(Again::Now);
    }
    let status = PromotionStatus {
        phase: Some(PromotionPhase::Pending),
        ..PromotionStatus::default()
    };
    let status = PromotionStatus {
        freight: Some(freight.reference()),
        ..status
    };
    let caches = &context.caches;
    write::status(
        &context.client,
        &caches.promotions,
        &**seen,
        seen.status.as_ref(),
        &status,
    )
    .await?;
    Ok(Again::Rest)
}

async fn complete(
    context: &Context,
    seen: &Promotion,
    whole: &Promotion,
) -> Result<Promotion, WriteError> {
    let Key { namespace, name } = Key::of(seen);
    let api: Api<Promotion> = Api::namespaced(context.client.clone(), &namespace);
    let patch = json!({
        "metadata": {
            "resourceVersion": seen.metadata.resource_version,
            "labels": whole.metadata.labels,
            "annotations": whole.metadata.annotations,
            "ownerReferences": whole.metadata.owner_references,
        },
        "spec": {
            "freight": whole.spec.freight,
            "origin": whole.spec.origin,
            "vars": (!whole.spec.vars.is_empty()).then_some(&whole.spec.vars),
            "steps": whole.spec.steps,
        },
    });
    api.patch(&name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map_err(|source| WriteError::new::<Promotion>(&name, source))
}

/// Ends a Promotion that may not run. It never started, so it holds nothing back.
async fn refuse(
    context: &Context,
    seen: &Promotion,
    refusal: &Refusal,
) -> Result<Again, WriteError> {
    let status = PromotionStatus {
        phase: Some(PromotionPhase::Errored),
        message: Some(refusal.message.clone()),
        finished_at: Some(Time(context.now())),
        ..seen.status.clone().unwrap_or_default()
    };
    end(context, seen, status).await?;
    Ok(Again::Rest)
}

/// Writes the status of a Promotion that ended without the engine, and tells of it.
async fn end(
    context: &Context,
    seen: &Promotion,
    status: PromotionStatus,
) -> Result<(), WriteError> {
    let caches = &context.caches;
    write::status(
        &context.client,
        &caches.promotions,
        seen,
        seen.status.as_ref(),
        &status,
    )
    .await?;
    let namespace = seen.metadata.namespace.as_deref().unwrap_or_default();
    let freight = seen.spec.freight.as_deref();
    let freight = freight.and_then(|freight| caches.freight.get(namespace, freight));
    super::ended::tell(context, seen, freight.as_deref(), &status);
    Ok(())
}

fn current(stage: &Stage) -> Option<&str> {
    let current = stage.status.as_ref()?.current_promotion.as_ref()?;
    Some(current.name.as_str())
}

fn phase(promotion: &Promotion) -> Option<PromotionPhase> {
    promotion.status.as_ref()?.phase
}

fn is_over(promotion: &Promotion) -> bool {
    phase(promotion).is_some_and(PromotionPhase::is_terminal)
}
