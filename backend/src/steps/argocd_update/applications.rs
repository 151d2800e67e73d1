//! Reads, watches and patches Applications.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use argosy_core::argocd::{AppKey, PROMOTION_NOTE, Standing, is_authorized};
use argosy_core::steps::argocd_update::{App, Config, Operator, Selector, Source};
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use tokio::sync::Notify;

use super::super::{Fault, StepRun, is_away};
use crate::argocd::application::{Application, Operation};
use crate::cache::{Key, Progress};

/// How long to rest before an API server that is away is asked again: this, doubled each time, up to the longest.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(8);
/// How often to look where Applications cannot be watched.
const UNWATCHED: Duration = Duration::from_secs(1);
/// Who made a change, for the API server's books.
const FIELD_MANAGER: &str = "argosy-promotion-controller";

/// The Applications of one run of the step.
pub(super) struct Applications<'a> {
    run: &'a StepRun,
    resource: ApiResource,
}

/// An Application as it is now.
pub(super) struct Found {
    pub(super) key: AppKey,
    /// Every field.
    pub(super) whole: Value,
    pub(super) standing: Standing,
}

/// What became of a patch.
pub(super) enum Patched {
    Done(Arc<Application>),
    /// Somebody else was faster.
    Conflict,
}

impl<'a> Applications<'a> {
    pub(super) fn new(run: &'a StepRun) -> Self {
        Self {
            run,
            resource: ApiResource::erase::<Application>(&()),
        }
    }

    /// The Applications that the step means and may change, each with its updates; and those that do not authorize
    /// the Stage.
    pub(super) async fn find(
        &self,
        config: &Config,
    ) -> Result<(BTreeMap<AppKey, (Found, Vec<Source>)>, Vec<AppKey>), Fault> {
        let mut targets: BTreeMap<AppKey, (Found, Vec<Source>)> = BTreeMap::new();
        let mut unauthorized = Vec::new();
        for app in &config.apps {
            for object in self.meant(app).await? {
                let key = AppKey {
                    namespace: object.namespace().unwrap_or_default(),
                    name: object.name_any(),
                };
                if !self.is_authorized(&object, &key)? {
                    tracing::warn!(
                        "Application {key} does not authorize Stage {}:{}",
                        self.run.project,
                        self.run.stage
                    );
                    unauthorized.push(key);
                    continue;
                }
                let updates = app.sources.iter().cloned();
                if let Some((_, earlier)) = targets.get_mut(&key) {
                    earlier.extend(updates);
                } else {
                    let updates = updates.collect();
                    targets.insert(key.clone(), (self.found(key, &object)?, updates));
                }
            }
        }
        if targets.is_empty() {
            return Err(self.nothing(&unauthorized));
        }
        Ok((targets, unauthorized))
    }

    /// Returns when what the cache knows of one of the Applications makes `done` say yes, or one is gone.
    pub(super) async fn changed(
        &self,
        keys: &[&AppKey],
        done: &(dyn Fn(&AppKey, &Standing) -> bool + Sync),
    ) {
        let cache = &self.run.services.caches.applications;
        if cache.progress() != Progress::Synced {
            return tokio::time::sleep(UNWATCHED).await;
        }
        let notify = Arc::new(Notify::new());
        let told = Arc::clone(&notify);
        let watched: Vec<Key> = keys
            .iter()
            .map(|key| Key::new(&key.namespace, &key.name))
            .collect();
        let _subscription = cache.subscribe(move |change| {
            if watched.contains(&change.key) {
                told.notify_one();
            }
        });
        let is_done = |key: &&AppKey| {
            let cached = cache.get(&key.namespace, &key.name);
            cached.is_none_or(|application| done(key, &standing(&application)))
        };
        while !keys.iter().any(is_done) {
            notify.notified().await;
        }
    }

    /// Patches an Application, if it still is what it was.
    pub(super) async fn patch(&self, key: &AppKey, patch: &Value) -> Result<Patched, Fault> {
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let api = self.api(&key.namespace);
        let patched = self.patiently(|| {
            let (api, params) = (api.clone(), params.clone());
            async move { api.patch(&key.name, &params, &Patch::Merge(patch)).await }
        });
        match patched.await {
            Ok(object) => {
                let application = reduced(&object, key)?;
                // So that the next look at the cache does not show what was before.
                self.run
                    .services
                    .caches
                    .applications
                    .observe(application.clone());
                Ok(Patched::Done(Arc::new(application)))
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Patched::Conflict),
            Err(error) => Err(Fault::errored(format!(
                "cannot change Application {key}: {error}"
            ))),
        }
    }

    async fn meant(&self, app: &App) -> Result<Vec<DynamicObject>, Fault> {
        let namespace = app
            .namespace
            .as_deref()
            .filter(|namespace| !namespace.is_empty());
        let namespace = namespace.unwrap_or(&self.run.services.settings.argocd_namespace);
        let api = self.api(namespace);
        if let Some(selector) = &app.selector {
            let params = ListParams::default().labels(&label_selector(selector));
            let listed = self.patiently(|| {
                let (api, params) = (api.clone(), params.clone());
                async move { api.list(&params).await }
            });
            let cannot =
                |error| Fault::errored(format!("cannot list Applications in {namespace}: {error}"));
            return Ok(listed.await.map_err(cannot)?.items);
        }
        let name = app.name.as_deref().unwrap_or_default();
        let got = self.patiently(|| {
            let api = api.clone();
            async move { api.get_opt(name).await }
        });
        let cannot = |error| {
            Fault::errored(format!(
                "cannot read Application {namespace}/{name}: {error}"
            ))
        };
        match got.await.map_err(cannot)? {
            Some(object) => Ok(vec![object]),
            None => Err(Fault::errored(format!(
                "Application {namespace}/{name} does not exist"
            ))),
        }
    }

    fn is_authorized(&self, object: &DynamicObject, key: &AppKey) -> Result<bool, Fault> {
        let annotation = object
            .annotations()
            .get(argosy_api::labels::AUTHORIZED_STAGE);
        is_authorized(
            annotation.map(String::as_str),
            &self.run.project,
            &self.run.stage,
        )
        .map_err(|reason| Fault::errored(format!("Application {key}: {reason}")))
    }

    fn found(&self, key: AppKey, object: &DynamicObject) -> Result<Found, Fault> {
        let application = reduced(object, &key)?;
        let standing = standing(&application);
        // The wait for a change must not begin with something older than this.
        self.run.services.caches.applications.observe(application);
        let whole = serde_json::to_value(object)
            .map_err(|error| Fault::broken(format!("cannot read Application {key}: {error}")))?;
        Ok(Found {
            key,
            whole,
            standing,
        })
    }

    fn nothing(&self, unauthorized: &[AppKey]) -> Fault {
        if unauthorized.is_empty() {
            return Fault::errored("no Application matches");
        }
        let names: Vec<String> = unauthorized.iter().map(AppKey::to_string).collect();
        Fault::errored(format!(
            "Application {} does not authorize this Stage: its annotation {} does not list {}:{}",
            names.join(", "),
            argosy_api::labels::AUTHORIZED_STAGE,
            self.run.project,
            self.run.stage,
        ))
    }

    fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.run.services.client.clone(), namespace, &self.resource)
    }

    /// Asks again while the API server is away. The step's timeout ends it.
    async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> kube::Result<T>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let mut rest = FIRST_REST;
        loop {
            match ask().await {
                Err(error) if is_away(&error) => {
                    self.run
                        .turn
                        .say(format!("the API server does not answer: {error}"));
                    self.run.turn.waiting(tokio::time::sleep(rest)).await;
                    rest = (rest * 2).min(LONGEST_REST);
                }
                answer => return answer,
            }
        }
    }
}

fn reduced(object: &DynamicObject, key: &AppKey) -> Result<Application, Fault> {
    object
        .clone()
        .try_parse()
        .map_err(|error| Fault::errored(format!("cannot read Application {key}: {error}")))
}

fn standing(application: &Application) -> Standing {
    let asked = application
        .operation
        .as_ref()
        .map(|operation| promotion_of(operation).to_owned());
    let Some(state) = &application.status.operation_state else {
        return Standing {
            asked,
            ..Standing::default()
        };
    };
    let revisions = state
        .sync_result
        .as_ref()
        .map(|result| match result.revisions.as_slice() {
            [] if result.revision.is_empty() => Vec::new(),
            [] => vec![result.revision.clone()],
            several => several.to_vec(),
        });
    Standing {
        asked,
        promotion: promotion_of(&state.operation).to_owned(),
        phase: state.phase.clone(),
        started_at: state.started_at.as_ref().map(|time| time.0.to_string()),
        message: state.message.clone(),
        revisions,
    }
}

fn promotion_of(operation: &Operation) -> &str {
    let note = operation
        .info
        .iter()
        .find(|info| info.name == PROMOTION_NOTE);
    note.map_or("", |note| note.value.as_str())
}

fn label_selector(selector: &Selector) -> String {
    let labels = selector
        .match_labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().map(|requirement| {
        let (key, values) = (&requirement.key, requirement.values.join(","));
        match requirement.operator {
            Operator::In => format!("{key} in ({values})"),
            Operator::NotIn => format!("{key} notin ({values})"),
            Operator::Exists => key.clone(),
            Operator::DoesNotExist => format!("!{key}"),
        }
    });
    labels.chain(expressions).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_are_written_as_the_api_server_reads_them() {
        let config = json!({ "apps": [{ "selector": {
            "matchLabels": { "a": "1" },
            "matchExpressions": [
                { "key": "b", "operator": "In", "values": ["x", "y"] },
                { "key": "c", "operator": "NotIn", "values": ["z"] },
                { "key": "d", "operator": "Exists" },
                { "key": "e", "operator": "DoesNotExist" },
            ],
        } }] });
        let config = argosy_core::steps::argocd_update::parse(&config).unwrap();
        let selector = config.apps[0].selector.as_ref().unwrap();
        assert_eq!(label_selector(selector), "a=1,b in (x,y),c notin (z),d,!e");
    }

    #[test]
    fn an_application_stands_where_its_operation_does() {
        let application = serde_json::from_value(json!({
            "metadata": {"name": "a"},
            "operation": {"info": [{"name": "kargo.akuity.io/promotion", "value": "next"}]},
            "status": {"operationState": {
                "operation": {"info": [{"name": "kargo.akuity.io/promotion", "value": "last"}]},
                "phase": "Succeeded", "message": "successfully synced",
                "startedAt": "2026-11-23T11:42:29Z",
                "syncResult": {"revision": "abc"},
            }},
        }))
        .unwrap();
        let want = Standing {
            asked: Some("next".to_owned()),
            promotion: "last".to_owned(),
            phase: "Succeeded".to_owned(),
            started_at: Some("2026-11-23T11:42:29Z".to_owned()),
            message: "successfully synced".to_owned(),
            revisions: Some(vec!["abc".to_owned()]),
        };
        assert_eq!(standing(&application), want);
    }
}
