use argosy_api::promotion::PromotionPhase;
use serde_json::{Value, json};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn steps(yaml: &str) -> Vec<PromotionStep> {
    yaml_serde::from_str(yaml).unwrap()
}

/// Drives a promotion: `outcome(alias, attempt)` says what comes of each run. Each move takes a second, rests are slept.
fn drive(steps: &[PromotionStep], outcome: impl Fn(&str, usize) -> Outcome) -> PromotionStatus {
    let mut now = 0;
    let mut runs: Vec<String> = Vec::new();
    let mut recorded = Recorded {
        status: begin(&PromotionStatus::default(), at(now)),
        not_before: None,
    };
    for _ in 0..100 {
        now += 1;
        let seen = Seen {
            now: at(now),
            steps,
            status: &recorded.status,
            not_before: recorded.not_before,
            driven_since: at(0),
        };
        let (index, outcome) = match decide(&seen) {
            Next::Begin(index) => (index, begun(&steps[index])),
            Next::Skip(index) => (index, Outcome::Skipped),
            Next::Expire(index) => (index, Outcome::TimedOut),
            Next::Wait(until) => {
                now = until.as_second() - at(0).as_second();
                continue;
            }
            Next::Finish(verdict) => return finish(&recorded.status, &verdict, at(now)),
            Next::Run(index) => {
                let alias = alias_of(index, &steps[index]);
                runs.push(alias.clone());
                (
                    index,
                    outcome(&alias, runs.iter().filter(|run| **run == alias).count()),
                )
            }
        };
        recorded = record(&recorded.status, (index, &steps[index]), &outcome, at(now));
    }
    panic!("the promotion does not end: {:?}", recorded.status);
}

/// In these tests an `if` is a word.
fn begun(step: &PromotionStep) -> Outcome {
    match step.condition.as_deref() {
        None | Some("yes") => Outcome::Started,
        Some("no") => Outcome::Skipped,
        Some(reason) => Outcome::ConditionFault(reason.to_owned()),
    }
}

fn ran() -> Outcome {
    Outcome::Ran(Ran::succeeded())
}

/// Phase, message, and for each step its status.
fn check(
    status: &PromotionStatus,
    phase: PromotionPhase,
    message: Option<&str>,
    want: &[(&str, StepStatus)],
) {
    let entries = status.step_execution_metadata.iter();
    let have: Vec<_> = entries
        .map(|entry| (entry.alias.as_str(), entry.status.unwrap()))
        .collect();
    assert_eq!(
        (status.phase, status.message.as_deref()),
        (Some(phase), message)
    );
    assert_eq!(have, want);
}

#[test]
fn a_step_after_a_failure_is_passed_over_unless_its_if_says_yes() {
    let steps = steps(
        "[{uses: fail, as: a}, {uses: copy}, {uses: copy, as: c, if: yes}, {uses: copy, as: d, if: 'no'}]",
    );
    let status = drive(&steps, |alias, _| match alias {
        "a" => Outcome::Faulted(Fault::failed("failed: boom")),
        _ => ran(),
    });
    let want = [
        ("a", StepStatus::Failed),
        ("step-2", StepStatus::Skipped),
        ("c", StepStatus::Succeeded),
        ("d", StepStatus::Skipped),
    ];
    check(
        &status,
        PromotionPhase::Failed,
        Some(r#"step "a": failed: boom"#),
        &want,
    );
    assert_eq!(status.current_step, 3);
    let skipped = &status.step_execution_metadata[1];
    assert_eq!((&skipped.started_at, &skipped.finished_at), (&None, &None));
}

#[test]
fn a_step_that_may_fail_does_not_count() {
    let steps = steps("[{uses: fail, as: a, continueOnError: true}, {uses: copy, as: b}]");
    let status = drive(&steps, |alias, _| match alias {
        "a" => Outcome::Faulted(Fault::failed("failed")),
        _ => ran(),
    });
    let want = [("a", StepStatus::Failed), ("b", StepStatus::Succeeded)];
    check(&status, PromotionPhase::Succeeded, None, &want);
}

#[test]
fn errored_is_worse_than_failed() {
    let steps = steps(
        "[{uses: fail, as: a}, {uses: copy, as: b, if: yes}, {uses: copy, as: c, if: 'yes'}]",
    );
    let status = drive(&steps, |alias, _| match alias {
        "a" => Outcome::Faulted(Fault::failed("failed")),
        "b" => Outcome::Faulted(Fault::broken("torn")),
        _ => Outcome::ConfigFault("no such variable".to_owned()),
    });
    let want = [
        ("a", StepStatus::Failed),
        ("b", StepStatus::Errored),
        ("c", StepStatus::Errored),
    ];
    check(
        &status,
        PromotionPhase::Errored,
        Some(r#"step "b" cannot go on: torn"#),
        &want,
    );
}

#[test]
fn errors_are_retried_until_the_threshold() {
    let steps = steps("[{uses: copy, as: a, retry: {errorThreshold: 3}}]");
    let status = drive(&steps, |_, _| Outcome::Faulted(Fault::errored("away")));
    let message = r#"step "a" met error threshold of 3: error running step "a": away"#;
    check(
        &status,
        PromotionPhase::Errored,
        Some(message),
        &[("a", StepStatus::Errored)],
    );
    assert_eq!(status.step_execution_metadata[0].error_count, 3);
    // It starts in the first second, is tried in the second, rests one, is tried, rests two.
    let started = status.step_execution_metadata[0]
        .started_at
        .as_ref()
        .unwrap()
        .0;
    let finished = status.step_execution_metadata[0]
        .finished_at
        .as_ref()
        .unwrap()
        .0;
    assert_eq!(finished.as_second() - started.as_second(), 5);
}

#[test]
fn a_retry_may_help() {
    let steps = steps("[{uses: copy, as: a, retry: {errorThreshold: 2}}]");
    let status = drive(&steps, |_, attempt| match attempt {
        1 => Outcome::Faulted(Fault::refused("not yet")),
        _ => ran(),
    });
    check(
        &status,
        PromotionPhase::Succeeded,
        None,
        &[("a", StepStatus::Succeeded)],
    );
    assert_eq!(status.step_execution_metadata[0].error_count, 1);
}

#[test]
fn a_refusal_that_may_change_is_not_asked_for_ever() {
    let steps = steps("[{uses: copy, as: a}]");
    let status = drive(&steps, |_, _| Outcome::Faulted(Fault::refused("404")));
    let message = r#"step "a" met error threshold of 1: error running step "a": 404"#;
    check(
        &status,
        PromotionPhase::Failed,
        Some(message),
        &[("a", StepStatus::Failed)],
    );
}

#[test]
fn a_step_that_waits_is_timed_out() {
    let steps = steps("[{uses: argocd-update, as: sync}]");
    let wait = Ran::running(
        jiff::SignedDuration::from_mins(2),
        "waiting for the sync of argocd/app",
    );
    let status = drive(&steps, |_, _| Outcome::Ran(wait.clone()));
    let message = r#"step "sync" timed out after 5m0s: waiting for the sync of argocd/app"#;
    check(
        &status,
        PromotionPhase::Errored,
        Some(message),
        &[("sync", StepStatus::Errored)],
    );
}

#[test]
fn a_wait_says_what_for_and_until_when() {
    let steps = steps("[{uses: argocd-update, as: sync}]");
    let started = record(
        &PromotionStatus::default(),
        (0, &steps[0]),
        &Outcome::Started,
        at(0),
    );
    let wait = Outcome::Ran(Ran::running(jiff::SignedDuration::from_secs(30), "waiting"));
    let waiting = record(&started.status, (0, &steps[0]), &wait, at(1));
    assert_eq!(waiting.not_before, Some(at(31)));
    assert_eq!(
        waiting.status.message.as_deref(),
        Some("waiting; next attempt at 08:00:31 UTC")
    );
    let seen = Seen {
        now: at(2),
        steps: &steps,
        status: &waiting.status,
        not_before: waiting.not_before,
        driven_since: at(0),
    };
    assert_eq!(decide(&seen), Next::Wait(at(31)));
    // A restart forgets the rest and asks at once.
    assert_eq!(
        decide(&Seen {
            not_before: None,
            ..seen
        }),
        Next::Run(0)
    );
}

#[test]
fn a_condition_that_cannot_be_evaluated_is_an_error() {
    let steps = steps("[{uses: copy, as: a, if: 'must be a boolean'}, {uses: copy, as: b}]");
    let status = drive(&steps, |_, _| ran());
    let message = r#"error checking if step "a" should be skipped: must be a boolean"#;
    let want = [("a", StepStatus::Errored), ("b", StepStatus::Skipped)];
    check(&status, PromotionPhase::Errored, Some(message), &want);
}

#[test]
fn outputs_are_kept_by_alias_and_composed_ones_by_task() {
    let steps = steps(
        "[{uses: compose-output, as: 't::a'}, {uses: copy, as: 't::b'}, {uses: compose-output, as: 't::c'}]",
    );
    let status = drive(&steps, |alias, _| {
        Outcome::Ran(Ran::succeeded().with_output("last", alias))
    });
    let want = json!({
        "t::a": {"last": "t::a"}, "t": {"last": "t::c"}, "t::b": {"last": "t::b"}, "t::c": {"last": "t::c"},
    });
    assert_eq!(Value::Object(status.state), want);
}

#[test]
fn an_abort_ends_the_step_in_hand_and_no_other() {
    let steps = steps("[{uses: copy, as: a}, {uses: copy, as: b}, {uses: copy, as: c}]");
    let mut status = begin(&PromotionStatus::default(), at(0));
    for (index, outcome) in [(0, Outcome::Started), (0, ran()), (1, Outcome::Started)] {
        status = record(&status, (index, &steps[index]), &outcome, at(1)).status;
    }
    let status = abort(&status, "aborted by alice", at(2));
    let want = [("a", StepStatus::Succeeded), ("b", StepStatus::Aborted)];
    check(
        &status,
        PromotionPhase::Aborted,
        Some("aborted by alice"),
        &want,
    );
}

#[test]
fn a_promotion_goes_on_where_it_was_left() {
    let steps = steps("[{uses: copy, as: a}, {uses: copy, as: b, retry: {errorThreshold: 2}}]");
    let mut status = begin(&PromotionStatus::default(), at(0));
    let next = |status: &PromotionStatus| {
        decide(&Seen {
            now: at(9),
            steps: &steps,
            status,
            not_before: None,
            driven_since: at(0),
        })
    };
    let moves = [
        (Next::Begin(0), Outcome::Started),
        (Next::Run(0), ran()),
        (Next::Begin(1), Outcome::Started),
        (Next::Run(1), Outcome::Faulted(Fault::errored("away"))),
        (Next::Run(1), ran()),
    ];
    for (move_, outcome) in moves {
        assert_eq!(next(&status), move_);
        let (Next::Begin(index) | Next::Run(index)) = move_ else {
            panic!("not a move on a step")
        };
        let stored =
            serde_json::to_value(record(&status, (index, &steps[index]), &outcome, at(3)).status)
                .unwrap();
        status = serde_json::from_value(stored).unwrap();
    }
    assert_eq!(
        next(&status),
        Next::Finish(Verdict {
            phase: PromotionPhase::Succeeded,
            message: None
        })
    );
}

#[test]
fn time_in_which_nobody_drives_does_not_count() {
    let steps = steps("[{uses: copy, as: a, retry: {timeout: 1m}}]");
    let status = record(
        &PromotionStatus::default(),
        (0, &steps[0]),
        &Outcome::Started,
        at(0),
    )
    .status;
    let next = |driven_since, now| {
        decide(&Seen {
            now: at(now),
            steps: &steps,
            status: &status,
            not_before: None,
            driven_since: at(driven_since),
        })
    };
    assert_eq!(next(0, 60), Next::Run(0));
    assert_eq!(next(0, 61), Next::Expire(0));
    assert_eq!(next(600, 601), Next::Run(0));
    assert_eq!(next(600, 661), Next::Expire(0));
}
