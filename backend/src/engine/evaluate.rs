//! Evaluates the expressions of steps, and fetches what they turn out to need.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argosy_api::promotion::PromotionStatus;
use argosy_api::{Promotion, labels};
use argosy_core::context::{Fact, Facts, Setting, Unready};
use argosy_core::steps as kinds;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use super::{Job, Services};
use crate::steps::is_away;

/// Expressions that ask again and again, each time for something else, are given up.
const ROUNDS: usize = 50;
/// How long an API server that is away is waited for, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(120);
const REST: Duration = Duration::from_secs(1);

/// The expressions of one promotion.
pub(super) struct Evaluator {
    services: Arc<Services>,
    promotion: Arc<Promotion>,
    freight_alias: String,
}

impl Evaluator {
    pub(super) fn new(services: Arc<Services>, job: &Job) -> Self {
        let freight_alias = job.freight.alias.clone().unwrap_or_default();
        Self {
            services,
            promotion: Arc::clone(&job.promotion),
            freight_alias,
        }
    }

    /// Whether the step at a place is to run; otherwise why that cannot be told.
    pub(super) async fn condition(
        &self,
        at: usize,
        status: &PromotionStatus,
    ) -> Result<bool, String> {
        self.with_facts(|facts| self.setting(status).condition(at, facts))
            .await
    }

    /// The configuration of the step at a place; otherwise why there is none.
    pub(super) async fn config(
        &self,
        at: usize,
        status: &PromotionStatus,
    ) -> Result<Value, String> {
        let step = self.promotion.spec.steps.get(at);
        let kind = step
            .and_then(|step| step.uses.as_deref())
            .and_then(kinds::find);
        let is_text = |path: &[&str]| kind.is_some_and(|kind| kind.is_text(path));
        self.with_facts(|facts| self.setting(status).config(at, facts, &is_text))
            .await
    }

    fn setting<'a>(&'a self, status: &'a PromotionStatus) -> Setting<'a> {
        let annotation = |key: &str| {
            self.promotion
                .annotations()
                .get(key)
                .map_or("", String::as_str)
        };
        Setting {
            now: Timestamp::now(),
            ui_base_url: "",
            project: self
                .promotion
                .metadata
                .namespace
                .as_deref()
                .unwrap_or_default(),
            promotion: self.promotion.metadata.name.as_deref().unwrap_or_default(),
            spec: &self.promotion.spec,
            status,
            freight_alias: &self.freight_alias,
            actor: annotation(labels::CREATE_ACTOR),
            rollback: annotation(labels::ROLLBACK) == labels::TRUE,
            target: None,
        }
    }

    /// Evaluates until nothing is missing. Facts are fetched once for each evaluation, so that it sees one state.
    async fn with_facts<T>(
        &self,
        evaluate: impl Fn(&Facts) -> Result<T, Unready>,
    ) -> Result<T, String> {
        let mut facts = Facts::new();
        for _ in 0..ROUNDS {
            match evaluate(&facts) {
                Ok(value) => return Ok(value),
                Err(Unready::Wrong(problem)) => return Err(problem.to_string()),
                Err(Unready::Needs(wanted)) => {
                    for fact in wanted {
                        let found = self.patiently(&fact).await?;
                        facts.insert(fact, found);
                    }
                }
            }
        }
        Err(format!("more than {ROUNDS} objects depend on one another"))
    }

    /// What is there, asked for again while the API server is away.
    async fn patiently(&self, fact: &Fact) -> Result<Value, String> {
        let begin = Instant::now();
        loop {
            match self.fetch(fact).await {
                Ok(found) => return Ok(found),
                Err(error) if is_away(&error) && begin.elapsed() < PATIENCE => {
                    tracing::warn!(%error, "cannot read {fact}; trying again");
                    tokio::time::sleep(REST).await;
                }
                Err(error) => return Err(format!("cannot read {fact}: {error}")),
            }
        }
    }

    /// What is there, `null` if nothing is.
    async fn fetch(&self, fact: &Fact) -> kube::Result<Value> {
        let project = self.promotion.namespace().unwrap_or_default();
        let shared = &self.services.settings.shared_namespace;
        let caches = &self.services.caches;
        Ok(match fact {
            Fact::ConfigMap(name) => self.config_map(&project, name).await?,
            Fact::SharedConfigMap(name) => self.config_map(shared, name).await?,
            Fact::Secret(name) => self.secret(&project, name, |_| true).await?,
            Fact::SharedSecret(name) => self.secret(shared, name, is_generic).await?,
            Fact::FreightMetadata(name) => {
                let freight = caches.freight.get(&project, name);
                let status = freight.as_ref().and_then(|freight| freight.status.as_ref());
                status
                    .map(|status| Value::Object(status.metadata.clone()))
                    .unwrap_or_default()
            }
            Fact::FreightStatus(name) => {
                let freight = caches.freight.get(&project, name);
                json(freight.as_ref().and_then(|freight| freight.status.as_ref()))
            }
            Fact::StageMetadata(name) => {
                let stage = caches.stages.get(&project, name);
                let status = stage.as_ref().and_then(|stage| stage.status.as_ref());
                status
                    .map(|status| Value::Object(status.metadata.clone()))
                    .unwrap_or_default()
            }
        })
    }

    async fn config_map(&self, namespace: &str, name: &str) -> kube::Result<Value> {
        if !is_name(name) {
            return Ok(Value::Null);
        }
        let api: Api<ConfigMap> = Api::namespaced(self.services.client.clone(), namespace);
        let data = api
            .get_opt(name)
            .await?
            .map(|map| map.data.unwrap_or_default());
        Ok(json(data.as_ref()))
    }

    async fn secret(
        &self,
        namespace: &str,
        name: &str,
        fits: fn(&Secret) -> bool,
    ) -> kube::Result<Value> {
        if !is_name(name) {
            return Ok(Value::Null);
        }
        let api: Api<Secret> = Api::namespaced(self.services.client.clone(), namespace);
        let data = api
            .get_opt(name)
            .await?
            .filter(fits)
            .map(|secret| secret.data.unwrap_or_default());
        // Values that are no text cannot stand in an expression.
        let texts = data.map(|data| -> BTreeMap<String, String> {
            let text = |(key, value): (String, k8s_openapi::ByteString)| {
                Some((key, String::from_utf8(value.0).ok()?))
            };
            data.into_iter().filter_map(text).collect()
        });
        Ok(json(texts.as_ref()))
    }
}

/// Shared Secrets with credentials are not for expressions.
fn is_generic(secret: &Secret) -> bool {
    secret
        .labels()
        .get(labels::CRED_TYPE)
        .is_some_and(|kind| kind == "generic")
}

/// Whether an object can have this name. Anything else must not become part of an address.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

fn json<T: serde::Serialize>(value: Option<&T>) -> Value {
    value
        .and_then(|value| serde_json::to_value(value).ok())
        .unwrap_or_default()
}
