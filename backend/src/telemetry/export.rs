//! Sends spans to a collector: OTLP over HTTP, as JSON. Nothing else depends on how.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::chain;
use super::traces::{Collector, Span};
use crate::version;

/// So many spans in one request at most.
const BATCH: usize = 256;
/// How long the first span of a batch waits for others.
const LINGER: Duration = Duration::from_secs(1);
/// A collector that takes longer is away.
const TIMEOUT: Duration = Duration::from_secs(10);
/// OTLP's code for a span that went wrong.
const ERROR: u8 = 2;
/// OTLP's kind of a span that neither serves nor calls.
const INTERNAL: u8 = 1;

pub(super) async fn send(collector: Collector, mut waiting: mpsc::Receiver<Span>) {
    crate::tls::use_ring();
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            return tracing::error!(error = %chain(&error), "cannot send traces");
        }
    };
    let mut away = false;
    while let Some(first) = waiting.recv().await {
        let mut batch = vec![first];
        let linger = tokio::time::sleep(LINGER);
        tokio::pin!(linger);
        while batch.len() < BATCH {
            tokio::select! {
                span = waiting.recv() => match span {
                    Some(span) => batch.push(span),
                    None => break,
                },
                () = &mut linger => break,
            }
        }
        match post(&client, &collector, &batch).await {
            Ok(()) => away = false,
            // Once for each time it goes away; spans are lost meanwhile, which harms nothing.
            Err(error) if !away => {
                away = true;
                tracing::warn!(error = %chain(&error), "cannot send traces to the collector");
            }
            Err(_) => {}
        }
    }
}

async fn post(
    client: &reqwest::Client,
    collector: &Collector,
    spans: &[Span],
) -> reqwest::Result<()> {
    let address = format!("{}/v1/traces", collector.endpoint.trim_end_matches('/'));
    let mut request = client.post(address).json(&body(&collector.service, spans));
    for (name, value) in &collector.headers {
        request = request.header(name, value.expose());
    }
    // The address may hold credentials, and errors are logged.
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    answer
        .error_for_status()
        .map_err(reqwest::Error::without_url)?;
    Ok(())
}

fn body(service: &str, spans: &[Span]) -> Value {
    let resource = [
        ("service.name", service),
        ("service.version", version::VERSION),
    ];
    json!({
        "resourceSpans": [{
            "resource": { "attributes": attributes(resource) },
            "scopeSpans": [{
                "scope": { "name": "argosy", "version": version::VERSION },
                "spans": spans.iter().map(span).collect::<Vec<_>>(),
            }],
        }],
    })
}

fn span(span: &Span) -> Value {
    let Span {
        trace,
        id,
        parent,
        name,
        began,
        ended,
        attributes: facts,
        problem,
    } = span;
    let facts = facts.iter().map(|(key, value)| (*key, value.as_str()));
    let mut value = json!({
        "traceId": hex(trace),
        "spanId": hex(id),
        "name": name,
        "kind": INTERNAL,
        "startTimeUnixNano": nanoseconds(*began),
        "endTimeUnixNano": nanoseconds(*ended),
        "attributes": attributes(facts),
    });
    if let Some(parent) = parent {
        value["parentSpanId"] = hex(parent).into();
    }
    if let Some(message) = problem {
        value["status"] = json!({ "code": ERROR, "message": message });
    }
    value
}

fn attributes<'a>(facts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    facts
        .map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } }))
        .collect()
}

/// As text, because JSON numbers end at 2^53.
fn nanoseconds(at: Timestamp) -> String {
    at.as_nanosecond().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
