//! The steps' runners against real folders and real programs.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "steps/bench.rs"]
mod bench;
#[path = "steps/confined.rs"]
mod confined;
#[path = "steps/files.rs"]
mod files;
#[path = "steps/git.rs"]
mod git;
#[path = "steps/rendered.rs"]
mod rendered;
#[path = "steps/twice.rs"]
mod twice;
