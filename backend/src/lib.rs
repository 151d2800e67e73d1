//! The shell: controllers, HTTP, Git, registries.

pub mod argocd;
pub mod cache;
pub mod caches;
pub mod context;
pub mod credentials;
pub mod events;
pub mod metrics;
pub mod mirrors;
pub mod queue;
pub mod registry;
pub mod secret;
pub mod settings;
pub mod steps;
pub mod tls;
pub mod tools;
pub mod version;
