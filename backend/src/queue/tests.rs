use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("not yet")]
struct NotYet;

fn queue() -> Queue<&'static str> {
    Queue::default()
}

#[tokio::test]
async fn a_key_waits_once_and_the_earliest_time_wins() {
    let queue = queue();
    let began = Instant::now();
    queue.add_after("a", Duration::from_secs(600));
    queue.add_after("a", Duration::from_millis(50));
    queue.add_after("a", Duration::from_secs(300));
    assert_eq!(queue.next().await, "a");
    let waited = began.elapsed();
    assert!(
        Duration::from_millis(50) <= waited && waited < Duration::from_secs(300),
        "{waited:?}"
    );
    queue.done(&"a", Some(Again::Rest));
    assert!(queue.lock().entries.is_empty() && queue.lock().due.is_empty());
}

#[tokio::test]
async fn a_key_that_changes_while_it_is_worked_on_comes_again_afterwards() {
    let queue = queue();
    queue.add("a");
    assert_eq!(queue.next().await, "a");
    queue.add("a");
    queue.add("b");
    assert_eq!(queue.next().await, "b", "`a` is with a worker");
    queue.done(&"a", Some(Again::Rest));
    assert_eq!(queue.next().await, "a");
}

#[tokio::test]
async fn a_time_far_away_gives_way_to_a_change() {
    let queue = queue();
    queue.add("a");
    queue.next().await;
    queue.done(
        &"a",
        Some(Again::At(Timestamp::now() + Duration::from_secs(600))),
    );
    let began = Instant::now();
    queue.add("a");
    queue.next().await;
    assert!(began.elapsed() < Duration::from_secs(300));
}

#[test]
fn delays_double_up_to_a_bound_and_are_spread() {
    let within = |failures, least, most| {
        let delay = retry_delay(failures).as_millis();
        assert!(
            (least..=most).contains(&delay),
            "{failures} failures: {delay} ms"
        );
    };
    within(1, 80, 120);
    within(4, 640, 960);
    within(40, 48_000, 72_000);
}

#[tokio::test]
async fn a_failure_or_panic_is_tried_again_and_does_not_stop_the_others() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let (queue, stop) = (queue(), CancellationToken::new());
    queue.add("odd");
    queue.add("even");
    let seen: Arc<Mutex<Vec<&str>>> = Arc::default();
    let controller = Controller {
        name: "test",
        concurrency: 1,
        timeout: Some(Duration::from_millis(50)),
    };
    let metrics = Metrics::default();
    controller
        .drive(&metrics, &queue, stop.clone(), |key| {
            let (seen, stop) = (Arc::clone(&seen), stop.clone());
            async move {
                if key == "odd" {
                    match TRIES.fetch_add(1, Ordering::Relaxed) {
                        0 => panic!("a defect"),
                        1 => return Err(NotYet),
                        2 => std::future::pending().await,
                        _ => stop.cancel(),
                    }
                }
                seen.lock().unwrap().push(key);
                Ok(Again::Rest)
            }
        })
        .await;
    assert_eq!(seen.lock().unwrap()[0], "even", "`odd` was in its way");
    assert_eq!(TRIES.load(Ordering::Relaxed), 4);
    let text = metrics.render();
    for outcome in ["panicked", "failed", "timed_out"] {
        let line = format!(r#"argosy_reconciles_total{{controller="test",outcome="{outcome}"}} 1"#);
        assert!(
            text.contains(&line),
            "{line} is missing in
{text}"
        );
    }
}

#[tokio::test]
async fn no_more_keys_are_worked_on_than_allowed_and_none_twice_at_a_time() {
    let (queue, stop) = (Queue::<usize>::default(), CancellationToken::new());
    (0..20).for_each(|key| queue.add(key));
    let state: Arc<Mutex<(Vec<usize>, usize, usize)>> = Arc::default();
    let controller = Controller {
        name: "test",
        concurrency: 3,
        timeout: None,
    };
    let metrics = Metrics::default();
    controller
        .drive(&metrics, &queue, stop.clone(), |key| {
            let (state, stop, queue) = (Arc::clone(&state), stop.clone(), queue.clone());
            async move {
                {
                    let mut state = state.lock().unwrap();
                    assert!(!state.0.contains(&key), "{key} is with two workers");
                    state.0.push(key);
                    state.1 = state.1.max(state.0.len());
                }
                queue.add(key);
                tokio::time::sleep(Duration::from_millis(10)).await;
                let mut state = state.lock().unwrap();
                state.0.retain(|other| *other != key);
                state.2 += 1;
                if state.2 == 60 {
                    stop.cancel();
                }
                Ok::<_, NotYet>(Again::Rest)
            }
        })
        .await;
    assert_eq!(state.lock().unwrap().1, 3);
}

#[test]
fn a_conflict_is_found_at_the_end_of_the_chain() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot write the status")]
    struct Write(#[source] kube::Error);
    let status = |reason: &str| {
        kube::core::Status::failure("the object has been modified", reason)
            .with_code(409)
            .boxed()
    };
    assert!(is_conflict(&Write(kube::Error::Api(status("Conflict")))));
    assert!(!is_conflict(&Write(kube::Error::Api(status(
        "AlreadyExists"
    )))));
}
