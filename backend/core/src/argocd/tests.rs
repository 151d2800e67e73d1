use serde_json::json;

use super::*;
use crate::steps::argocd_update::{Config, Source, parse};

/// The updates of the first app of a step's configuration.
fn updates(yaml: &str) -> Vec<Source> {
    let sources: Value = yaml_serde::from_str(yaml).unwrap();
    let config = json!({ "apps": [{ "name": "a", "sources": sources }] });
    let Config { apps } = parse(&config).unwrap();
    apps.into_iter().flat_map(|app| app.sources).collect()
}

fn changed(application: &Value, yaml: &str) -> Result<Change, String> {
    let updates = updates(yaml);
    change(application, &updates.iter().collect::<Vec<_>>())
}

#[test]
fn a_stage_is_let_in_by_its_exact_name() {
    let check = |annotation, want| {
        assert_eq!(
            is_authorized(annotation, "shop", "dev").ok(),
            want,
            "{annotation:?}"
        )
    };
    check(None, Some(false));
    check(Some("shop:dev"), Some(true));
    check(Some("shop:test, shop:dev"), Some(true));
    check(Some("shop:development,x:dev"), Some(false));
    check(Some("shop:*"), None);
    check(Some("shop:dev,other:?"), None);
}

#[test]
fn only_what_is_asked_for_changes() {
    let application = json!({"spec": {"source": {
        "repoURL": "https://git.example.com/a.git", "targetRevision": "main", "path": "x",
        "kustomize": {"namePrefix": "p-", "images": ["old:1"]},
        "helm": {"releaseName": "r", "parameters": [{"name": "a", "value": "1", "forceString": true}]},
    }}});
    let change = changed(&application, "
      - repoURL: https://git.example.com/A
        desiredRevision: abc
        kustomize: {images: [{repoURL: n, newName: m, tag: '1'}, {repoURL: d, digest: 'sha256:1'}, {repoURL: e}]}
        helm: {images: [{key: a, value: '2'}, {key: b, value: '3'}]}
    ").unwrap();
    let want = json!({"source": {
        "repoURL": "https://git.example.com/a.git", "targetRevision": "main", "path": "x",
        "kustomize": {"namePrefix": "p-", "images": ["n=m:1", "d@sha256:1", "e:"]},
        "helm": {"releaseName": "r", "parameters": [
            {"name": "a", "value": "2", "forceString": true}, {"name": "b", "value": "3"},
        ]},
    }});
    assert_eq!(Value::Object(change.spec), want);
    assert_eq!(change.desired, ["abc"]);
}

#[test]
fn a_desired_revision_alone_changes_nothing_but_is_compared() {
    let application = json!({"spec": {"source": {"repoURL": "https://git.example.com/a", "targetRevision": "main"}}});
    let change = changed(
        &application,
        "[{repoURL: 'https://git.example.com/a.git', desiredRevision: abc}]",
    )
    .unwrap();
    assert_eq!(
        (change.spec.len(), change.desired),
        (0, vec!["abc".to_owned()])
    );
}

#[test]
fn one_of_several_sources_is_found_by_repository_or_chart() {
    let application = json!({"spec": {"source": {"repoURL": "ignored"}, "sources": [
        {"repoURL": "https://charts.example.com", "chart": "app", "targetRevision": "1"},
        {"repoURL": "https://git.example.com/a", "targetRevision": "main"},
    ]}});
    let yaml = "[{repoURL: 'https://charts.example.com', chart: app, desiredRevision: '2', updateTargetRevision: true}]";
    let change = changed(&application, yaml).unwrap();
    assert_eq!(change.spec["sources"][0]["targetRevision"], "2");
    assert_eq!(change.spec["sources"][1], application["spec"]["sources"][1]);
    assert_eq!(change.desired, ["2", ""]);
    for yaml in [
        "[{repoURL: 'https://charts.example.com', chart: other}]",
        "[{repoURL: 'https://git.example.com/b'}]",
    ] {
        assert!(changed(&application, yaml).is_err(), "{yaml}");
    }
}

#[test]
fn the_patch_is_that_of_kargo() {
    let application = json!({
        "metadata": {"resourceVersion": "7"},
        "spec": {"syncPolicy": {"syncOptions": ["CreateNamespace=true"], "retry": {"limit": 2}}},
    });
    let initiator = Initiator::Person("alice".to_owned());
    let patch = operation_patch(&application, &Change::default(), "dev.1", &initiator);
    let want = json!({
        "metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}, "resourceVersion": "7"},
        "operation": {
            "initiatedBy": {"username": "alice", "automated": false},
            "info": [
                {"name": "Reason", "value": "Promotion triggered a sync of this Application resource."},
                {"name": "kargo.akuity.io/promotion", "value": "dev.1"},
            ],
            "sync": {"syncOptions": ["CreateNamespace=true"]},
            "retry": {"limit": 2},
        },
        "status": {"operationState": null},
    });
    assert_eq!(patch, want);
}

#[test]
fn operations_are_judged() {
    let of = |promotion: &str, phase: &str, revisions: Option<&[&str]>| Standing {
        promotion: promotion.to_owned(),
        phase: phase.to_owned(),
        message: "because".to_owned(),
        revisions: revisions
            .map(|revisions| revisions.iter().map(|text| (*text).to_owned()).collect()),
        started_at: None,
        asked: None,
    };
    let check = |standing: Standing, desired: &[&str], want: Judgement| {
        let desired: Vec<String> = desired.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(
            judge(&standing, "ours", &desired, None),
            want,
            "{standing:?} {desired:?}"
        );
    };
    let long = "18ba34e7ad8db5affa8d3705d50fb7bf14f09f2c";
    check(Standing::default(), &[], Judgement::Update);
    check(
        Standing {
            asked: Some("ours".to_owned()),
            ..Standing::default()
        },
        &[],
        Judgement::Wait,
    );
    check(of("", "Running", None), &[], Judgement::Wait);
    check(
        of("", "Succeeded", Some(&["abc"])),
        &["abc"],
        Judgement::Update,
    );
    check(of("other", "Terminating", None), &[], Judgement::Wait);
    check(of("other", "Failed", None), &[], Judgement::Update);
    check(of("ours", "Running", None), &[], Judgement::Wait);
    check(of("ours", "Succeeded", None), &[], Judgement::Update);
    check(of("ours", "Succeeded", Some(&[])), &[], Judgement::Synced);
    check(
        of("ours", "Failed", None),
        &["abc"],
        Judgement::Failed("because".to_owned()),
    );
    check(
        of("ours", "Error", Some(&["abc"])),
        &["abc"],
        Judgement::Failed("because".to_owned()),
    );
    check(
        of("ours", "Succeeded", Some(&["abc"])),
        &["abd"],
        Judgement::Missed(vec!["abc".to_owned()]),
    );
    check(
        of("ours", "Succeeded", Some(&["abc", "x"])),
        &["abc", ""],
        Judgement::Synced,
    );
    // The Application has got another source meanwhile.
    check(
        of("ours", "Succeeded", Some(&["abc"])),
        &["abc", ""],
        Judgement::Missed(vec!["abc".to_owned()]),
    );
    check(
        of("ours", "Succeeded", Some(&[long])),
        &["18BA34E7"],
        Judgement::Synced,
    );
    check(
        of("ours", "Succeeded", Some(&[long])),
        &["18ba34"],
        Judgement::Missed(vec![long.to_owned()]),
    );
}

#[test]
fn a_failure_that_was_told_is_not_told_again() {
    let standing = Standing {
        promotion: "ours".to_owned(),
        phase: "Failed".to_owned(),
        started_at: Some("2026-11-23T11:42:29Z".to_owned()),
        ..Standing::default()
    };
    assert_eq!(
        judge(&standing, "ours", &[], None),
        Judgement::Failed(String::new())
    );
    assert_eq!(
        judge(&standing, "ours", &[], Some("2026-11-23T11:42:29Z")),
        Judgement::Update
    );
    assert_eq!(
        judge(&standing, "ours", &[], Some("2026-11-23T11:40:00Z")),
        Judgement::Failed(String::new())
    );
}
