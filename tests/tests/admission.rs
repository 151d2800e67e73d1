//! What the API server takes and what it refuses: schemas and policies, on a real one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end at the first thing that is not as it should be"
)]

#[path = "admission/ask.rs"]
mod ask;
#[path = "admission/cluster_config.rs"]
mod cluster_config;
#[path = "admission/docs.rs"]
mod docs;
#[path = "admission/freight.rs"]
mod freight;
#[path = "admission/ground.rs"]
mod ground;
#[path = "admission/labels.rs"]
mod labels;
#[path = "admission/project.rs"]
mod project;
#[path = "admission/project_config.rs"]
mod project_config;
#[path = "admission/promotion.rs"]
mod promotion;
#[path = "admission/promotion_request.rs"]
mod promotion_request;
#[path = "admission/promotion_task.rs"]
mod promotion_task;
#[path = "admission/seeds.rs"]
mod seeds;
#[path = "admission/stage.rs"]
mod stage;
#[path = "admission/status.rs"]
mod status;
#[path = "admission/target.rs"]
mod target;
#[path = "admission/warehouse.rs"]
mod warehouse;
