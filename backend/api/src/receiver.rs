//! Webhook receivers: addresses at which registries and forges report news.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{Rule, rules};
use crate::{LabelSelector, is_default};

/// An address at which one service reports news. Exactly one of the services must be given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "[has(self.bitbucket), has(self.dockerhub), has(self.github), has(self.gitlab), has(self.quay), \
     has(self.artifactory), has(self.azure), has(self.gitea), has(self.harbor), has(self.generic)]\
     .filter(given, given).size() == 1",
    "exactly one service must be given: bitbucket, dockerhub, github, gitlab, quay, artifactory, \
     azure, gitea, harbor or generic",
)])))]
pub struct WebhookReceiver {
    /// Name of the receiver, unique in its list.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub name: String,
    /// Bitbucket Cloud or Data Center. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitbucket: Option<ReceiverSecret>,
    /// Docker Hub. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerhub: Option<ReceiverSecret>,
    /// GitHub. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github: Option<ReceiverSecret>,
    /// GitLab. Key of the Secret: `secret-token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<ReceiverSecret>,
    /// Quay. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quay: Option<ReceiverSecret>,
    /// Artifactory. Key of the Secret: `secret-token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifactory: Option<ArtifactoryReceiver>,
    /// Azure Container Registry or Azure DevOps. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<ReceiverSecret>,
    /// Gitea. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitea: Option<ReceiverSecret>,
    /// Harbor. Key of the Secret: `auth-header`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harbor: Option<ReceiverSecret>,
    /// Anything else that can send JSON. Key of the Secret: `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generic: Option<GenericReceiver>,
}

/// A receiver is known by its name.
pub(crate) const RECEIVERS_ARE_UNIQUE: Rule = (
    "self.all(r, self.exists_one(o, o.name == r.name))",
    "two receivers have the same name",
);

/// A receiver of which nothing but the Secret is to be known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiverSecret {
    /// The Secret that the service and the receiver share.
    pub secret_ref: SecretReference,
}

/// Names a Secret, in the Project's namespace, or for `ClusterConfig` in that of system resources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretReference {
    /// Name of the Secret.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub name: String,
}

/// A receiver for Artifactory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactoryReceiver {
    /// The Secret that Artifactory and the receiver share.
    pub secret_ref: SecretReference,
    /// Virtual repository that Warehouses subscribe to, if pushes go to a local one behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_repo_name: Option<String>,
}

/// A receiver for anything that can send JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GenericReceiver {
    /// The Secret that makes the receiver's address hard to guess.
    pub secret_ref: SecretReference,
    /// What to do with a request.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub actions: Vec<GenericAction>,
}

/// Something to do when a request arrives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GenericAction {
    /// What to do.
    pub action: ActionKind,
    /// Expression, without `${{ }}`, that decides whether to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_expression: Option<String>,
    /// Values that expressions read as `params.<name>`. May contain `${{ }}` expressions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parameters: BTreeMap<String, String>,
    /// What to do it to. An object that meets any of these is a target.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub target_selection_criteria: Vec<TargetCriteria>,
}

/// What a receiver can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ActionKind {
    /// Look for new artifacts now.
    #[default]
    Refresh,
}

/// Chooses the targets of an action. All parts that are given must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "has(self.name) || has(self.labelSelector) || has(self.indexSelector)",
    "at least one of name, labelSelector and indexSelector must be given",
)])))]
pub struct TargetCriteria {
    /// Kind of the targets.
    pub kind: TargetKind,
    /// Name of the target. May contain `${{ }}` expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels of the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Entries of an index under which the targets are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_selector: Option<IndexSelector>,
}

/// What a receiver can act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TargetKind {
    /// Warehouses.
    #[default]
    Warehouse,
}

/// Chooses objects by the entries of an index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexSelector {
    /// The entries. All must match.
    #[serde(default, skip_serializing_if = "is_default")]
    pub match_indices: Vec<IndexRequirement>,
}

/// A condition on an entry of an index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexRequirement {
    /// The index.
    pub key: IndexKey,
    /// Whether the entry must be there or must not.
    pub operator: IndexOperator,
    /// The entry. May contain `${{ }}` expressions.
    pub value: String,
}

/// The indexes that can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IndexKey {
    /// Addresses of the repositories that a Warehouse subscribes to.
    #[default]
    #[serde(rename = "subscribedURLs")]
    SubscribedUrls,
    /// Paths of the receivers that a configuration has.
    #[serde(rename = "receiverPaths")]
    ReceiverPaths,
}

/// Whether an entry must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IndexOperator {
    /// It must.
    #[default]
    Equals,
    /// It must not.
    NotEquals,
}

/// Where a receiver can be reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiverDetails {
    /// Name of the receiver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// Path of the receiver on the server.
    #[serde(default, skip_serializing_if = "is_default")]
    pub path: String,
    /// Whole address of the receiver.
    #[serde(default, skip_serializing_if = "is_default")]
    pub url: String,
}
