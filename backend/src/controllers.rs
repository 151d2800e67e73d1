//! The controllers: each observes, asks `argosy_core`, and applies.
//!
//! One controller owns one kind. They run only while this process leads.

mod ended;
mod freight;
mod policies;
mod project;
mod promotion;
mod stage;
mod tasks;
mod warehouse;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// Runs all controllers until `stop`.
pub async fn run(context: Arc<Context>, stop: CancellationToken) {
    tokio::join!(
        project::run(Arc::clone(&context), stop.clone()),
        warehouse::run(Arc::clone(&context), stop.clone()),
        freight::run(Arc::clone(&context), stop.clone()),
        stage::run(Arc::clone(&context), stop.clone()),
        promotion::run(context, stop),
    );
}
