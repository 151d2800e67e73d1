//! Git against the real program behind HTTP with authentication.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should end here"
)]

mod bench;
mod copies;
mod desk;
mod network;
mod pushes;
mod tls;
mod worktrees;
