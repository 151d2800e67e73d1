//! Every decision of Argosy. No I/O, no clock, no async.

pub mod steps;
