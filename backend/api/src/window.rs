//! Times at which promotions are allowed, and links for user interfaces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::Selector;

/// A time, mostly a repeating one, at which promotions are allowed or denied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionWindow {
    /// Name of the window, unique in its list.
    #[schemars(regex(pattern = crate::schema::NAME), length(min = 1, max = 253))]
    pub name: String,
    /// Whether promotions are allowed or denied while the window is open.
    pub kind: WindowKind,
    /// How the window repeats: an iCalendar recurrence rule, for example `FREQ=WEEKLY;BYDAY=FR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
    /// When the window opens for the first time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtstart: Option<String>,
    /// When the window closes for the first time, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtend: Option<String>,
    /// The Stages that the window is about; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_selector: Option<Selector>,
    /// The Projects that the window is about; all if absent. Only in `ClusterConfig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_selector: Option<Selector>,
}

/// What an open window does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WindowKind {
    /// Promotions start only while it is open.
    #[default]
    Allow,
    /// Promotions do not start while it is open.
    Deny,
}

/// A link that user interfaces show on a Stage or on Freight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeepLink {
    /// Text of the link.
    #[schemars(length(min = 1))]
    pub title: String,
    /// Address of the link. May contain `${{ }}` expressions.
    #[schemars(length(min = 1))]
    pub url: String,
    /// A sentence about the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Expression that decides whether the link is shown.
    #[serde(rename = "if", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}
