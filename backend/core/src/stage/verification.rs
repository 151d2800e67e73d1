//! Verification of the Freight that runs in a Stage.
//!
//! Without `spec.verification` a healthy Stage verifies its Freight. Analysis templates are not run
//! yet: a Stage that names them says so, and its Freight is not verified.

use argosy_api::Time;
use argosy_api::stage_status::{HealthState, StageStatus};
use argosy_api::verification::{VerificationInfo, VerificationPhase};
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

use super::Seen;

/// How many verifications a freight collection remembers.
const HISTORY_LIMIT: usize = 10;

const UNSUPPORTED: &str = "spec.verification names AnalysisTemplates, which this version does not \
    run; remove the field to verify Freight by the Stage's health, or approve the Freight for the \
    next Stage";

/// Starts or finishes the verification of the current Freight where its time has come.
pub(super) fn advance(seen: &Seen<'_>, status: &mut StageStatus) {
    let healthy = status
        .health
        .as_ref()
        .is_some_and(|it| it.status == Some(HealthState::Healthy));
    if status.current_promotion.is_some() || !healthy || is_due(status).is_none() {
        return;
    }
    let templates = seen.stage.spec.verification.is_some();
    let info = if templates {
        unsupported(seen, status)
    } else {
        success(seen, status)
    };
    if let Some(collection) = status.freight_history.first_mut() {
        collection.verification_history.insert(0, info);
        collection.verification_history.truncate(HISTORY_LIMIT);
    }
}

/// Whether a verification runs, for which the next promotion waits.
pub(super) fn in_progress(status: &StageStatus) -> bool {
    newest(status).is_some_and(|info| !info.phase.is_some_and(VerificationPhase::is_terminal))
}

/// When the current Freight was verified, if it is.
pub(super) fn verified_at(status: &StageStatus) -> Option<Timestamp> {
    let info = newest(status)?;
    if info.phase != Some(VerificationPhase::Successful) {
        return None;
    }
    info.finish_time.as_ref().map(|time| time.0)
}

/// The newest verification of what runs now, unless a later promotion outdated it.
pub(super) fn newest(status: &StageStatus) -> Option<&VerificationInfo> {
    let info = status
        .freight_history
        .first()?
        .verification_history
        .first()?;
    let promoted = status
        .last_promotion
        .as_ref()
        .and_then(|it| it.finished_at.as_ref());
    match (promoted, info.start_time.as_ref()) {
        (Some(promoted), Some(started)) if started.0 < promoted.0 => None,
        _ => Some(info),
    }
}

/// The collection that has yet to be verified.
fn is_due(status: &StageStatus) -> Option<&str> {
    let collection = status.freight_history.first()?;
    newest(status).is_none().then_some(collection.id.as_str())
}

fn success(seen: &Seen<'_>, status: &StageStatus) -> VerificationInfo {
    VerificationInfo {
        phase: Some(VerificationPhase::Successful),
        ..blank(seen, status)
    }
}

fn unsupported(seen: &Seen<'_>, status: &StageStatus) -> VerificationInfo {
    VerificationInfo {
        phase: Some(VerificationPhase::Error),
        message: Some(UNSUPPORTED.to_owned()),
        ..blank(seen, status)
    }
}

fn blank(seen: &Seen<'_>, status: &StageStatus) -> VerificationInfo {
    VerificationInfo {
        id: id(seen, status),
        start_time: Some(Time(seen.now)),
        finish_time: Some(Time(seen.now)),
        ..VerificationInfo::default()
    }
}

/// An id in the form of a UUID, the same whenever this verification is decided about anew.
fn id(seen: &Seen<'_>, status: &StageStatus) -> String {
    let collection = status
        .freight_history
        .first()
        .map_or("", |it| it.id.as_str());
    let promotion = status
        .last_promotion
        .as_ref()
        .map_or("", |it| it.name.as_str());
    let uid = seen.stage.metadata.uid.as_deref().unwrap_or_default();
    let digest = Sha1::digest(format!("{uid}/{collection}/{promotion}"));
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "{}-{}-5{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}
