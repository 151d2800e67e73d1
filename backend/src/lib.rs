//! The shell: controllers, HTTP, Git, registries.

pub mod mirrors;
pub mod secret;
