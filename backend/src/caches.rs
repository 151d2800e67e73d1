//! One cache for each kind that Argosy looks at, and the look-ups that controllers need.

use k8s_openapi::api::core::v1::{Namespace, Secret};

use crate::cache::Cache;

/// All caches. Clones share the same content.
#[derive(Clone)]
pub struct Caches {
    /// The namespaces that belong to projects.
    pub namespaces: Cache<Namespace>,
    /// The secrets that hold credentials.
    pub credentials: Cache<Secret>,
}
