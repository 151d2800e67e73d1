//! Changes to files that people keep.

pub mod yaml;
