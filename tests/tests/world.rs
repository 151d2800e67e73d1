//! The test environment keeps what it promises.
#![expect(
    clippy::unwrap_used,
    reason = "a test may end at the first thing that is not as it should be"
)]

#[path = "world/cluster.rs"]
mod cluster;
#[path = "world/git.rs"]
mod git;
#[path = "world/processes.rs"]
mod processes;
#[path = "world/registry.rs"]
mod registry;
