//! Verification: what a Stage asks for, and what became of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Time, is_default};

/// How Freight is verified once it is in a Stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Templates of the analysis. All their metrics, arguments and rules are merged into one run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub analysis_templates: Vec<AnalysisTemplateReference>,
    /// Labels and annotations of the `AnalysisRun`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis_run_metadata: Option<AnalysisRunMetadata>,
    /// Arguments of the templates.
    #[serde(default, skip_serializing_if = "is_default")]
    pub args: Vec<AnalysisRunArgument>,
}

/// Names a template of analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisTemplateReference {
    /// Name of the template.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub name: String,
    /// Kind of the template; `AnalysisTemplate`, in the Stage's namespace, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AnalysisTemplateKind>,
}

/// The kinds of templates of analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AnalysisTemplateKind {
    /// Of one namespace.
    #[default]
    AnalysisTemplate,
    /// Of the whole cluster.
    ClusterAnalysisTemplate,
}

/// Labels and annotations for an `AnalysisRun`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunMetadata {
    /// Labels to add.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    /// Annotations to add.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
}

/// An argument of an analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunArgument {
    /// Name of the argument.
    pub name: String,
    /// Value of the argument. May contain `${{ }}` expressions, which must give text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: String,
}

/// One verification of Freight in a Stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationInfo {
    /// Identifier of this verification, a UUID.
    #[serde(default, skip_serializing_if = "is_default")]
    pub id: String,
    /// Who asked for it, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_time: Option<Time>,
    /// How far it is, or how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<VerificationPhase>,
    /// Why it is in this phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The `AnalysisRun` that does the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis_run: Option<AnalysisRunReference>,
}

/// How far a verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum VerificationPhase {
    /// Not started.
    Pending,
    /// Started.
    Running,
    /// Passed.
    Successful,
    /// Not passed.
    Failed,
    /// Could not be carried out.
    Error,
    /// Stopped by a person.
    Aborted,
    /// Neither passed nor failed.
    Inconclusive,
}

impl VerificationPhase {
    /// Whether nothing more happens in this phase.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Successful | Self::Failed | Self::Error | Self::Aborted | Self::Inconclusive => {
                true
            }
        }
    }
}

/// Names an `AnalysisRun` and says how far it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunReference {
    /// Namespace of the run.
    pub namespace: String,
    /// Name of the run.
    pub name: String,
    /// The run's own phase.
    pub phase: String,
}
