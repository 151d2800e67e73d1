use std::time::Duration;

use argosy_tests::kubernetes::fresh;
use argosy_tests::wait_for;

use crate::ask::{
    accepts, accepts_change, accepts_change_from, deletion, rejects, rejects_change,
    rejects_change_from,
};
use crate::ground::{PROMOTER, ground};

const IMAGE: &str = "images: [{repoURL: ghcr.io/a/b, tag: 1.0.0, digest: 'sha256:00'}]";

fn freight(fields: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Freight, metadata: {{name: f}}, origin: {{kind: Warehouse, name: w}}, {fields}}}"
    )
}

fn approved(stages: &str) -> String {
    freight(&format!(
        "{IMAGE}, status: {{approvedFor: {stages}, verifiedIn: {{dev: {{}}}}}}"
    ))
}

#[tokio::test]
async fn freight_carries_something() {
    accepts(&freight(IMAGE)).await;
    accepts(&freight("commits: [{repoURL: 'https://h/r', id: abc}]")).await;
    accepts(&freight("charts: [{repoURL: 'oci://h/c', version: 1.0.0}]")).await;
    accepts(&freight(
        "artifacts: [{artifactType: t, subscriptionName: s, version: '1', metadata: {a: {b: 1}}}]",
    ))
    .await;
    rejects(&freight("alias: a"), "needs at least one").await;
    rejects(&freight("images: []"), "needs at least one").await;
}

#[tokio::test]
async fn artifacts_say_which_they_are() {
    rejects(&freight("images: [{tag: a}]"), "an image needs repoURL").await;
    rejects(&freight("images: [{repoURL: a}]"), "an image needs repoURL").await;
    rejects(&freight("commits: [{repoURL: a}]"), "a commit needs").await;
    rejects(&freight("charts: [{repoURL: a}]"), "a chart needs").await;
    rejects(
        &freight("artifacts: [{artifactType: '', subscriptionName: s, version: '1'}]"),
        "artifactType",
    )
    .await;
}

#[tokio::test]
async fn the_origin_is_a_warehouse() {
    let manifest = format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Freight, metadata: {{name: f}}, origin: {{kind: Shop, name: w}}, {IMAGE}}}"
    );
    rejects(&manifest, "Unsupported value").await;
}

#[tokio::test]
async fn nothing_but_the_alias_changes() {
    let all = freight(&format!(
        "alias: a-b, discoveredAt: '2026-01-01T00:00:00Z', {IMAGE}, artifacts: [{{artifactType: t, subscriptionName: s, version: '1', metadata: {{a: {{b: 1}}}}}}]"
    ));
    accepts_change(&all, "{alias: c-d}").await;
    accepts_change(&all, "{alias: null}").await;
    let artifacts = "the artifacts of Freight never change";
    rejects_change(
        &all,
        "{images: [{repoURL: ghcr.io/a/b, tag: 1.0.1}]}",
        artifacts,
    )
    .await;
    rejects_change(&all, "{images: null}", artifacts).await;
    rejects_change(
        &all,
        "{commits: [{repoURL: 'https://h/r', id: abc}]}",
        artifacts,
    )
    .await;
    // Fields that the schema does not know count as well.
    let deep = "{artifacts: [{artifactType: t, subscriptionName: s, version: '1', metadata: {a: {b: 2}}}]}";
    rejects_change(&all, deep, artifacts).await;
    rejects_change(
        &all,
        "{origin: {name: other}}",
        "the origin of Freight never changes",
    )
    .await;
    let time = "the time at which Freight was discovered";
    rejects_change(&all, "{discoveredAt: '2026-01-02T00:00:00Z'}", time).await;
    rejects_change(&all, "{discoveredAt: null}", time).await;
}

#[tokio::test]
async fn the_time_of_discovery_is_filled_in_later() {
    accepts_change(&freight(IMAGE), "{discoveredAt: '2026-01-02T00:00:00Z'}").await;
}

#[tokio::test]
async fn an_alias_is_good_for_a_label() {
    rejects(&freight(&format!("{IMAGE}, alias: 'a b'")), "alias").await;
    rejects(
        &freight(&format!("{IMAGE}, alias: {}", "a".repeat(64))),
        "alias",
    )
    .await;
}

#[tokio::test]
async fn freight_in_a_stage_stays() {
    let current = freight(&format!("{IMAGE}, status: {{currentlyIn: {{prod: {{}}}}}}"));
    let said = deletion(None, &current).await.unwrap_err();
    assert!(said.contains("while it is in a Stage: prod"), "{said}");
    let gone = freight(&format!(
        "{IMAGE}, status: {{currentlyIn: {{}}, verifiedIn: {{prod: {{}}}}}}"
    ));
    deletion(None, &gone).await.unwrap();
    deletion(Some(PROMOTER), &freight(IMAGE)).await.unwrap();
}

#[tokio::test]
async fn a_namespace_that_goes_takes_its_freight_with_it() {
    let cluster = ground().await.cluster();
    let name = fresh("going");
    let namespace = format!("{{name: {name}, labels: {{kargo.akuity.io/project: 'true'}}}}");
    let manifests = format!(
        "---\n{{apiVersion: v1, kind: Namespace, metadata: {namespace}}}\n---\n{}",
        freight(IMAGE)
    );
    cluster
        .kubectl_with(&["-n", &name, "apply", "-f", "-"], &manifests)
        .await
        .unwrap();
    let current = r#"{"status": {"currentlyIn": {"prod": {}}}}"#;
    let patch = [
        "-n",
        &name,
        "patch",
        "freight/f",
        "--subresource=status",
        "--type=merge",
        "-p",
        current,
    ];
    cluster.kubectl(&patch).await.unwrap();
    let delete = ["-n", &name, "delete", "freight/f", "--ignore-not-found"];
    let said = cluster.kubectl(&delete).await.unwrap_err().to_string();
    assert!(said.contains("while it is in a Stage"), "{said}");
    cluster
        .kubectl(&["delete", "namespace", &name, "--wait=false"])
        .await
        .unwrap();
    // The server hears of its own deletion a moment later.
    wait_for("the Freight goes", Duration::from_secs(30), || {
        cluster.kubectl(&delete)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn approval_takes_the_verb_promote_on_the_stage() {
    let some = approved("{qa: {}}");
    let approve = |stage: &str| format!("{{status: {{approvedFor: {{{stage}: {{}}}}}}}}");
    accepts_change_from(PROMOTER, &some, "/status", &approve("dev")).await;
    let words = "approving Freight needs the verb promote on the Stage: prod";
    rejects_change_from(PROMOTER, &some, "/status", &approve("prod"), words).await;
    let dev = approved("{qa: {}, dev: {}}");
    accepts_change_from(
        PROMOTER,
        &dev,
        "/status",
        "{status: {approvedFor: {dev: null}}}",
    )
    .await;
    let words = "approving Freight needs the verb promote on the Stage: qa";
    rejects_change_from(
        PROMOTER,
        &dev,
        "/status",
        "{status: {approvedFor: {qa: null}}}",
        words,
    )
    .await;
}

#[tokio::test]
async fn those_who_approve_change_nothing_else_of_the_status() {
    let some = approved("{}");
    let words = "people can change approvedFor only";
    for patch in [
        "{status: {verifiedIn: {prod: {}}}}",
        "{status: {verifiedIn: null}}",
        "{status: {currentlyIn: {dev: {}}}}",
        "{status: {metadata: {a: 1}}}",
    ] {
        rejects_change_from(PROMOTER, &some, "/status", patch, words).await;
    }
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let manifest = format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Freight, metadata: {{name: f, namespace: elsewhere}}, origin: {{kind: Warehouse, name: w}}, {IMAGE}}}"
    );
    rejects(&manifest, "does not belong to a Project").await;
}
