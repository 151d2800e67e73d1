//! Writes events, one after the other.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event as Written, EventSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::mpsc;

use super::Event;
use super::flow::{Flow, Verdict, content};
use crate::metrics::Metrics;
use crate::telemetry::chain;

/// An event that the API server does not take within this time is given up.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Room for the object's name, so that with a dot and 16 digits it is no longer than names may be.
const NAME: usize = 253 - 17;

pub(super) async fn write(client: Client, mut waiting: mpsc::Receiver<Event>, metrics: Metrics) {
    let mut flow = Flow::default();
    while let Some(event) = waiting.recv().await {
        let verdict = flow.judge(&event, Instant::now());
        let written =
            tokio::time::timeout(TIMEOUT, carry_out(&client, &mut flow, &event, verdict)).await;
        let result = match written {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => {
                tracing::debug!(error = %chain(&error), reason = event.reason, "cannot write an event");
                "refused"
            }
            Err(_elapsed) => "refused",
        };
        metrics.event(result);
    }
}

async fn carry_out(
    client: &Client,
    flow: &mut Flow,
    event: &Event,
    verdict: Verdict,
) -> Result<&'static str, kube::Error> {
    let namespace = event
        .about
        .namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty());
    // Events about cluster-scoped objects live here by convention.
    let namespace = namespace.unwrap_or("default");
    let api: Api<Written> = Api::namespaced(client.clone(), namespace);
    let now = Timestamp::now();
    match verdict {
        Verdict::Drop => return Ok("dropped"),
        Verdict::Merge { name, count } => {
            let patch = json!({ "count": count, "lastTimestamp": Time(now) });
            match api
                .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
                .await
            {
                Ok(_) => return Ok("merged"),
                Err(kube::Error::Api(status)) if status.code == 404 => flow.lost(event),
                Err(error) => return Err(error),
            }
        }
        Verdict::Write => {}
    }
    let new = written(event, namespace, now);
    match api.create(&PostParams::default(), &new).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if event.once && status.code == 409 => return Ok("merged"),
        Err(error) => return Err(error),
    }
    flow.wrote(
        event,
        new.metadata.name.as_deref().unwrap_or_default(),
        Instant::now(),
    );
    Ok("written")
}

fn written(event: &Event, namespace: &str, now: Timestamp) -> Written {
    let Event {
        about,
        level,
        reason,
        message,
        source,
        annotations,
        once,
    } = event;
    let name: String = about
        .name
        .iter()
        .flat_map(|name| name.chars())
        .take(NAME)
        .collect();
    // Two replicas find the same digits for the same event.
    let digits = if *once {
        i128::from(content(event))
    } else {
        now.as_nanosecond()
    };
    Written {
        metadata: ObjectMeta {
            name: Some(format!("{}.{digits:x}", name.trim_end_matches(['.', '-']))),
            namespace: Some(namespace.to_owned()),
            annotations: Some(annotations.clone()),
            ..ObjectMeta::default()
        },
        involved_object: about.clone(),
        type_: Some(level.as_str().to_owned()),
        reason: Some((*reason).to_owned()),
        message: Some(message.clone()),
        count: Some(1),
        first_timestamp: Some(Time(now)),
        last_timestamp: Some(Time(now)),
        reporting_component: Some((*source).to_owned()),
        reporting_instance: Some(String::new()),
        source: Some(EventSource {
            component: Some((*source).to_owned()),
            host: None,
        }),
        ..Written::default()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    #[test]
    fn a_name_is_that_of_the_object_and_never_too_long() {
        let mut about = ConfigMap::default();
        about.metadata.name = Some("a".repeat(253));
        let event = Event::normal(&about, "stage-controller", "Odd", "something");
        let now: Timestamp = "2026-11-23T11:42:02Z".parse().unwrap();
        let written = written(&event, "team", now);
        let name = written.metadata.name.unwrap();
        assert_eq!(name.len(), 253);
        assert!(name.ends_with(".18eaa9d2436ce400"), "{name}");
        assert_eq!(
            written.source.unwrap().component.as_deref(),
            Some("stage-controller")
        );
    }
}
