//! The CustomResourceDefinitions of all kinds.

pub use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition as Definition;

/// Version of the schemas. Grows with every change that an older controller would notice.
pub const CRD_VERSION: &str = "1";
