//! Keeps Warehouses: discovers artifacts, and makes Freight of the newest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use argosy_api::subscription::{ImageSubscription, Subscription};
use argosy_api::warehouse::{DiscoveredArtifacts, ImageDiscoveryResult};
use argosy_api::{Freight, Time, Warehouse, labels, reasons};
use argosy_core::warehouse::{self, Creation, Discovery, Due};
use futures::future::join_all;
use kube::api::{Api, PostParams};
use tokio_util::sync::CancellationToken;

use crate::cache::{Key, Subscription as CacheSubscription};
use crate::context::Context;
use crate::credentials;
use crate::discovery::{DiscoveryError, discover_images};
use crate::events::{self, Event};
use crate::queue::{Again, Controller, Queue};
use crate::write::{self, WriteError};

/// A discovery may wait long for a registry that limits its rate.
const TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// Keeps Warehouses until `stop`.
pub(super) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let queue = Queue::default();
    let _subscriptions = wake(&context, &queue);
    // Discovery waits for registries most of the time, so many may wait at once.
    let concurrency = context.settings.concurrency.saturating_mul(4);
    Controller {
        name: "warehouse",
        concurrency,
        timeout: Some(TIMEOUT),
    }
    .drive(&context.metrics, &queue, stop, |key| {
        reconcile(Arc::clone(&context), key)
    })
    .await;
}

/// Which Warehouses to look at when something changes: those that a person changed or asked to
/// look again, and failing ones whose credentials changed. Their own status wakes nobody.
fn wake(context: &Arc<Context>, queue: &Queue) -> Vec<CacheSubscription> {
    let caches = &context.caches;
    let own = queue.clone();
    let (again, warehouses) = (queue.clone(), caches.warehouses.clone());
    let shared = context.settings.shared_namespace.clone();
    vec![
        caches.warehouses.subscribe(move |change| {
            let asked = |it: &Option<Arc<Warehouse>>| {
                it.as_ref()
                    .map(|it| (it.metadata.generation, refresh_token(it).map(str::to_owned)))
            };
            if asked(&change.before) != asked(&change.after) {
                own.add(change.key.clone());
            }
        }),
        caches.credentials.subscribe(move |change| {
            let everywhere = change.key.namespace == shared;
            let affected = if everywhere {
                warehouses.all()
            } else {
                warehouses.within(&change.key.namespace)
            };
            for warehouse in affected
                .iter()
                .filter(|it| warehouse::failing_since(it).is_some())
            {
                again.add(Key::of(&**warehouse));
            }
        }),
    ]
}

async fn reconcile(context: Arc<Context>, key: Key) -> Result<Again, WriteError> {
    let Some(seen) = context.caches.warehouses.at(&key) else {
        return Ok(Again::Rest);
    };
    let ours = context.settings.shard.owns(seen.spec.shard.as_deref());
    if !ours || seen.metadata.deletion_timestamp.is_some() {
        return Ok(Again::Rest);
    }
    let floor = context.settings.least_interval();
    if let Due::At(next) = warehouse::due(&seen, floor, context.now()) {
        return Ok(Again::At(next));
    }
    let found = discover(&context, &seen).await;
    let now = context.now();
    let (discovery, creation, next) = match found {
        Ok(found) => {
            let creation = create(&context, &seen, &found).await?;
            (
                Discovery::Found(found),
                Some(creation),
                warehouse::next(&seen, floor, now),
            )
        }
        Err(failures) => {
            let next = warehouse::retry_at(&seen, floor, now);
            let explained: Vec<_> = failures.iter().map(|it| it.explain(Some(next))).collect();
            (Discovery::Failed(explained.join("\n")), None, next)
        }
    };
    let status = warehouse::status(&seen, &discovery, creation.as_ref(), now);
    let caches = &context.caches;
    write::status(
        &context.client,
        &caches.warehouses,
        &*seen,
        seen.status.as_ref(),
        &status,
    )
    .await?;
    if let Discovery::Failed(message) = &discovery
        && warehouse::failing_since(&seen).is_none()
    {
        let source = events::WAREHOUSE_CONTROLLER;
        let event = Event::warning(&*seen, source, reasons::DISCOVERY_FAILURE, message);
        context.events.send(event);
    }
    Ok(Again::At(next))
}

/// Looks into all of a Warehouse's repositories at once.
async fn discover(
    context: &Context,
    warehouse: &Warehouse,
) -> Result<DiscoveredArtifacts, Vec<DiscoveryError>> {
    let subscriptions = warehouse.spec.subscriptions.iter();
    let found = join_all(subscriptions.map(|it| subscribed(context, warehouse, it))).await;
    let mut all = DiscoveredArtifacts {
        discovered_at: Some(Time(context.now())),
        ..DiscoveredArtifacts::default()
    };
    let mut failures = Vec::new();
    for one in found {
        match one {
            Ok(found) => {
                all.git.extend(found.git);
                all.images.extend(found.images);
                all.charts.extend(found.charts);
                all.results.extend(found.results);
            }
            Err(error) => failures.push(error),
        }
    }
    if failures.is_empty() {
        Ok(all)
    } else {
        Err(failures)
    }
}

async fn subscribed(
    context: &Context,
    warehouse: &Warehouse,
    subscription: &Subscription,
) -> Result<DiscoveredArtifacts, DiscoveryError> {
    let Some(image) = &subscription.image else {
        let git = subscription
            .git
            .as_ref()
            .map(|it| ("Git repositories", &it.repo_url));
        let chart = subscription
            .chart
            .as_ref()
            .map(|it| ("charts", &it.repo_url));
        let (kind, repo_url) = git
            .or(chart)
            .map_or(("nothing", String::new()), |(kind, url)| {
                (kind, url.clone())
            });
        return Err(DiscoveryError::Unsupported { kind, repo_url });
    };
    let began = Instant::now();
    let found = images(context, warehouse, image).await;
    let result = if found.is_ok() { "ok" } else { "error" };
    context.metrics.discovered("image", result, began.elapsed());
    let mut found = found?;
    found.subscription_name.clone_from(&subscription.name);
    Ok(DiscoveredArtifacts {
        images: vec![found],
        ..DiscoveredArtifacts::default()
    })
}

async fn images(
    context: &Context,
    warehouse: &Warehouse,
    subscription: &ImageSubscription,
) -> Result<ImageDiscoveryResult, DiscoveryError> {
    let project = warehouse.metadata.namespace.as_deref().unwrap_or_default();
    let repo_url = &subscription.repo_url;
    let secrets = |namespace: &str| context.caches.credentials.within(namespace);
    let credentials = context
        .credentials
        .find(&secrets, credentials::Kind::Image, project, repo_url)
        .map_err(|source| DiscoveryError::Credentials {
            repo_url: repo_url.clone(),
            source,
        })?;
    discover_images(&context.registry, subscription, credentials).await
}

async fn create(
    context: &Context,
    warehouse: &Warehouse,
    found: &DiscoveredArtifacts,
) -> Result<Creation, WriteError> {
    if !warehouse::creates_freight(warehouse) {
        return Ok(Creation::Manual);
    }
    let origin = warehouse.metadata.name.as_deref().unwrap_or_default();
    let project = warehouse.metadata.namespace.as_deref().unwrap_or_default();
    let earlier = context.caches.freight_from(project, origin);
    let assembled = warehouse::assemble(warehouse, found, &earlier, context.now());
    let mut freight = match assembled {
        Ok(freight) => freight,
        Err(refusal) => return Ok(Creation::Refused(refusal)),
    };
    let Key { namespace, name } = Key::of(&freight);
    if context.caches.freight.get(&namespace, &name).is_some() {
        return Ok(Creation::Existed(name));
    }
    super::freight::name_for_people(context, &mut freight);
    let api: Api<Freight> = Api::namespaced(context.client.clone(), &namespace);
    let created = api.create(&PostParams::default(), &freight).await;
    match created.map_err(|source| WriteError::new::<Freight>(&name, source)) {
        Ok(created) => {
            context.events.send(events::freight_created(&created));
            context.caches.freight.observe(created);
            Ok(Creation::Created(name))
        }
        Err(error) if error.is_already_exists() => Ok(Creation::Existed(name)),
        Err(error) => Err(error),
    }
}

fn refresh_token(warehouse: &Warehouse) -> Option<&str> {
    warehouse
        .metadata
        .annotations
        .as_ref()?
        .get(labels::REFRESH)
        .map(String::as_str)
}
