//! What Freight must be to move: made of the artifacts of a Warehouse that is there.
//!
//! A Warehouse's own Freight is always right. A person's may not be.

use argosy_api::freight::FreightStatus;
use argosy_api::{Freight, Warehouse, condition, reasons};
use jiff::Timestamp;

use crate::said::Said;
use crate::{Refusal, urls};

/// Why Freight may not move, or nothing where it may. `twin` is other Freight of the same
/// artifacts.
pub fn refusal(
    freight: &Freight,
    warehouse: Option<&Warehouse>,
    twin: Option<&str>,
) -> Option<Refusal> {
    let origin = &freight.origin;
    let Some(warehouse) = warehouse else {
        let message = format!("origin: {origin} is not there");
        return Some(Refusal::new(reasons::INVALID, message));
    };
    if let Some(twin) = twin.filter(|twin| Some(*twin) < freight.metadata.name.as_deref()) {
        let message = format!("Freight {twin} is made of the same artifacts; promote that");
        return Some(Refusal::new(reasons::ALREADY_EXISTS, message));
    }
    let mut unmatched: Vec<_> = wanted(warehouse);
    for artifact in given(freight) {
        let Some(at) = unmatched.iter().position(|it| *it == artifact) else {
            let message = format!("{origin} does not subscribe to {artifact}, or only once");
            return Some(Refusal::new(reasons::INVALID, message));
        };
        unmatched.swap_remove(at);
    }
    let missing = unmatched.first()?;
    let message = format!("{origin} subscribes to {missing}, of which the Freight has nothing");
    Some(Refusal::new(reasons::INVALID, message))
}

/// Whether Freight was found to be wrong.
pub fn is_refused(freight: &Freight) -> bool {
    why_refused(freight).is_some()
}

/// What was found to be wrong with Freight.
pub fn why_refused(freight: &Freight) -> Option<&str> {
    let valid = condition::find(&freight.status.as_ref()?.conditions, condition::VALID)?;
    (valid.status == condition::FALSE).then_some(valid.message.as_str())
}

/// The Freight's new status.
pub fn status(freight: &Freight, refusal: Option<&Refusal>, now: Timestamp) -> FreightStatus {
    let mut status = freight.status.clone().unwrap_or_default();
    match refusal {
        Some(Refusal { reason, message }) => {
            Said::new(condition::VALID, condition::FALSE, *reason, message).put(
                &mut status.conditions,
                freight.metadata.generation,
                now,
            );
        }
        None => condition::remove(&mut status.conditions, condition::VALID),
    }
    status
}

fn wanted(warehouse: &Warehouse) -> Vec<String> {
    warehouse
        .spec
        .subscriptions
        .iter()
        .filter_map(|it| {
            let git = it.git.as_ref().map(|it| commit(&it.repo_url));
            let image = it.image.as_ref().map(|it| image(&it.repo_url));
            let chart = it
                .chart
                .as_ref()
                .map(|it| chart(&it.repo_url, it.name.as_deref()));
            git.or(image).or(chart)
        })
        .collect()
}

fn given(freight: &Freight) -> Vec<String> {
    let commits = freight.commits.iter().map(|it| commit(&it.repo_url));
    let images = freight.images.iter().map(|it| image(&it.repo_url));
    let charts = freight
        .charts
        .iter()
        .map(|it| chart(&it.repo_url, it.name.as_deref()));
    commits.chain(images).chain(charts).collect()
}

fn commit(repository: &str) -> String {
    format!("commits of {}", urls::normalize_git(repository))
}

fn image(repository: &str) -> String {
    format!("images of {}", urls::normalize_image(repository))
}

fn chart(repository: &str, name: Option<&str>) -> String {
    let repository = urls::normalize_chart(repository);
    name.map_or_else(
        || format!("charts of {repository}"),
        |name| format!("charts {name} of {repository}"),
    )
}
