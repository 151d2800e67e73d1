//! The shell: controllers, HTTP, Git, registries.

pub mod admin;
pub mod apply;
pub mod argocd;
pub mod args;
pub mod cache;
pub mod caches;
pub mod context;
pub mod controllers;
pub mod credentials;
pub mod discovery;
pub mod engine;
pub mod events;
pub mod git;
pub mod kubernetes;
pub mod leader;
pub mod metrics;
pub mod mirrors;
pub mod queue;
pub mod registry;
pub mod run;
pub mod secret;
pub mod settings;
pub mod shutdown;
pub mod steps;
pub mod telemetry;
pub mod tls;
pub mod tools;
pub mod version;
pub mod write;

#[cfg(test)]
mod keep;
