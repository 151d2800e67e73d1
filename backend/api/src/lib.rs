//! The custom resources of `kargo.akuity.io/v1alpha1`: their shapes, labels, conditions and reasons.
//!
//! This crate knows what the objects look like. It takes no decision about them and reaches nothing.

mod duration;
mod resource;
mod schema;

pub mod artifact;
pub mod cluster_config;
pub mod collection;
pub mod condition;
pub mod crds;
pub mod freight;
pub mod labels;
pub mod mechanisms;
pub mod policy;
pub mod project;
pub mod project_config;
pub mod promotion;
pub mod promotion_request;
pub mod promotion_task;
pub mod reasons;
pub mod receiver;
pub mod stage;
pub mod stage_status;
pub mod step;
pub mod subscription;
pub mod target;
pub mod verification;
pub mod warehouse;
pub mod window;

pub use cluster_config::ClusterConfig;
pub use duration::{GoDuration, ParseDurationError};
pub use freight::Freight;
pub use project::Project;
pub use project_config::ProjectConfig;
pub use promotion::Promotion;
pub use promotion_request::PromotionRequest;
pub use promotion_task::{ClusterPromotionTask, PromotionTask};
pub use resource::{API_VERSION, GROUP, VERSION};
pub use stage::Stage;
pub use target::Target;
pub use warehouse::Warehouse;

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};

/// A JSON object of no fixed shape.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// Whether a value may be left out when it is written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The default of switches that are on unless switched off.
pub(crate) const fn yes() -> bool {
    true
}
