//! Tells what became of steps and promotions: events, metrics, log.

use std::time::Duration;

use argosy_api::promotion::{PromotionStatus, StepStatus};
use argosy_api::step::PromotionStep;
use argosy_api::{Promotion, Time};
use argosy_core::promotion::alias_of;
use jiff::Timestamp;
use kube::ResourceExt as _;

use super::{Job, Services};
use crate::events;
use crate::telemetry::traces::EndedStep;

/// A step was touched at `now`; if it is through with that, this is told.
pub(super) fn step(
    services: &Services,
    promotion: &Promotion,
    status: &PromotionStatus,
    (index, step): (usize, &PromotionStep),
    now: Timestamp,
) {
    let alias = alias_of(index, step);
    let entry = status
        .step_execution_metadata
        .iter()
        .find(|entry| entry.alias == alias);
    let Some((entry, is)) = entry.and_then(|entry| Some((entry, entry.status?))) else {
        return;
    };
    let (Some(start), Some(_)) = (&entry.started_at, &entry.finished_at) else {
        return;
    };
    let took = Duration::try_from(now.duration_since(start.0)).unwrap_or_default();
    let kind = step.uses.as_deref().unwrap_or_default();
    services.metrics.step_ended(kind, word(is), took);
    let message = entry.message.as_deref().unwrap_or_default();
    let problem = matches!(
        is,
        StepStatus::Failed | StepStatus::Errored | StepStatus::Aborted
    );
    services.traces.step_ended(
        promotion,
        EndedStep {
            alias: &alias,
            uses: kind,
            index,
            began: start.0,
            ended: now,
            status: word(is),
            problem: problem.then_some(message),
        },
    );
    match is {
        StepStatus::Failed | StepStatus::Errored => tracing::warn!(step.kind = kind, "{message}"),
        StepStatus::Succeeded | StepStatus::Skipped | StepStatus::Running | StepStatus::Aborted => {
            tracing::debug!(step.kind = kind, "step {alias:?} is {}", word(is));
        }
    }
}

/// The promotion has ended with this status.
pub(super) fn ended(services: &Services, job: &Job, status: &PromotionStatus) {
    let Some(phase) = status.phase else { return };
    services.traces.promotion_ended(&job.promotion, status);
    let message = status.message.as_deref();
    if let Some(event) = events::promotion_ended(&job.promotion, Some(&job.freight), phase, message)
    {
        services.events.send(event);
    }
    let at = |time: &Option<Time>| time.as_ref().map(|time| time.0);
    let took = at(&status.finished_at).zip(at(&status.started_at));
    let took = took
        .and_then(|(end, start)| Duration::try_from(end.duration_since(start)).ok())
        .unwrap_or_default();
    let project = job.promotion.namespace().unwrap_or_default();
    let result = phase.to_string().to_lowercase();
    services
        .metrics
        .promotion_ended(&project, &job.promotion.spec.stage, &result, took);
    tracing::info!(
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "promotion {} is {result}",
        job.promotion.name_any()
    );
}

fn word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Succeeded => "succeeded",
        StepStatus::Skipped => "skipped",
        StepStatus::Running => "running",
        StepStatus::Aborted => "aborted",
        StepStatus::Failed => "failed",
        StepStatus::Errored => "errored",
    }
}
