//! What `argocd-update` asks of Argo CD's Applications, and what their answers mean.
//!
//! Applications come in as JSON, as the API server has them: they belong to Argo CD, and a field that we do not know
//! must survive our change.

mod change;
mod judge;

use serde_json::Value;

pub use change::{Change, Initiator, change, operation_patch};
pub use judge::{Judgement, Standing, judge};

/// The operation's note that carries the promotion's name.
pub const PROMOTION_NOTE: &str = "kargo.akuity.io/promotion";

/// Where an Application is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for AppKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Whether the Application's annotation lets this Stage change it: a comma-separated list of `project:stage`.
///
/// # Errors
/// If the annotation holds a pattern. Patterns would let a Stage in that nobody thought of.
pub fn is_authorized(annotation: Option<&str>, project: &str, stage: &str) -> Result<bool, String> {
    let wanted = format!("{project}:{stage}");
    let mut found = false;
    for entry in annotation.unwrap_or_default().split(',').map(str::trim) {
        if entry.contains(['*', '?', '[', ']', '{', '}']) {
            return Err(format!(
                "annotation kargo.akuity.io/authorized-stage: {entry:?}: patterns are not supported"
            ));
        }
        found |= entry == wanted;
    }
    Ok(found)
}

/// The sources of an Application: `sources` if it has any, else `source`.
fn sources(application: &Value) -> Vec<&Value> {
    let spec = &application["spec"];
    match spec["sources"].as_array() {
        Some(sources) if !sources.is_empty() => sources.iter().collect(),
        Some(_) | None if spec["source"].is_object() => vec![&spec["source"]],
        Some(_) | None => Vec::new(),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
