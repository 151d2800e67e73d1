//! What breaks, and what is lost: nothing.

#[path = "resilience/api_server.rs"]
mod api_server;
#[path = "resilience/crash.rs"]
mod crash;
#[path = "resilience/git_server.rs"]
mod git_server;
#[path = "resilience/malformed.rs"]
mod malformed;
#[path = "resilience/registry.rs"]
mod registry;
#[path = "resilience/replicas.rs"]
mod replicas;
