//! What controllers write about objects stays as they wrote it.

use serde_json::Value;

use crate::ask::store;

const REFERENCE: &str = "{name: f, origin: {kind: Warehouse, name: w}, commits: [{repoURL: r, id: a, branch: b, tag: c, message: m, author: n, committer: o, subscriptionName: s}], images: [{repoURL: r, tag: t, digest: d, annotations: {a: b}, subscriptionName: s}], charts: [{repoURL: r, name: n, version: v, subscriptionName: s}], artifacts: [{artifactType: t, subscriptionName: s, version: v, metadata: {a: 1}}]}";
const CONDITIONS: &str = "[{type: Ready, status: 'False', reason: Because, message: m, observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z'}]";
const TIME: &str = "'2026-01-01T00:00:00Z'";

/// The status is stored without losing, adding or changing anything.
async fn keeps(kind: &str, fields: &str, status: &str) {
    let manifest = format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: {kind}, metadata: {{name: x}}, {fields}, status: {status}}}"
    );
    let expected: Value = yaml_serde::from_str(status).unwrap();
    assert_eq!(store(&manifest).await["status"], expected, "{kind}");
}

fn collection() -> String {
    format!(
        "{{id: i, items: {{Warehouse/w: {REFERENCE}}}, verificationHistory: [{{id: i, actor: a, startTime: {TIME}, finishTime: {TIME}, phase: Inconclusive, message: m, analysisRun: {{namespace: n, name: m, phase: Running}}}}]}}"
    )
}

fn promotion() -> String {
    let collection = collection();
    format!(
        "{{phase: Errored, message: m, conditions: {CONDITIONS}, startedAt: {TIME}, finishedAt: {TIME}, lastHandledRefresh: t, currentStep: 3, stepExecutionMetadata: [{{alias: a, startedAt: {TIME}, finishedAt: {TIME}, errorCount: 2, status: Skipped, message: m, continueOnError: true}}], state: {{step-1: {{a: [1, {{b: null}}]}}}}, freight: {REFERENCE}, freightCollection: {collection}, healthChecks: [{{uses: argocd-update, config: {{apps: [1]}}}}]}}"
    )
}

#[tokio::test]
async fn of_a_promotion() {
    keeps("Promotion", "spec: {stage: dev, freight: f}", &promotion()).await;
}

#[tokio::test]
async fn of_a_stage() {
    let (promotion, collection) = (promotion(), collection());
    let reference =
        format!("{{name: p, freight: {REFERENCE}, finishedAt: {TIME}, status: {promotion}}}");
    let request = format!("{{name: r, freight: {{name: f}}, phase: Errored, finishedAt: {TIME}}}");
    let hold = format!(
        "{{origin: {{kind: Warehouse, name: w}}, freightName: f, actor: a, createdAt: {TIME}, promotionName: p}}"
    );
    let status = format!(
        "{{conditions: {CONDITIONS}, observedGeneration: 3, lastHandledRefresh: t, phase: Verifying, freightSummary: 0/1 Fulfilled, metadata: {{a: {{b: [1]}}, c: text}}, health: {{status: Progressing, issues: [a], config: {{a: 1}}, output: [{{b: 2}}]}}, freightHistory: [{collection}], currentPromotion: {reference}, lastPromotion: {reference}, autoPromotionEnabled: true, autoPromotionHolds: {{Warehouse/w: {hold}}}, effectiveAutoPromotionHolds: {{Warehouse/w: {hold}}}, currentPromotionRequest: {request}, lastPromotionRequest: {request}, promotionWindowStatus: {{closed: true, reason: r, nextOpen: {TIME}, nextClose: {TIME}, nextCloseReason: r}}}}"
    );
    let spec =
        "spec: {requestedFreight: [{origin: {kind: Warehouse, name: w}, sources: {direct: true}}]}";
    keeps("Stage", spec, &status).await;
}

#[tokio::test]
async fn of_a_warehouse() {
    let status = format!(
        "{{conditions: {CONDITIONS}, observedGeneration: 1, lastHandledRefresh: t, lastFreightID: f, discoveredArtifacts: {{discoveredAt: {TIME}, git: [{{repoURL: r, subscriptionName: s, commits: [{{id: a, branch: b, tag: t, subject: s, author: a, committer: c, creatorDate: {TIME}}}], observedRefs: {{branchHead: h, tags: [{{id: a, name: t}}]}}}}], images: [{{repoURL: r, platform: p, subscriptionName: s, references: [{{tag: t-1_2.3, digest: 'sha256:0a', annotations: {{a: b}}, createdAt: {TIME}}}]}}], charts: [{{repoURL: r, name: n, semverConstraint: c, subscriptionName: s, versions: [a]}}], results: [{{name: n, artifactReferences: [{{artifactType: t, subscriptionName: s, version: v, metadata: {{a: 1}}}}]}}]}}}}"
    );
    keeps(
        "Warehouse",
        "spec: {subscriptions: [{image: {repoURL: a/b}}]}",
        &status,
    )
    .await;
}

#[tokio::test]
async fn of_freight() {
    let status = format!(
        "{{conditions: {CONDITIONS}, currentlyIn: {{dev: {{since: {TIME}}}}}, verifiedIn: {{dev: {{verifiedAt: {TIME}, longestSoak: 1h0m0.5s}}, qa: {{}}}}, approvedFor: {{prod: {{approvedAt: {TIME}}}}}, metadata: {{a: {{b: [1]}}, c: 2}}}}"
    );
    let fields = "origin: {kind: Warehouse, name: w}, images: [{repoURL: a/b, tag: '1'}]";
    keeps("Freight", fields, &status).await;
}

#[tokio::test]
async fn of_a_promotion_request() {
    let status = format!(
        "{{phase: Running, conditions: {CONDITIONS}, startedAt: {TIME}, finishedAt: {TIME}, summary: {{pending: 1, running: 2, succeeded: 3, failed: 4, errored: 5, aborted: 6}}, targets: [{{name: t, phase: Aborted, promotion: p}}]}}"
    );
    keeps(
        "PromotionRequest",
        "spec: {stage: dev, freight: f}",
        &status,
    )
    .await;
}

#[tokio::test]
async fn of_a_project() {
    let tally = "{count: 0, health: {healthy: 0}}";
    let status =
        format!("{{conditions: {CONDITIONS}, stats: {{warehouses: {tally}, stages: {tally}}}}}");
    keeps("Project", "spec: {}", &status).await;
}

#[tokio::test]
async fn of_a_configuration() {
    let status = format!(
        "{{conditions: {CONDITIONS}, observedGeneration: 1, lastHandledRefresh: t, webhookReceivers: [{{name: n, path: /p, url: 'https://h/p'}}]}}"
    );
    keeps("ProjectConfig", "spec: {}", &status).await;
}
