//! Writes to the API server: only what differs, and only over what was seen.

use std::fmt::Debug;

use json_patch::{AddOperation, Patch as Operations, PatchOperation, ReplaceOperation};
use kube::api::{Patch, PatchParams};
use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cache::Cache;

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {kind} {name}")]
pub struct WriteError {
    kind: String,
    name: String,
    source: kube::Error,
}

impl WriteError {
    /// Names the object that `source` kept from being written.
    pub fn new<K: Resource<DynamicType = ()>>(name: &str, source: kube::Error) -> Self {
        Self {
            kind: K::kind(&()).into_owned(),
            name: name.to_owned(),
            source,
        }
    }

    /// Whether the object is there already.
    pub fn is_already_exists(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.reason == "AlreadyExists")
    }

    /// Whether the object, or its namespace, is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.code == 404)
    }
}

/// Writes a whole new status, if it differs from the one that was seen. Gives whether it did.
///
/// # Errors
/// Among others a conflict, where the object is no longer the one that was seen.
pub async fn status<K, S>(
    client: &Client,
    cache: &Cache<K>,
    seen: &K,
    old: Option<&S>,
    new: &S,
) -> Result<bool, WriteError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    K::Scope: Reach<K>,
    S: Serialize,
{
    let Some(operations) = difference(seen, old, new) else {
        return Ok(false);
    };
    let name = seen.meta().name.clone().unwrap_or_default();
    let api = K::Scope::reach(client.clone(), seen);
    let patch = Patch::<()>::Json(operations);
    let written = api
        .patch_status(&name, &PatchParams::default(), &patch)
        .await
        .map_err(|source| WriteError::new::<K>(&name, source))?;
    cache.observe(written);
    Ok(true)
}

/// How the objects of a scope are reached: in their namespace, or in the whole cluster.
pub trait Reach<K> {
    /// The objects beside this one.
    fn reach(client: Client, object: &K) -> Api<K>;
}

impl<K: Resource<DynamicType = (), Scope = Self>> Reach<K> for NamespaceResourceScope {
    fn reach(client: Client, object: &K) -> Api<K> {
        Api::namespaced(
            client,
            object.meta().namespace.as_deref().unwrap_or_default(),
        )
    }
}

impl<K: Resource<DynamicType = (), Scope = Self>> Reach<K> for ClusterResourceScope {
    fn reach(client: Client, _: &K) -> Api<K> {
        Api::all(client)
    }
}

/// The operations that turn the old status into the new one, on the condition that the object is
/// still the one that was seen. Nothing where they are equal.
fn difference<K: Resource, S: Serialize>(seen: &K, old: Option<&S>, new: &S) -> Option<Operations> {
    let old = json!({ "status": old.and_then(|it| serde_json::to_value(it).ok()) });
    let new = json!({ "status": serde_json::to_value(new).ok()? });
    if old == new {
        return None;
    }
    let mut operations = Vec::new();
    // A patch that names a version which is no longer current is answered with a conflict.
    if let Some(version) = &seen.meta().resource_version {
        operations.push(PatchOperation::Replace(ReplaceOperation {
            path: "/metadata/resourceVersion".parse().ok()?,
            value: Value::String(version.clone()),
        }));
    }
    if old["status"].is_null() {
        operations.push(PatchOperation::Add(AddOperation {
            path: "/status".parse().ok()?,
            value: new["status"].clone(),
        }));
    } else {
        operations.extend(json_patch::diff(&old, &new).0);
    }
    Some(Operations(operations))
}
