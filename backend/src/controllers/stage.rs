//! Keeps Stages: their Freight, their queue, their health, what promotes by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use argosy_api::artifact::FreightOrigin;
use argosy_api::condition;
use argosy_api::promotion::PromotionPhase;
use argosy_api::{Freight, Project, Promotion, Stage, labels, reasons};
use argosy_core::completion::{self, Actor};
use argosy_core::stage::{self, ApplicationHealth, ApplicationKey, Decision, Order};
use argosy_core::stage_check::{self, Problem};
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::tasks::ProjectTasks;
use crate::cache::{Key, Subscription};
use crate::caches::Caches;
use crate::context::Context;
use crate::events::{self, Event};
use crate::queue::{Again, Controller, Queue};
use crate::write::{self, WriteError};

/// Keeps Stages until `stop`.
pub(super) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let queue = Queue::default();
    let _subscriptions = wake(&context, &queue);
    Controller {
        name: "stage",
        concurrency: 16,
        timeout: None,
    }
    .drive(&context.metrics, &queue, stop, |key| {
        reconcile(Arc::clone(&context), key)
    })
    .await;
}

/// Which Stages to look at when something changes.
fn wake(context: &Arc<Context>, queue: &Queue) -> Vec<Subscription> {
    let caches = &context.caches;
    let all = move |queue: &Queue, caches: &Caches, project: &str| {
        for stage in caches.stages.within(project) {
            queue.add(Key::of(&*stage));
        }
    };
    let own = queue.clone();
    let promoted = queue.clone();
    let (moved, by_warehouse) = (queue.clone(), caches.clone());
    let (ruled, by_config) = (queue.clone(), caches.clone());
    let (legacy, by_project) = (queue.clone(), caches.clone());
    let (synced, by_application) = (queue.clone(), caches.clone());
    let (tasked, by_task) = (queue.clone(), caches.clone());
    vec![
        caches
            .stages
            .subscribe(move |change| own.add(change.key.clone())),
        caches.promotions.subscribe(move |change| {
            let Some(promotion) = change.after.as_ref().or(change.before.as_ref()) else {
                return;
            };
            if phase(change.before.as_deref()) != phase(change.after.as_deref()) {
                promoted.add(Key::new(&change.key.namespace, &promotion.spec.stage));
            }
        }),
        caches.freight.subscribe(move |change| {
            let Some(freight) = change.after.as_ref().or(change.before.as_ref()) else {
                return;
            };
            for stage in by_warehouse.stages_of(&change.key.namespace, &freight.origin.name) {
                moved.add(Key::of(&*stage));
            }
        }),
        caches.project_configs.subscribe(move |change| {
            all(&ruled, &by_config, &change.key.namespace);
        }),
        caches.projects.subscribe(move |change| {
            let spec = |it: &Option<Arc<Project>>| it.as_ref().and_then(|it| it.spec.clone());
            if spec(&change.before) != spec(&change.after) {
                all(&legacy, &by_project, &change.key.name);
            }
        }),
        caches.applications.subscribe(move |change| {
            let Some(application) = change.after.as_ref().or(change.before.as_ref()) else {
                return;
            };
            for stage in application.authorized_stages() {
                let Some((project, stage)) = stage.split_once(':') else {
                    continue;
                };
                if by_application.stages.get(project, stage).is_some() {
                    synced.add(Key::new(project, stage));
                }
            }
        }),
        caches
            .tasks
            .subscribe(move |change| all(&tasked, &by_task, &change.key.namespace)),
    ]
}

fn phase(promotion: Option<&Promotion>) -> Option<Option<PromotionPhase>> {
    Some(promotion?.status.as_ref()?.phase)
}

async fn reconcile(context: Arc<Context>, key: Key) -> Result<Again, WriteError> {
    let Some(stage) = context.caches.stages.at(&key) else {
        return Ok(Again::Rest);
    };
    if !context.settings.shard.owns(stage.spec.shard.as_deref()) {
        return Ok(Again::Rest);
    }
    if stage.metadata.deletion_timestamp.is_some() {
        return release(&context, &stage).await;
    }
    if claim(&context, &stage).await? {
        return Ok(Again::Now);
    }
    let world = observe(&context, &stage);
    let decision = stage::decide(&world.seen(&stage));
    apply(&context, &stage, &world, decision).await
}

/// The Freight that would be promoted next from an origin, by name.
pub(super) fn candidate(
    context: &Context,
    stage: &Stage,
    origin: &FreightOrigin,
) -> Option<String> {
    let world = observe(context, stage);
    let candidates = stage::candidates(&world.seen(stage));
    let of_origin = candidates
        .into_iter()
        .find(|it| it.origin == origin.to_string())?;
    of_origin.freight.metadata.name.clone()
}

/// What is looked at, held while it is judged.
struct World {
    now: Timestamp,
    auto_promotion_enabled: bool,
    freight: Vec<Arc<Freight>>,
    promotions: Vec<Arc<Promotion>>,
    applications: BTreeMap<ApplicationKey, ApplicationHealth>,
    problems: Vec<Problem>,
    old_forms: Vec<String>,
}

impl World {
    fn seen<'a>(&'a self, stage: &'a Stage) -> stage::Seen<'a> {
        stage::Seen {
            now: self.now,
            stage,
            auto_promotion_enabled: self.auto_promotion_enabled,
            freight: &self.freight,
            promotions: &self.promotions,
            applications: &self.applications,
            problems: &self.problems,
            old_forms: &self.old_forms,
        }
    }
}

fn observe(context: &Context, stage: &Stage) -> World {
    let Key { namespace, name } = Key::of(stage);
    let caches = &context.caches;
    let mut freight: BTreeMap<String, Arc<Freight>> = BTreeMap::new();
    let requested = stage
        .spec
        .requested_freight
        .iter()
        .flat_map(|request| caches.freight_from(&namespace, &request.origin.name));
    let whole = requested.filter(|freight| super::freight::is_complete(freight));
    for it in whole.chain(caches.freight_in(&namespace, &name)) {
        freight.insert(it.metadata.name.clone().unwrap_or_default(), it);
    }
    let tasks = ProjectTasks::new(caches, &namespace);
    World {
        now: context.now(),
        auto_promotion_enabled: super::policies::auto_promotion_enabled(context, stage),
        freight: freight.into_values().collect(),
        promotions: caches.promotions_of(&namespace, &name),
        applications: applications(context, stage),
        problems: stage_check::check(&stage.spec, &tasks.by_name()),
        old_forms: stage_check::old_forms(&stage.spec),
    }
}

/// The Applications that the last promotion's health checks name.
fn applications(context: &Context, stage: &Stage) -> BTreeMap<ApplicationKey, ApplicationHealth> {
    let last = stage
        .status
        .as_ref()
        .and_then(|status| status.last_promotion.as_ref());
    let checks = last
        .and_then(|last| last.status.as_ref())
        .map(|status| &status.health_checks);
    let current = stage
        .status
        .as_ref()
        .and_then(|status| status.current_promotion.as_ref());
    let running = current.and_then(|current| {
        let namespace = stage.metadata.namespace.as_deref().unwrap_or_default();
        context.caches.promotions.get(namespace, &current.name)
    });
    let running = running
        .as_ref()
        .and_then(|it| it.status.as_ref())
        .map(|it| &it.health_checks);
    checks
        .into_iter()
        .chain(running)
        .flatten()
        .filter_map(|check| check.config.as_ref()?.get("apps")?.as_array())
        .flatten()
        .filter_map(|app| {
            let text = |key: &str| app.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
            let key = (text("namespace")?, text("name")?);
            let found = context.caches.applications.get(&key.0, &key.1)?;
            Some((key, found.health()))
        })
        .collect()
}

async fn apply(
    context: &Context,
    stage: &Stage,
    world: &World,
    decision: Decision,
) -> Result<Again, WriteError> {
    let Decision {
        status,
        orders,
        again,
    } = decision;
    let caches = &context.caches;
    write::status(
        &context.client,
        &caches.stages,
        stage,
        stage.status.as_ref(),
        &status,
    )
    .await?;
    warn_of_problems(context, stage, &status);
    for order in orders {
        carry_out(context, stage, world, order).await?;
    }
    Ok(again.map_or(Again::Rest, Again::At))
}

/// Says once in an event what is wrong with the steps; the condition goes on saying it.
fn warn_of_problems(
    context: &Context,
    stage: &Stage,
    status: &argosy_api::stage_status::StageStatus,
) {
    let invalid = |status: &argosy_api::stage_status::StageStatus| {
        condition::find(&status.conditions, condition::VALID).map(|it| it.message.clone())
    };
    let before = stage.status.as_ref().and_then(invalid);
    if let Some(message) = invalid(status)
        && before.as_ref() != Some(&message)
    {
        context.events.send(Event::warning(
            stage,
            events::STAGE_CONTROLLER,
            reasons::INVALID_TEMPLATE,
            message,
        ));
    }
}

async fn carry_out(
    context: &Context,
    stage: &Stage,
    world: &World,
    order: Order,
) -> Result<(), WriteError> {
    let name = stage.metadata.name.as_deref().unwrap_or_default();
    match order {
        Order::Enter { freight, since } => {
            let patch =
                json!({ "status": { "currentlyIn": { name: { "since": seconds(since) } } } });
            patch_freight(context, stage, &freight, &patch).await
        }
        Order::Leave {
            freight,
            longest_soak,
        } => {
            let mut patch = json!({ "status": { "currentlyIn": { name: null } } });
            if let Some(longest) = longest_soak {
                patch["status"]["verifiedIn"] = json!({ name: { "longestSoak": longest } });
            }
            patch_freight(context, stage, &freight, &patch).await
        }
        Order::Verify { freight, at } => {
            let patch =
                json!({ "status": { "verifiedIn": { name: { "verifiedAt": seconds(at) } } } });
            patch_freight(context, stage, &freight, &patch).await?;
            if let Some(freight) = world
                .freight
                .iter()
                .find(|it| it.metadata.name.as_ref() == Some(&freight))
            {
                context
                    .events
                    .send(events::verification_succeeded(stage, freight, at));
            }
            Ok(())
        }
        Order::Promote { freight } => promote(context, stage, world, &freight).await,
    }
}

async fn promote(
    context: &Context,
    stage: &Stage,
    world: &World,
    freight: &str,
) -> Result<(), WriteError> {
    let Some(freight) = world
        .freight
        .iter()
        .find(|it| it.metadata.name.as_deref() == Some(freight))
    else {
        return Ok(());
    };
    let namespace = stage.metadata.namespace.as_deref().unwrap_or_default();
    let tasks = ProjectTasks::new(&context.caches, namespace);
    let seen = completion::Seen {
        now: world.now,
        stage,
        freight,
        tasks: &tasks.by_name(),
        candidate: None,
    };
    let promotion = match completion::promotion(&seen, ulid::Ulid::generate(), &Actor::Controller) {
        Ok(promotion) => promotion,
        Err(refusal) => {
            tracing::warn!(
                stage.name = stage.metadata.name,
                reason = refusal.reason,
                "cannot promote: {refusal}"
            );
            return Ok(());
        }
    };
    let name = promotion.metadata.name.clone().unwrap_or_default();
    let api: Api<Promotion> = Api::namespaced(context.client.clone(), namespace);
    let created = api
        .create(&PostParams::default(), &promotion)
        .await
        .map_err(|source| WriteError::new::<Promotion>(&name, source))?;
    context
        .events
        .send(events::promotion_created(&created, freight));
    context.caches.promotions.observe(created);
    Ok(())
}

async fn patch_freight(
    context: &Context,
    stage: &Stage,
    freight: &str,
    patch: &Value,
) -> Result<(), WriteError> {
    let namespace = stage.metadata.namespace.as_deref().unwrap_or_default();
    let api: Api<Freight> = Api::namespaced(context.client.clone(), namespace);
    match api
        .patch_status(freight, &PatchParams::default(), &Patch::Merge(patch))
        .await
    {
        Ok(patched) => context.caches.freight.observe(patched),
        // Freight may be deleted at any time; then there is nothing left to note.
        Err(kube::Error::Api(status)) if status.code == 404 => {
            context.caches.freight.forget(&Key::new(namespace, freight));
        }
        Err(source) => return Err(WriteError::new::<Freight>(freight, source)),
    }
    Ok(())
}

/// Takes charge of a Stage, so that its traces in Freight are removed before it goes. Gives whether
/// that changed the Stage.
async fn claim(context: &Context, stage: &Stage) -> Result<bool, WriteError> {
    let finalizers = stage.metadata.finalizers.as_deref().unwrap_or_default();
    if finalizers.iter().any(|it| it == labels::FINALIZER) {
        return Ok(false);
    }
    let mut all = finalizers.to_vec();
    all.push(labels::FINALIZER.to_owned());
    set_finalizers(context, stage, &all).await.map(|()| true)
}

/// Removes a Stage's traces from all Freight, then lets it go.
async fn release(context: &Context, stage: &Stage) -> Result<Again, WriteError> {
    let Key { namespace, name } = Key::of(stage);
    let caches = &context.caches;
    let gone = json!({ "status": {
        "currentlyIn": { &name: null }, "verifiedIn": { &name: null }, "approvedFor": { &name: null },
    } });
    let mut marked: Vec<_> = caches
        .freight_in(&namespace, &name)
        .into_iter()
        .chain(caches.freight_verified_in(&namespace, &name))
        .chain(caches.freight_approved_for(&namespace, &name))
        .filter_map(|freight| freight.metadata.name.clone())
        .collect();
    marked.sort();
    marked.dedup();
    for freight in marked {
        patch_freight(context, stage, &freight, &gone).await?;
    }
    let rest: Vec<_> = stage
        .metadata
        .finalizers
        .iter()
        .flatten()
        .filter(|it| *it != labels::FINALIZER)
        .cloned()
        .collect();
    match set_finalizers(context, stage, &rest).await {
        Err(error) if error.is_not_found() => Ok(Again::Rest),
        other => other.map(|()| Again::Rest),
    }
}

async fn set_finalizers(
    context: &Context,
    stage: &Stage,
    all: &[String],
) -> Result<(), WriteError> {
    let Key { namespace, name } = Key::of(stage);
    let api: Api<Stage> = Api::namespaced(context.client.clone(), &namespace);
    let patch = json!({ "metadata": {
        "finalizers": all, "resourceVersion": stage.metadata.resource_version,
    } });
    let patched = api
        .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map_err(|source| WriteError::new::<Stage>(&name, source))?;
    context.caches.stages.observe(patched);
    Ok(())
}

/// Times in Kubernetes have whole seconds.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
