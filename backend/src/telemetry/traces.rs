//! A promotion as a trace, each step as a span.
//!
//! A promotion outlives passes, leaders and processes, so spans are not kept open: each is sent when it has ended. The
//! trace is the promotion's UID, which makes the spans of two processes one trace, and lets anybody who knows the
//! promotion find it.

use std::collections::BTreeMap;

use argosy_api::promotion::{PromotionPhase, PromotionStatus};
use argosy_api::{Promotion, labels};
use jiff::Timestamp;
use kube::ResourceExt as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::export;

/// Takes spans. Clones feed the same queue; without a collector they cost nothing.
#[derive(Clone, Default)]
pub struct Traces(Option<mpsc::Sender<Span>>);

/// Where spans are sent: OTLP over HTTP, as JSON.
pub struct Collector {
    /// The address without `/v1/traces`, for example `http://otel-collector:4318`.
    pub endpoint: String,
    /// Headers that the collector asks for, such as a token.
    pub headers: Vec<(String, crate::secret::Secret)>,
    /// The name of this installation.
    pub service: String,
}

/// A step that has ended.
#[derive(Clone, Copy, Debug)]
pub struct EndedStep<'a> {
    /// Its name within the promotion.
    pub alias: &'a str,
    /// What it uses.
    pub uses: &'a str,
    /// Its place, from 0.
    pub index: usize,
    /// When this attempt began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Its status, for example `Succeeded`.
    pub status: &'a str,
    /// Why it did not succeed.
    pub problem: Option<&'a str>,
}

/// A part of a trace that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) trace: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) attributes: BTreeMap<&'static str, String>,
    pub(super) problem: Option<String>,
}

/// Spans that wait while the collector is slow; more are dropped.
const WAITING: usize = 2_048;

impl Traces {
    /// A queue, and the task that sends what is in it. The task ends, with all sent, when the last `Traces` is gone.
    pub fn new(collector: Collector) -> (Self, impl Future<Output = ()> + Send) {
        let (queue, waiting) = mpsc::channel(WAITING);
        (Self(Some(queue)), export::send(collector, waiting))
    }

    /// A step of a promotion has ended.
    pub fn step_ended(&self, promotion: &Promotion, step: EndedStep<'_>) {
        self.send(|| {
            let EndedStep {
                alias,
                uses,
                index,
                began,
                ended,
                status,
                problem,
            } = step;
            let (trace, root) = identity(promotion);
            let mut attributes = facts(promotion);
            attributes.insert("argosy.step.alias", alias.to_owned());
            attributes.insert("argosy.step.uses", uses.to_owned());
            attributes.insert("argosy.step.index", index.to_string());
            attributes.insert("argosy.step.status", status.to_owned());
            Span {
                trace,
                id: hash(&trace, &format!("{index} {began}")),
                parent: Some(root),
                name: format!("step {uses}"),
                began,
                ended,
                attributes,
                problem: problem.map(str::to_owned),
            }
        });
    }

    /// A promotion has ended with this status; nothing is sent before that.
    pub fn promotion_ended(&self, promotion: &Promotion, status: &PromotionStatus) {
        let Some(phase) = status.phase.filter(|phase| phase.is_terminal()) else {
            return;
        };
        let created = promotion.metadata.creation_timestamp.as_ref();
        let (Some(began), Some(ended)) =
            (status.started_at.as_ref().or(created), &status.finished_at)
        else {
            return;
        };
        self.send(|| {
            let (trace, id) = identity(promotion);
            let mut attributes = facts(promotion);
            attributes.insert("argosy.promotion.phase", phase.to_string());
            let message = status.message.clone().unwrap_or_default();
            Span {
                trace,
                id,
                parent: None,
                name: "promotion".to_owned(),
                began: began.0,
                ended: ended.0,
                attributes,
                problem: (phase != PromotionPhase::Succeeded).then_some(message),
            }
        });
    }

    fn send(&self, span: impl FnOnce() -> Span) {
        if let Self(Some(queue)) = self
            && queue.try_send(span()).is_err()
        {
            tracing::debug!("a span was dropped: the collector is slow or away");
        }
    }
}

/// The trace of a promotion and the span that stands for all of it.
fn identity(promotion: &Promotion) -> ([u8; 16], [u8; 8]) {
    let uid = promotion
        .metadata
        .uid
        .clone()
        .unwrap_or_else(|| promotion.name_any());
    let digits: String = uid.chars().filter(char::is_ascii_hexdigit).collect();
    let trace = u128::from_str_radix(&digits, 16)
        .ok()
        .filter(|_| digits.len() == 32);
    let trace = trace.map_or_else(
        || {
            let digest = Sha256::digest(uid.as_bytes());
            std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
        },
        u128::to_be_bytes,
    );
    (trace, hash(&trace, "promotion"))
}

fn hash(trace: &[u8; 16], text: &str) -> [u8; 8] {
    let digest = Sha256::new()
        .chain_update(trace)
        .chain_update(text.as_bytes())
        .finalize();
    std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default())
}

fn facts(promotion: &Promotion) -> BTreeMap<&'static str, String> {
    let actor = promotion.annotations().get(labels::CREATE_ACTOR).cloned();
    BTreeMap::from([
        ("argosy.project", promotion.namespace().unwrap_or_default()),
        ("argosy.stage", promotion.spec.stage.clone()),
        ("argosy.promotion", promotion.name_any()),
        (
            "argosy.freight",
            promotion.spec.freight.clone().unwrap_or_default(),
        ),
        ("argosy.actor", actor.unwrap_or_default()),
    ])
}

#[cfg(test)]
mod tests;
