//! What each kind is found by. An index key is unique within a project, so it begins with the namespace.

use argosy_api::promotion::PromotionPhase;
use argosy_api::{Freight, Promotion, Stage, Warehouse};
use kube::Resource;

use crate::argocd::application::Application;
use crate::cache::{Index, scoped};

pub(super) static FREIGHT_FROM: Index<Freight> = Index {
    name: "warehouse",
    keys: |freight| vec![within(freight, &freight.origin.name)],
};

pub(super) static FREIGHT_IN: Index<Freight> = Index {
    name: "currently in",
    keys: |freight| {
        let stages = freight
            .status
            .iter()
            .flat_map(|status| status.currently_in.keys());
        stages.map(|stage| within(freight, stage)).collect()
    },
};

pub(super) static FREIGHT_VERIFIED_IN: Index<Freight> = Index {
    name: "verified in",
    keys: |freight| {
        let stages = freight
            .status
            .iter()
            .flat_map(|status| status.verified_in.keys());
        stages.map(|stage| within(freight, stage)).collect()
    },
};

pub(super) static FREIGHT_APPROVED_FOR: Index<Freight> = Index {
    name: "approved for",
    keys: |freight| {
        let stages = freight
            .status
            .iter()
            .flat_map(|status| status.approved_for.keys());
        stages.map(|stage| within(freight, stage)).collect()
    },
};

pub(super) static PROMOTIONS_OF: Index<Promotion> = Index {
    name: "stage",
    keys: |promotion| vec![within(promotion, &promotion.spec.stage)],
};

pub(super) static PROMOTIONS_OF_FREIGHT: Index<Promotion> = Index {
    name: "stage and freight",
    keys: |promotion| {
        let freight = promotion.spec.freight.iter();
        freight
            .map(|freight| within(promotion, &both(&promotion.spec.stage, freight)))
            .collect()
    },
};

pub(super) static PROMOTIONS_UNFINISHED: Index<Promotion> = Index {
    name: "unfinished",
    keys: |promotion| {
        let phase = promotion.status.as_ref().and_then(|status| status.phase);
        if phase.is_some_and(PromotionPhase::is_terminal) {
            return Vec::new();
        }
        vec![within(promotion, &promotion.spec.stage)]
    },
};

pub(super) static STAGES_OF: Index<Stage> = Index {
    name: "warehouse",
    keys: |stage| {
        let requests = stage.spec.requested_freight.iter();
        requests
            .map(|request| within(stage, &request.origin.name))
            .collect()
    },
};

pub(super) static STAGES_AFTER: Index<Stage> = Index {
    name: "upstream stage",
    keys: |stage| {
        let requests = stage.spec.requested_freight.iter();
        let upstream = requests.flat_map(|request| &request.sources.stages);
        upstream.map(|upstream| within(stage, upstream)).collect()
    },
};

pub(super) static STAGES_WITH: Index<Stage> = Index {
    name: "current freight",
    keys: |stage| {
        let current = stage
            .status
            .iter()
            .filter_map(|status| status.freight_history.first());
        let members = current.flat_map(|collection| collection.items.values());
        members.map(|member| within(stage, &member.name)).collect()
    },
};

pub(super) static WAREHOUSES_SUBSCRIBED: Index<Warehouse> = Index {
    name: "subscribed address",
    keys: |warehouse| {
        let mut addresses = Vec::new();
        for subscription in &warehouse.spec.subscriptions {
            addresses.extend(subscription.git.iter().map(|git| git.repo_url.clone()));
            addresses.extend(
                subscription
                    .image
                    .iter()
                    .map(|image| image.repo_url.clone()),
            );
            addresses.extend(
                subscription
                    .chart
                    .iter()
                    .map(|chart| chart.repo_url.clone()),
            );
        }
        addresses
    },
};

pub(super) static APPLICATIONS_OF: Index<Application> = Index {
    name: "authorized stage",
    keys: |application| application.authorized_stages().map(str::to_owned).collect(),
};

/// Stage and freight as one key; neither name can hold a colon.
pub(super) fn both(stage: &str, freight: &str) -> String {
    format!("{stage}:{freight}")
}

fn within<K: Resource>(object: &K, key: &str) -> String {
    scoped(object.meta().namespace.as_deref().unwrap_or_default(), key)
}
