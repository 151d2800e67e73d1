//! Writes a promotion's status, in the background and in order; of several that wait, only the newest.
//!
//! A write takes only if the progress that is stored is the one that was written last: two processes that both think
//! they lead cannot undo each other's steps.

use std::sync::Arc;
use std::time::Duration;

use argosy_api::promotion::{PromotionPhase, PromotionStatus};
use argosy_api::{Promotion, Time};
use jiff::Timestamp;
use json_patch::Patch as JsonPatch;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::drive::End;
use super::stop::{Reason, Stop};
use super::{Job, Services};

/// The fields of the status that are the engine's. Others belong to the controller.
const OWN: &[&str] = &[
    "phase",
    "message",
    "startedAt",
    "finishedAt",
    "currentStep",
    "stepExecutionMetadata",
    "state",
    "freight",
    "freightCollection",
    "healthChecks",
];
/// How long to rest before an API server that is away is asked again: this, doubled each time, up to the longest.
const FIRST_REST: Duration = Duration::from_millis(200);
const LONGEST_REST: Duration = Duration::from_secs(5);
/// So often a status is refused before the promotion is ended without it.
const REFUSALS: usize = 4;

/// Writes one promotion's status.
pub(super) struct Report {
    services: Arc<Services>,
    api: Api<Promotion>,
    name: String,
    uid: String,
    /// The status as it was read or written last.
    stored: Map<String, Value>,
}

/// Statuses on their way to the API server.
pub(super) struct Reporter {
    wanted: watch::Sender<(u64, PromotionStatus)>,
    written: watch::Receiver<u64>,
    task: tokio::task::JoinHandle<()>,
}

/// The promotion is no longer ours.
enum Lost {
    /// It was deleted.
    Gone,
    /// It was ended by somebody else, or somebody else drives it.
    Taken,
}

impl Report {
    pub(super) fn new(services: Arc<Services>, job: &Job) -> Self {
        let namespace = job.promotion.namespace().unwrap_or_default();
        Self {
            api: Api::namespaced(services.client.clone(), &namespace),
            services,
            name: job.promotion.name_any(),
            uid: job.promotion.uid().unwrap_or_default(),
            stored: job
                .promotion
                .status
                .as_ref()
                .map(fields)
                .unwrap_or_default(),
        }
    }

    /// Writes in the background from now on. If the promotion turns out not to be ours, `stop` is told.
    pub(super) fn in_background(mut self, status: &PromotionStatus, stop: &Stop) -> Reporter {
        let (wanted, mut wants) = watch::channel((0, status.clone()));
        let (done, written) = watch::channel(0);
        let stop = stop.clone();
        let work = async move {
            while wants.changed().await.is_ok() {
                let (number, status) = wants.borrow_and_update().clone();
                match self.write(&status).await {
                    Ok(()) => drop(done.send_replace(number)),
                    Err(Lost::Gone) => return stop.now(Reason::Forget),
                    Err(Lost::Taken) => return stop.now(Reason::Lost),
                }
            }
        };
        Reporter {
            wanted,
            written,
            task: tokio::spawn(work),
        }
    }

    /// Writes a last status.
    pub(super) async fn last(self, status: PromotionStatus, stop: &Stop) -> End {
        let mut reporter = self.in_background(&status, stop);
        reporter.send(&status);
        reporter.flush(stop).await;
        match stop.reason() {
            Some(Reason::Leave) => End::Left,
            Some(Reason::Forget | Reason::Lost) => End::Gone,
            Some(Reason::Abort(_)) | None => End::Over,
        }
    }

    /// Writes the status, as often as it takes.
    async fn write(&mut self, status: &PromotionStatus) -> Result<(), Lost> {
        let mut wanted = fields(status);
        let (mut rest, mut refusals) = (FIRST_REST, 0);
        loop {
            let Some(patch) = self.difference(&wanted) else {
                return Ok(());
            };
            let patched = self
                .api
                .patch_status(
                    &self.name,
                    &PatchParams::default(),
                    &Patch::<()>::Json(patch),
                )
                .await;
            match patched {
                Ok(promotion) => {
                    self.take(promotion);
                    return Ok(());
                }
                Err(kube::Error::Api(answer)) if answer.code == 404 => return Err(Lost::Gone),
                // Either what is stored is not what we left there, or the status as such is refused.
                Err(kube::Error::Api(answer)) if matches!(answer.code, 400 | 409 | 413 | 422) => {
                    self.look_again(&wanted).await?;
                    refusals += 1;
                    if refusals == REFUSALS {
                        tracing::error!(
                            "the API server refuses the status of promotion {}: {}",
                            self.name,
                            answer.message
                        );
                        wanted = self.refused(&answer.message);
                    } else if REFUSALS < refusals {
                        return Err(Lost::Taken);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot write the status of promotion {}; trying again", self.name);
                    tokio::time::sleep(rest).await;
                    rest = (rest * 2).min(LONGEST_REST);
                }
            }
        }
    }

    /// The stored status, ended because a better one is refused.
    fn refused(&self, reason: &str) -> Map<String, Value> {
        let mut ended = self.stored.clone();
        ended.insert("phase".to_owned(), json!(PromotionPhase::Errored));
        ended.insert(
            "message".to_owned(),
            json!(format!(
                "the API server refuses the promotion's status: {reason}"
            )),
        );
        ended.insert("finishedAt".to_owned(), json!(Time(Timestamp::now())));
        ended
    }

    /// Finds out why a write was refused. An answer to an earlier write may have been lost on the way.
    async fn look_again(&mut self, wanted: &Map<String, Value>) -> Result<(), Lost> {
        let promotion = match self.api.get(&self.name).await {
            Ok(promotion) => promotion,
            Err(kube::Error::Api(answer)) if answer.code == 404 => return Err(Lost::Gone),
            Err(error) => {
                tracing::warn!(%error, "cannot read promotion {}; trying again", self.name);
                tokio::time::sleep(FIRST_REST).await;
                return Ok(());
            }
        };
        if promotion.uid().unwrap_or_default() != self.uid {
            return Err(Lost::Gone);
        }
        let stored = promotion.status.as_ref().map(fields).unwrap_or_default();
        let is = |other: &Map<String, Value>| progress(&stored) == progress(other);
        let ended = promotion
            .status
            .as_ref()
            .and_then(|status| status.phase)
            .is_some_and(PromotionPhase::is_terminal);
        if is(wanted) || (is(&self.stored) && !ended) {
            self.take(promotion);
            // The same again would only be refused faster.
            tokio::time::sleep(FIRST_REST).await;
            return Ok(());
        }
        tracing::warn!(
            "promotion {} has been changed by somebody else; it is left to them",
            self.name
        );
        Err(Lost::Taken)
    }

    /// What the API server has now; the cache learns of it before the watch tells.
    fn take(&mut self, promotion: Promotion) {
        self.stored = promotion.status.as_ref().map(fields).unwrap_or_default();
        self.services.caches.promotions.observe(promotion);
    }

    /// The patch from what is stored to what is wanted; none if there is no difference.
    fn difference(&self, wanted: &Map<String, Value>) -> Option<JsonPatch> {
        let own = |fields: &Map<String, Value>| -> Map<String, Value> {
            let own = fields
                .iter()
                .filter(|(field, _)| OWN.contains(&field.as_str()));
            own.map(|(field, value)| (field.clone(), value.clone()))
                .collect()
        };
        let (stored, wanted) = (own(&self.stored), own(wanted));
        if stored == wanted {
            return None;
        }
        let mut operations =
            vec![json!({ "op": "test", "path": "/metadata/uid", "value": self.uid })];
        for (path, value) in progress(&stored) {
            operations.push(json!({ "op": "test", "path": path, "value": value }));
        }
        if self.stored.is_empty() {
            operations.push(json!({ "op": "add", "path": "/status", "value": {} }));
        }
        for field in OWN {
            let path = format!("/status/{field}");
            match (stored.get(*field), wanted.get(*field)) {
                (old, Some(new)) if old != Some(new) => {
                    operations.push(json!({ "op": "add", "path": path, "value": new }));
                }
                (Some(_), None) => operations.push(json!({ "op": "remove", "path": path })),
                (_, Some(_)) | (None, None) => {}
            }
        }
        serde_json::from_value(Value::Array(operations)).ok()
    }
}

impl Reporter {
    /// Has the status written, soon.
    pub(super) fn send(&mut self, status: &PromotionStatus) {
        self.wanted.send_modify(|(number, wanted)| {
            *number += 1;
            wanted.clone_from(status);
        });
    }

    /// Returns when the status that was sent last is written, or will not be. An abort does not end the wait: its
    /// status has to be written too.
    pub(super) async fn flush(&mut self, stop: &Stop) {
        let last = self.wanted.borrow().0;
        let given_up = async {
            loop {
                match stop.reason() {
                    Some(Reason::Forget | Reason::Lost | Reason::Leave) => return,
                    // The reason is final, so nothing else can come.
                    Some(Reason::Abort(_)) => std::future::pending().await,
                    None => stop.asked().await,
                }
            }
        };
        let written = self.written.wait_for(|written| last <= *written);
        tokio::select! {
            // An error means that the task has ended, and then `stop` knows why.
            _ = written => {}
            () = given_up => {}
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where a promotion is, by paths and values that must be as we left them: its phase and its newest step. Times are not
/// among them, since others may write them in another form.
fn progress(fields: &Map<String, Value>) -> Vec<(String, Value)> {
    let phase = fields
        .get("phase")
        .map(|phase| ("/status/phase".to_owned(), phase.clone()));
    let steps = fields
        .get("stepExecutionMetadata")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let newest = steps
        .iter()
        .enumerate()
        .next_back()
        .into_iter()
        .flat_map(|(at, step)| {
            let field = move |name: &str| {
                let value = step.get(name)?.clone();
                Some((format!("/status/stepExecutionMetadata/{at}/{name}"), value))
            };
            ["alias", "status", "errorCount"]
                .into_iter()
                .filter_map(field)
        });
    phase.into_iter().chain(newest).collect()
}

fn fields(status: &PromotionStatus) -> Map<String, Value> {
    match serde_json::to_value(status) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}
