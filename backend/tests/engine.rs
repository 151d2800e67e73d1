//! Promotions that the engine runs against a real Kubernetes API.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "engine/applications.rs"]
mod applications;
#[path = "steps/bench.rs"]
#[expect(dead_code, reason = "shared with the tests of single steps")]
mod bench;
#[path = "engine/promotions.rs"]
mod promotions;
#[path = "engine/stage.rs"]
mod stage;
