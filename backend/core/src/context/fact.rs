//! What expressions may have to know of the cluster.

use std::collections::BTreeMap;
use std::fmt;

use argosy_expr::{Error, Fault, Kind, TemplateError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Something of the cluster that an expression refers to. Names are of objects in the project's namespace, those
/// of shared ones in the namespace of shared resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact {
    /// The data of a `ConfigMap`: an object of strings.
    ConfigMap(String),
    /// The data of a shared `ConfigMap`: an object of strings.
    SharedConfigMap(String),
    /// The data of a Secret, decoded: an object of strings.
    Secret(String),
    /// The data of a shared Secret of type `generic`, decoded: an object of strings.
    SharedSecret(String),
    /// `status.metadata` of Freight.
    FreightMetadata(String),
    /// `status` of Freight.
    FreightStatus(String),
    /// `status.metadata` of a Stage.
    StageMetadata(String),
}

impl Fact {
    /// The fault that asks for the fact.
    pub(super) fn needed(&self) -> Fault {
        match serde_json::to_value(self) {
            Ok(json) => Fault::needs(json),
            Err(error) => Fault::failed(format!("cannot ask for {self}: {error}")),
        }
    }

    /// The fact that an error asks for, if it does.
    #[must_use]
    pub fn of_error(error: &Error) -> Option<Self> {
        match &error.kind {
            Kind::Needs(json) => Self::of_json(json),
            Kind::Syntax
            | Kind::Name
            | Kind::Type
            | Kind::Argument
            | Kind::Arithmetic
            | Kind::Limit
            | Kind::Failed => None,
        }
    }

    /// The facts that rendering a document needs, none if it went wrong in another way.
    #[must_use]
    pub fn of_template_error(error: &TemplateError) -> Vec<Self> {
        match error {
            TemplateError::Needs(facts) => facts.iter().filter_map(Self::of_json).collect(),
            TemplateError::Wrong { error, .. } => Self::of_error(error).into_iter().collect(),
        }
    }

    fn of_json(json: &Json) -> Option<Self> {
        Self::deserialize(json).ok()
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigMap(name) => write!(f, "ConfigMap {name:?}"),
            Self::SharedConfigMap(name) => write!(f, "shared ConfigMap {name:?}"),
            Self::Secret(name) => write!(f, "Secret {name:?}"),
            Self::SharedSecret(name) => write!(f, "shared Secret {name:?}"),
            Self::FreightMetadata(name) | Self::FreightStatus(name) => {
                write!(f, "Freight {name:?}")
            }
            Self::StageMetadata(name) => write!(f, "Stage {name:?}"),
        }
    }
}

/// The facts that have been fetched. What is not there is `null`. Shown without what it holds: there are secrets
/// among it.
#[derive(Clone, Default)]
pub struct Facts(BTreeMap<Fact, Json>);

impl Facts {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps what was found, `null` if there was nothing.
    pub fn insert(&mut self, fact: Fact, found: Json) {
        self.0.insert(fact, found);
    }

    /// What was found, `None` if nobody looked yet.
    #[must_use]
    pub fn get(&self, fact: &Fact) -> Option<&Json> {
        self.0.get(fact)
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
