//! Target: one of several places that a Stage promotes to.

use kube::core::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Object, is_default};

/// One of several places that a Stage promotes to, for example a cluster of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct Target {
    /// Name, labels and the rest. Stages choose Targets by their labels.
    #[schemars(skip)]
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What is particular to the place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: TargetSpec,
    /// Nothing yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TargetStatus>,
}

crate::resource::root!(Target, "targets", NamespaceResourceScope);

/// What is particular to a place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetSpec {
    /// Values that expressions read while they promote to this Target.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::any_map")]
    pub params: Object,
}

/// Nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {}
