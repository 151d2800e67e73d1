//! Real servers for tests and the demo: Git over HTTP, an OCI registry, a Kubernetes API, Argo CD, and
//! Argosy itself as the built binary.
//!
//! Servers that are programs run as children which die with this process, however it ends. Servers
//! that are part of this process run on a runtime of their own, so that they outlive the test that
//! happened to start them. Everything listens on 127.0.0.1 only.

mod background;
mod certificates;
mod client;
mod command;
mod folder;
mod ports;
mod process;
mod tools;
mod wait;
mod world;

pub mod argocd;
pub mod argosy;
pub mod faults;
pub mod git;
pub mod image;
pub mod kubernetes;
pub mod pipeline;
pub mod project;
pub mod registry;
pub mod seeds;

pub use client::http_client;
pub use folder::Folder;
pub use process::{Launch, Process};
pub use tools::program;
pub use wait::wait_for;
pub use world::{Needs, World};

/// Hosts whose repositories come from the run's Git server, for Argosy and for Argo CD alike.
const HOSTS: [&str; 4] = [
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "git.example.com",
];
