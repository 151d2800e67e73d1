//! `ClusterConfig`: how all Projects of the cluster behave.

use kube::core::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::is_default;
use crate::project_config::ConfigStatus;
use crate::receiver::{RECEIVERS_ARE_UNIQUE, SecretReference, WebhookReceiver};
use crate::schema::rules;
use crate::window::{DeepLink, PromotionWindow};

/// How all Projects of the cluster behave. There is one, and its name is `cluster`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "self.metadata.name == 'cluster'",
    "there is one ClusterConfig, and its name is `cluster`",
)])))]
pub struct ClusterConfig {
    /// Name, labels and the rest.
    #[schemars(skip)]
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// How the Projects are to behave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: ClusterConfigSpec,
    /// What is known about the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConfigStatus>,
}

crate::resource::root!(ClusterConfig, "clusterconfigs", ClusterResourceScope);

/// The only name that a `ClusterConfig` may have.
pub const NAME: &str = "cluster";

/// How all Projects are to behave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterConfigSpec {
    /// Addresses at which registries and forges report news, for all Projects.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), extend("x-kubernetes-validations" = rules(&[RECEIVERS_ARE_UNIQUE])))]
    pub webhook_receivers: Vec<WebhookReceiver>,
    /// Times at which promotions are allowed or denied.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(
        length(max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub promotion_windows: Vec<PromotionWindow>,
    /// Links that user interfaces show on Stages of all Projects.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub stage_links: Vec<DeepLink>,
    /// Links that user interfaces show on Freight of all Projects.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub freight_links: Vec<DeepLink>,
    /// Who commits, where a step does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_client: Option<GitClient>,
}

/// Who commits, where a step does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitClient {
    /// Name of the author and committer.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Address of the author and committer.
    #[schemars(length(min = 1))]
    pub email: String,
    /// Secret with the GPG key that signs, in the namespace of system resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key_secret: Option<SecretReference>,
}
