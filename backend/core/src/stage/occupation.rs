//! Which Freight runs in a Stage, told to the Freight itself.

use argosy_api::stage_status::StageStatus;
use argosy_api::{Freight, GoDuration, Stage};

use super::{Order, Seen};

/// Orders what makes every Freight's own account agree with the Stage's: who came, who left, who
/// is verified.
pub(super) fn follow(seen: &Seen<'_>, status: &StageStatus, orders: &mut Vec<Order>) {
    let stage = seen.stage_name();
    let current = status.freight_history.first();
    let runs = |freight: &Freight| {
        current.is_some_and(|collection| {
            collection
                .items
                .values()
                .any(|item| Some(&item.name) == freight.metadata.name.as_ref())
        })
    };
    let verified_at = super::verification::verified_at(status);
    for freight in seen.freight {
        let name = freight.metadata.name.clone().unwrap_or_default();
        let account = freight.status.clone().unwrap_or_default();
        match (runs(freight), account.currently_in.get(stage)) {
            (true, None) => orders.push(Order::Enter {
                freight: name.clone(),
                since: seen.now,
            }),
            (false, Some(stay)) => {
                let since = stay.since.as_ref().map_or(seen.now, |since| since.0);
                let stayed = GoDuration::from_signed(seen.now.duration_since(since));
                let longest_soak = account
                    .verified_in
                    .get(stage)
                    .map(|verified| verified.longest_soak.unwrap_or_default().max(stayed));
                orders.push(Order::Leave {
                    freight: name.clone(),
                    longest_soak,
                });
            }
            (true, Some(_)) | (false, None) => {}
        }
        if let Some(at) = verified_at
            && runs(freight)
            && !account.verified_in.contains_key(stage)
        {
            orders.push(Order::Verify { freight: name, at });
        }
    }
}

/// One line on what runs in the Stage: the Freight's name where one origin is asked for, else how
/// many of the origins are there.
pub(super) fn summary(stage: &Stage, status: &StageStatus) -> String {
    let requested = stage.spec.requested_freight.len();
    let items = status
        .freight_history
        .first()
        .map(|collection| &collection.items);
    if requested == 1
        && let Some(only) = items.and_then(|items| items.values().next())
    {
        return only.name.clone();
    }
    format!(
        "{}/{requested} Fulfilled",
        items.map_or(0, |items| items.len())
    )
}
