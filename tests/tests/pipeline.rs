//! Releases on their way: from a registry through Warehouses and Stages, by the built binary on a
//! real API server, with a real registry and real Git.

#[path = "pipeline/abort.rs"]
mod abort;
#[path = "pipeline/auto_promotion.rs"]
mod auto_promotion;
#[path = "pipeline/by_hand.rs"]
mod by_hand;
#[path = "pipeline/flow.rs"]
mod flow;
#[path = "pipeline/shared_branch.rs"]
mod shared_branch;
#[path = "pipeline/warehouse.rs"]
mod warehouse;
