//! Every decision of Argosy. No I/O, no clock, no async.

pub mod argocd;
pub mod constraint;
pub mod freight;
pub mod image_selection;
pub mod mechanisms;
pub mod pattern;
pub mod promotion;
pub mod stage_check;
pub mod steps;
pub mod task;
pub mod urls;
