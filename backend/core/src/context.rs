//! What the expressions of a promotion can refer to: Kargo's variables and functions on top of the language.
//!
//! Everything is plain data that the caller gathered. A function that needs an object of the cluster asks for it
//! with a [`Fact`]; the caller fetches it and evaluates again.

mod data;
mod evaluate;
mod fact;
mod freight;
mod known;
mod progress;
mod quoting;
mod record;
mod semver;
mod variables;
mod yaml;

use argosy_api::collection::FreightReference;
use argosy_api::promotion::{PromotionSpec, PromotionStatus};
use argosy_api::target::Target;
use argosy_expr::Env;
use jiff::Timestamp;

pub use evaluate::{Unready, vars};
pub use fact::{Fact, Facts};
pub use known::{check_step, known};

/// Where a promotion stands, as far as its expressions can see.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The present.
    pub now: Timestamp,
    /// Address of the user interface, without a slash at the end; may be empty.
    pub ui_base_url: &'a str,
    /// Name of the project.
    pub project: &'a str,
    /// Name of the promotion.
    pub promotion: &'a str,
    /// What is promoted, and how.
    pub spec: &'a PromotionSpec,
    /// How far it is.
    pub status: &'a PromotionStatus,
    /// Alias of the Freight that is promoted; may be empty.
    pub freight_alias: &'a str,
    /// Who started the promotion; may be empty.
    pub actor: &'a str,
    /// Whether the Freight was in the Stage before.
    pub rollback: bool,
    /// The Target that is promoted to, where the Stage has targets.
    pub target: Option<&'a Target>,
}

/// Functions that need nothing but their arguments, and the time.
#[must_use]
pub fn utilities(now: Timestamp) -> Env {
    let env = Env::new().at(now);
    let env = quoting::with_functions(env);
    semver::with_functions(env)
}

/// [`utilities`], and what can be known of Freight, Stages, `ConfigMaps` and Secrets of the project.
#[must_use]
pub fn surroundings(now: Timestamp, freight: &[FreightReference], facts: &Facts) -> Env {
    let env = utilities(now);
    let env = freight::with_functions(env, freight);
    data::with_functions(env, facts)
}
