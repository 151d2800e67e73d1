//! Freight as Stages and Promotions remember it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactReference, Chart, FreightOrigin, GitCommit, Image};
use crate::is_default;
use crate::verification::VerificationInfo;

/// A piece of Freight with its content, so that it can be read after the Freight itself is gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightReference {
    /// Name of the Freight.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// Where the Freight comes from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub origin: FreightOrigin,
    /// Commits that the Freight carries.
    #[serde(default, skip_serializing_if = "is_default")]
    pub commits: Vec<GitCommit>,
    /// Images that the Freight carries.
    #[serde(default, skip_serializing_if = "is_default")]
    pub images: Vec<Image>,
    /// Charts that the Freight carries.
    #[serde(default, skip_serializing_if = "is_default")]
    pub charts: Vec<Chart>,
    /// Other artifacts that the Freight carries.
    #[serde(default, skip_serializing_if = "is_default")]
    pub artifacts: Vec<ArtifactReference>,
}

/// Freight of all origins that was in a Stage at one time, with its verifications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightCollection {
    /// SHA-1 of the names of all members, sorted and joined by commas.
    pub id: String,
    /// The members, by origin: `Warehouse/<name>`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub items: BTreeMap<String, FreightReference>,
    /// Verifications of this collection in the Stage, newest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub verification_history: Vec<VerificationInfo>,
}
