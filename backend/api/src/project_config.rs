//! `ProjectConfig`: how a Project behaves.

use kube::core::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{POLICIES_ARE_UNIQUE, PromotionPolicy};
use crate::receiver::{RECEIVERS_ARE_UNIQUE, ReceiverDetails, WebhookReceiver};
use crate::schema::rules;
use crate::window::{DeepLink, PromotionWindow};
use crate::{Condition, is_default};

/// How a Project behaves. Its name is the Project's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub struct ProjectConfig {
    /// Name, labels and the rest.
    #[schemars(skip)]
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// How the Project is to behave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spec: ProjectConfigSpec,
    /// What is known about the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ConfigStatus>,
}

crate::resource::root!(ProjectConfig, "projectconfigs", NamespaceResourceScope);

/// How a Project is to behave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectConfigSpec {
    /// Which Stages promote by themselves. The first policy that matches a Stage wins.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 128), extend("x-kubernetes-validations" = rules(&POLICIES_ARE_UNIQUE)))]
    pub promotion_policies: Vec<PromotionPolicy>,
    /// Addresses at which registries and forges report news.
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
    /// Links that user interfaces show on Stages.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub stage_links: Vec<DeepLink>,
    /// Links that user interfaces show on Freight.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub freight_links: Vec<DeepLink>,
}

/// What is known about a configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigStatus {
    /// State of the configuration in points that tools and people look for.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(schema_with = "crate::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The generation that the status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The last value of the refresh annotation that was acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_refresh: Option<String>,
    /// Where the receivers can be reached.
    #[serde(default, skip_serializing_if = "is_default")]
    pub webhook_receivers: Vec<ReceiverDetails>,
}
