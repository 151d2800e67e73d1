//! What a Stage is, what it does next, and what it asks of the world.
//!
//! [`decide`] derives the whole status anew from what was seen. It is level-triggered: asked twice
//! about the same world it gives the same answer, so a crash between two orders loses nothing.

mod auto_promotion;
mod conditions;
mod control_flow;
mod health;
mod holds;
mod occupation;
mod promotions;
mod verification;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use argosy_api::stage_status::StageStatus;
use argosy_api::{Freight, GoDuration, Promotion, Stage, labels};
use jiff::Timestamp;

pub use auto_promotion::{Candidate, candidates};
pub use health::{ApplicationHealth, ApplicationKey};

use crate::stage_check::Problem;

/// Everything that is looked at to decide about one Stage.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The present.
    pub now: Timestamp,
    /// The Stage as it is stored.
    pub stage: &'a Stage,
    /// Whether a promotion policy switches auto-promotion on.
    pub auto_promotion_enabled: bool,
    /// The Freight of every origin that the Stage asks for, and what runs in it now.
    pub freight: &'a [Arc<Freight>],
    /// The Stage's Promotions, in any order.
    pub promotions: &'a [Arc<Promotion>],
    /// The Argo CD Applications that the last promotion's health checks name.
    pub applications: &'a BTreeMap<ApplicationKey, ApplicationHealth>,
    /// What is wrong with the Stage's steps.
    pub problems: &'a [Problem],
    /// Old forms in use, each with its modern text.
    pub old_forms: &'a [String],
}

/// What is to be done about a Stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The Stage's whole new status.
    pub status: StageStatus,
    /// What is to be done besides, in this order.
    pub orders: Vec<Order>,
    /// When to look again although nothing changed: the end of a soak time.
    pub again: Option<Timestamp>,
}

/// One thing that the world is asked to do. Each may be repeated without harm.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Note in the Freight that it runs in the Stage.
    Enter {
        /// The Freight's name.
        freight: String,
        /// Since when.
        since: Timestamp,
    },
    /// Note in the Freight that it no longer runs in the Stage.
    Leave {
        /// The Freight's name.
        freight: String,
        /// Its longest stay in the Stage, where it is verified there.
        longest_soak: Option<GoDuration>,
    },
    /// Note in the Freight that it is verified in the Stage.
    Verify {
        /// The Freight's name.
        freight: String,
        /// When.
        at: Timestamp,
    },
    /// Promote Freight to the Stage without a person.
    Promote {
        /// The Freight's name.
        freight: String,
    },
}

/// Decides about a Stage.
pub fn decide(seen: &Seen<'_>) -> Decision {
    if seen.stage.spec.is_control_flow() {
        return control_flow::decide(seen);
    }
    let mut status = seen.stage.status.clone().unwrap_or_default();
    let mut orders = Vec::new();

    status.observed_generation = seen.stage.metadata.generation;
    status.auto_promotion_enabled = seen.auto_promotion_enabled;
    let ended = promotions::settle(seen, &mut status);
    status.health = health::assess(seen, &status);
    verification::advance(seen, &mut status);
    promotions::pick(seen, &mut status);
    occupation::follow(seen, &status, &mut orders);
    holds::settle(seen, ended, &mut status);
    let candidates = candidates(seen);
    auto_promotion::order(seen, &status, &candidates, &mut orders);
    status.freight_summary = Some(occupation::summary(seen.stage, &status));
    status.last_handled_refresh = seen.refresh_token().or(status.last_handled_refresh);
    conditions::state(seen, &mut status);

    Decision {
        status,
        orders,
        again: auto_promotion::next_soak_end(seen),
    }
}

impl Seen<'_> {
    fn stage_name(&self) -> &str {
        self.stage.metadata.name.as_deref().unwrap_or_default()
    }

    fn refresh_token(&self) -> Option<String> {
        self.stage
            .metadata
            .annotations
            .as_ref()?
            .get(labels::REFRESH)
            .cloned()
    }
}
