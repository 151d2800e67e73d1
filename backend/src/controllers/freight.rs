//! Completes Freight that a person made by hand: its alias, its labels, when it was found; and
//! says what is wrong with it.

use std::sync::Arc;

use argosy_api::{Freight, labels};
use argosy_core::{freight, freight_check};
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::cache::{Key, Subscription};
use crate::context::Context;
use crate::events::{self, Event};
use crate::queue::{Again, Controller, Queue};
use crate::write::{self, WriteError};

/// Completes Freight until `stop`.
pub(super) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let queue = Queue::default();
    let _subscriptions = wake(&context, &queue);
    Controller {
        name: "freight",
        concurrency: 8,
        timeout: None,
    }
    .drive(&context.metrics, &queue, stop, |key| {
        reconcile(Arc::clone(&context), key)
    })
    .await;
}

fn wake(context: &Arc<Context>, queue: &Queue) -> Vec<Subscription> {
    let own = queue.clone();
    let (judged, caches) = (queue.clone(), context.caches.clone());
    vec![
        context.caches.freight.subscribe(move |change| {
            let Some(freight) = &change.after else { return };
            if !is_complete(freight) || freight_check::is_refused(freight) {
                own.add(change.key.clone());
            }
        }),
        // Freight may have come before its Warehouse.
        context.caches.warehouses.subscribe(move |change| {
            for freight in caches.freight_from(&change.key.namespace, &change.key.name) {
                if freight_check::is_refused(&freight) {
                    judged.add(Key::of(&*freight));
                }
            }
        }),
    ]
}

async fn reconcile(context: Arc<Context>, key: Key) -> Result<Again, WriteError> {
    let Some(seen) = context.caches.freight.at(&key) else {
        return Ok(Again::Rest);
    };
    if seen.metadata.deletion_timestamp.is_some() {
        return Ok(Again::Rest);
    }
    let warehouse = context
        .caches
        .warehouses
        .get(&key.namespace, &seen.origin.name);
    let twin = context
        .caches
        .freight_from(&key.namespace, &seen.origin.name)
        .into_iter()
        .find(|it| {
            it.metadata.name != seen.metadata.name && freight::name(it) == freight::name(&seen)
        })
        .and_then(|it| it.metadata.name.clone());
    let refusal = freight_check::refusal(&seen, warehouse.as_deref(), twin.as_deref());
    let was_refused = freight_check::is_refused(&seen);
    let status = freight_check::status(&seen, refusal.as_ref(), context.now());
    write::status(
        &context.client,
        &context.caches.freight,
        &*seen,
        seen.status.as_ref(),
        &status,
    )
    .await?;
    if let Some(refusal) = refusal {
        if !was_refused {
            context.events.send(Event::warning(
                &*seen,
                events::WAREHOUSE_CONTROLLER,
                refusal.reason,
                &refusal.message,
            ));
        }
        return Ok(Again::Rest);
    }
    if !is_complete(&seen) {
        complete(&context, &seen).await?;
    }
    Ok(Again::Rest)
}

/// Whether Freight has what a Warehouse would have given it, so that it may be promoted.
pub(super) fn is_complete(freight: &Freight) -> bool {
    let labels = freight.metadata.labels.as_ref();
    let alias = labels.and_then(|it| it.get(labels::ALIAS));
    alias.is_some() && alias == freight.alias.as_ref() && freight.discovered_at.is_some()
}

/// Gives new Freight an alias that no other Freight of the project has, and its labels.
pub(super) fn name_for_people(context: &Context, freight: &mut Freight) {
    let Key { namespace, name } = Key::of(freight);
    let others = context.caches.freight.within(&namespace);
    let taken = |alias: &str| others.iter().any(|it| it.alias.as_deref() == Some(alias));
    let alias = freight
        .alias
        .get_or_insert_with(|| freight::alias(name.as_bytes(), taken))
        .clone();
    let project = namespace;
    freight.metadata.labels.get_or_insert_default().extend([
        (labels::ALIAS.to_owned(), alias),
        (
            labels::OWN_WAREHOUSE.to_owned(),
            argosy_core::completion::label_value(&freight.origin.name),
        ),
        (labels::OWN_PROJECT.to_owned(), project),
    ]);
}

async fn complete(context: &Context, seen: &Freight) -> Result<(), WriteError> {
    let mut freight = seen.clone();
    name_for_people(context, &mut freight);
    let discovered_at = seen
        .discovered_at
        .clone()
        .or_else(|| seen.metadata.creation_timestamp.clone());
    let patch = json!({
        "metadata": {
            "labels": freight.metadata.labels,
            "resourceVersion": seen.metadata.resource_version,
        },
        "alias": freight.alias,
        "discoveredAt": discovered_at,
    });
    let Key { namespace, name } = Key::of(seen);
    let api: Api<Freight> = Api::namespaced(context.client.clone(), &namespace);
    let patched = api
        .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map_err(|source| WriteError::new::<Freight>(&name, source))?;
    context.caches.freight.observe(patched);
    Ok(())
}
