//! Keeps Projects: the namespace, who may do what in it, and how it fares.

mod roles;

use std::sync::Arc;
use std::time::Duration;

use argosy_api::condition;
use argosy_api::{Condition, Project, labels};
use argosy_core::project::{self, Ground};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::cache::{Key, Subscription};
use crate::context::Context;
use crate::queue::{Again, Controller, Queue};
use crate::write::{self, WriteError};

/// How long to wait before looking again at a namespace that is in the way: one that belongs to
/// somebody else is not watched.
const FOREIGN_AGAIN: Duration = Duration::from_secs(30);

/// Keeps Projects until `stop`.
pub(super) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let queue = Queue::default();
    let _subscriptions = wake(&context, &queue);
    Controller {
        name: "project",
        concurrency: 8,
        timeout: None,
    }
    .drive(&context.metrics, &queue, stop, |key| {
        reconcile(Arc::clone(&context), key)
    })
    .await;
}

fn wake(context: &Arc<Context>, queue: &Queue) -> Vec<Subscription> {
    let caches = &context.caches;
    let (own, grounded, stored, staged) =
        (queue.clone(), queue.clone(), queue.clone(), queue.clone());
    vec![
        caches
            .projects
            .subscribe(move |change| own.add(change.key.clone())),
        caches
            .namespaces
            .subscribe(move |change| grounded.add(change.key.clone())),
        caches.warehouses.subscribe(move |change| {
            let fares = |it: &Option<Arc<argosy_api::Warehouse>>| {
                it.as_ref()
                    .map(|it| healthy(it.status.as_ref().map(|it| &*it.conditions)))
            };
            if fares(&change.before) != fares(&change.after) {
                stored.add(Key::new("", &change.key.namespace));
            }
        }),
        caches.stages.subscribe(move |change| {
            let fares = |it: &Option<Arc<argosy_api::Stage>>| {
                it.as_ref().map(|it| {
                    let conditions = it.status.as_ref().map(|it| &*it.conditions);
                    (it.spec.is_control_flow(), healthy(conditions))
                })
            };
            if fares(&change.before) != fares(&change.after) {
                staged.add(Key::new("", &change.key.namespace));
            }
        }),
    ]
}

fn healthy(conditions: Option<&[Condition]>) -> bool {
    conditions.is_some_and(|it| condition::is_true(it, condition::HEALTHY))
}

async fn reconcile(context: Arc<Context>, key: Key) -> Result<Again, WriteError> {
    let Some(project) = context.caches.projects.at(&key) else {
        return abandon(&context, &key.name).await;
    };
    let namespace = find(&context, &key.name).await?;
    if project.metadata.deletion_timestamp.is_some() {
        return release(&context, &project, namespace.as_ref()).await;
    }
    if leaves(namespace.as_ref()) {
        // Whoever deletes the namespace deletes the Project.
        return delete(&context, &key.name).await;
    }
    if claim(&context, &project).await? {
        return Ok(Again::Now);
    }
    let mut ground = project::ground(namespace.as_deref());
    if matches!(ground, Ground::Create | Ground::Claim) {
        settle(&context, &key.name, &ground).await?;
        ground = Ground::Settled;
    }
    if ground == Ground::Settled {
        roles::ensure(&context, &project).await?;
    }
    let warehouses = context.caches.warehouses.within(&key.name);
    let stages = context.caches.stages.within(&key.name);
    let status = project::status(&project, &ground, &warehouses, &stages, context.now());
    write::status(
        &context.client,
        &context.caches.projects,
        &project,
        project.status.as_ref(),
        &status,
    )
    .await?;
    Ok(match ground {
        Ground::Foreign | Ground::Terminating => Again::At(Timestamp::now() + FOREIGN_AGAIN),
        Ground::Create | Ground::Claim | Ground::Settled => Again::Rest,
    })
}

/// The namespace: from the cache where it is a project's, else from the API server.
async fn find(context: &Context, name: &str) -> Result<Option<Arc<Namespace>>, WriteError> {
    if let Some(known) = context.caches.namespaces.get("", name) {
        return Ok(Some(known));
    }
    let api: Api<Namespace> = Api::all(context.client.clone());
    let found = api.get_opt(name).await;
    Ok(found
        .map_err(|source| WriteError::new::<Namespace>(name, source))?
        .map(Arc::new))
}

/// Makes the namespace the Project's.
async fn settle(context: &Context, name: &str, ground: &Ground) -> Result<(), WriteError> {
    let api: Api<Namespace> = Api::all(context.client.clone());
    let wrong = |source| WriteError::new::<Namespace>(name, source);
    let metadata = json!({
        "name": name,
        "labels": { labels::PROJECT: labels::TRUE },
        "finalizers": [labels::FINALIZER],
    });
    let settled = if *ground == Ground::Create {
        let namespace = serde_json::from_value(json!({ "metadata": metadata }))
            .map_err(|error| wrong(kube::Error::SerdeError(error)))?;
        api.create(&PostParams::default(), &namespace).await
    } else {
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        api.patch(name, &PatchParams::default(), &patch).await
    };
    context.caches.namespaces.observe(settled.map_err(wrong)?);
    Ok(())
}

/// Takes charge of a Project. Gives whether that changed it.
async fn claim(context: &Context, project: &Project) -> Result<bool, WriteError> {
    let finalizers = project.metadata.finalizers.as_deref().unwrap_or_default();
    if finalizers.iter().any(|it| it == labels::FINALIZER) {
        return Ok(false);
    }
    let mut all = finalizers.to_vec();
    all.push(labels::FINALIZER.to_owned());
    set_finalizers(context, project, &all).await.map(|()| true)
}

/// Lets a Project go, with its namespace unless somebody wants to keep that.
async fn release(
    context: &Context,
    project: &Project,
    namespace: Option<&Arc<Namespace>>,
) -> Result<Again, WriteError> {
    let name = project.metadata.name.as_deref().unwrap_or_default();
    let ours = |it: &&Arc<Namespace>| {
        matches!(project::ground(Some(it)), Ground::Settled | Ground::Claim) || leaves(Some(it))
    };
    if let Some(namespace) = namespace.filter(ours) {
        if !project::keeps_namespace(project, Some(namespace)) && !leaves(Some(namespace)) {
            let api: Api<Namespace> = Api::all(context.client.clone());
            match api.delete(name, &DeleteParams::default()).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(source) => return Err(WriteError::new::<Namespace>(name, source)),
            }
        }
        unhand(context, namespace).await?;
    }
    roles::remove(context, name).await?;
    let others: Vec<_> = project
        .metadata
        .finalizers
        .iter()
        .flatten()
        .filter(|it| *it != labels::FINALIZER)
        .cloned()
        .collect();
    match set_finalizers(context, project, &others).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(Again::Rest),
    }
}

/// A namespace that is being deleted and whose Project is gone already.
async fn abandon(context: &Context, name: &str) -> Result<Again, WriteError> {
    match context.caches.namespaces.get("", name) {
        Some(namespace) if leaves(Some(&namespace)) => unhand(context, &namespace).await,
        _ => Ok(()),
    }
    .map(|()| Again::Rest)
}

fn leaves(namespace: Option<&Arc<Namespace>>) -> bool {
    namespace.is_some_and(|it| it.metadata.deletion_timestamp.is_some())
}

async fn delete(context: &Context, name: &str) -> Result<Again, WriteError> {
    let api: Api<Project> = Api::all(context.client.clone());
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => Ok(Again::Rest),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Again::Rest),
        Err(source) => Err(WriteError::new::<Project>(name, source)),
    }
}

/// Takes our finalizer off the namespace.
async fn unhand(context: &Context, namespace: &Namespace) -> Result<(), WriteError> {
    let name = namespace.metadata.name.as_deref().unwrap_or_default();
    let finalizers = namespace.metadata.finalizers.as_deref().unwrap_or_default();
    if !finalizers.iter().any(|it| it == labels::FINALIZER) {
        return Ok(());
    }
    let others: Vec<_> = finalizers
        .iter()
        .filter(|it| *it != labels::FINALIZER)
        .collect();
    let api: Api<Namespace> = Api::all(context.client.clone());
    let patch = Patch::Merge(json!({ "metadata": { "finalizers": others } }));
    match api.patch(name, &PatchParams::default(), &patch).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(WriteError::new::<Namespace>(name, source)),
    }
}

async fn set_finalizers(
    context: &Context,
    project: &Project,
    all: &[String],
) -> Result<(), WriteError> {
    let name = project.metadata.name.as_deref().unwrap_or_default();
    let api: Api<Project> = Api::all(context.client.clone());
    let patch = json!({ "metadata": {
        "finalizers": all, "resourceVersion": project.metadata.resource_version,
    } });
    let patched = api
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map_err(|source| WriteError::new::<Project>(name, source))?;
    context.caches.projects.observe(patched);
    Ok(())
}
