//! Argo CD as Argosy sees it.

pub mod application;
mod health;
