//! Every decision of Argosy. No I/O, no clock, no async.

pub mod abort;
pub mod argocd;
pub mod availability;
pub mod completion;
pub mod constraint;
pub mod context;
pub mod edit;
pub mod freight;
pub mod freight_check;
pub mod image_selection;
pub mod kustomization;
pub mod mechanisms;
pub mod pattern;
pub mod policy;
pub mod project;
pub mod promotion;
mod refusal;
pub mod said;
pub mod stage;
pub mod stage_check;
pub mod steps;
pub mod task;
pub mod urls;
pub mod warehouse;

pub use refusal::Refusal;
