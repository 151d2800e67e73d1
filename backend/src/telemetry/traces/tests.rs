use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value, json};

use super::*;
use crate::secret::Secret;

type Posts = Arc<Mutex<Vec<(Value, HeaderMap)>>>;

async fn collect(State(posts): State<Posts>, headers: HeaderMap, body: axum::Json<Value>) {
    posts.lock().unwrap().push((body.0, headers));
}

fn promotion() -> Promotion {
    serde_json::from_value(json!({
        "metadata": { "name": "dev.1", "namespace": "shop", "uid": "42c1b467-5575-4cba-bfaf-54d12b159faa" },
        "spec": { "stage": "dev", "freight": "a", "steps": [] },
        "status": {
            "phase": "Failed", "message": "the branch is protected",
            "startedAt": "2026-11-23T11:41:40Z", "finishedAt": "2026-11-23T11:41:43Z",
        },
    }))
    .unwrap()
}

fn step() -> EndedStep<'static> {
    EndedStep {
        alias: "push",
        uses: "git-push",
        index: 2,
        began: "2026-11-23T11:41:41.5Z".parse().unwrap(),
        ended: "2026-11-23T11:41:42.75Z".parse().unwrap(),
        status: "Failed",
        problem: Some("the branch is protected"),
    }
}

#[tokio::test]
async fn a_promotion_arrives_as_one_trace() {
    let posts = Posts::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new()
        .route("/v1/traces", post(collect))
        .with_state(Arc::clone(&posts));
    let server = tokio::spawn(async { axum::serve(listener, router).await });
    let headers = vec![("authorization".to_owned(), Secret::new("Bearer x"))];
    let (traces, sending) = Traces::new(Collector {
        endpoint,
        headers,
        service: "argosy".into(),
    });
    let promotion = promotion();
    traces.step_ended(&promotion, step());
    traces.promotion_ended(&promotion, promotion.status.as_ref().unwrap());
    drop(traces);
    sending.await;
    server.abort();

    let posts = posts.lock().unwrap();
    let [(body, headers)] = posts.as_slice() else {
        panic!("{} posts", posts.len())
    };
    assert_eq!(headers["authorization"], "Bearer x");
    let resource = &body["resourceSpans"][0];
    assert_eq!(
        resource["resource"]["attributes"][0]["value"]["stringValue"],
        "argosy"
    );
    let spans = &resource["scopeSpans"][0]["spans"];
    let (step, root) = (&spans[0], &spans[1]);
    assert_eq!(step["traceId"], "42c1b46755754cbabfaf54d12b159faa");
    assert_eq!(
        (&root["traceId"], &root["spanId"]),
        (&step["traceId"], &step["parentSpanId"])
    );
    assert_eq!(step["startTimeUnixNano"], "1795434101500000000");
    assert_eq!(root["endTimeUnixNano"], "1795434103000000000");
    assert_eq!(
        root["status"],
        json!({ "code": 2, "message": "the branch is protected" })
    );
    assert_eq!(step["name"], "step git-push");
}

#[test]
fn a_promotion_that_runs_is_not_told_and_two_tries_of_a_step_are_two_spans() {
    let (queue, mut waiting) = mpsc::channel(8);
    let traces = Traces(Some(queue));
    let mut running = promotion();
    running.status.as_mut().unwrap().phase = Some(PromotionPhase::Running);
    traces.promotion_ended(&running, running.status.as_ref().unwrap());
    assert!(waiting.try_recv().is_err());
    traces.step_ended(&running, step());
    traces.step_ended(
        &running,
        EndedStep {
            began: step().ended,
            ..step()
        },
    );
    let (first, second) = (waiting.try_recv().unwrap(), waiting.try_recv().unwrap());
    assert!(first.id != second.id && first.parent == second.parent && first.parent.is_some());
}
