use crate::ask::{accepts, rejects};

fn stage(spec: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Stage, metadata: {{name: s}}, spec: {{requestedFreight: [{{origin: {{kind: Warehouse, name: w}}, sources: {{direct: true}}}}]{spec}}}}}"
    )
}

fn requests(requests: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Stage, metadata: {{name: s}}, spec: {{requestedFreight: {requests}}}}}"
    )
}

fn sources(sources: &str) -> String {
    requests(&format!(
        "[{{origin: {{kind: Warehouse, name: w}}, sources: {sources}}}]"
    ))
}

fn steps(steps: &str) -> String {
    stage(&format!(
        ", promotionTemplate: {{spec: {{steps: {steps}}}}}"
    ))
}

fn mechanisms(mechanisms: &str) -> String {
    stage(&format!(", promotionMechanisms: {mechanisms}"))
}

#[tokio::test]
async fn without_steps_it_controls_the_flow() {
    accepts(&stage("")).await;
}

#[tokio::test]
async fn it_requests_freight_of_each_origin_once() {
    rejects(&requests("[]"), "should have at least 1 items").await;
    rejects(
        "{apiVersion: kargo.akuity.io/v1alpha1, kind: Stage, metadata: {name: s}, spec: {}}",
        "requestedFreight: Required",
    )
    .await;
    let two = |other: &str| {
        requests(&format!(
            "[{{origin: {{kind: Warehouse, name: w}}, sources: {{direct: true}}}}, {{origin: {{kind: Warehouse, name: {other}}}, sources: {{direct: true}}}}]"
        ))
    };
    accepts(&two("v")).await;
    rejects(&two("w"), "requested twice").await;
}

#[tokio::test]
async fn sources_are_checked() {
    accepts(&sources(
        "{stages: [a, b], requiredSoakTime: 1h30m, availabilityStrategy: All}",
    ))
    .await;
    rejects(
        &sources("{stages: [a], requiredSoakTime: 1d}"),
        "requiredSoakTime",
    )
    .await;
    rejects(
        &sources("{stages: [a], availabilityStrategy: Most}"),
        "Unsupported value",
    )
    .await;
}

#[tokio::test]
async fn matching_upstream_takes_exactly_one_stage() {
    let matching = |rest: &str| {
        sources(&format!(
            "{{{rest}, autoPromotionOptions: {{selectionPolicy: MatchUpstream}}}}"
        ))
    };
    accepts(&matching("stages: [a]")).await;
    accepts(&matching("direct: false, stages: [a]")).await;
    rejects(
        &matching("direct: true, stages: [a]"),
        "MatchUpstream needs exactly one",
    )
    .await;
    rejects(
        &matching("stages: [a, b]"),
        "MatchUpstream needs exactly one",
    )
    .await;
    rejects(&matching("direct: true"), "MatchUpstream needs exactly one").await;
    accepts(&sources(
        "{direct: true, autoPromotionOptions: {selectionPolicy: NewestFreight}}",
    ))
    .await;
}

#[tokio::test]
async fn a_step_uses_something_or_is_a_task() {
    accepts(&steps("[{uses: fail, config: {anything: [{at: all}]}}]")).await;
    accepts(&steps(
        "[{task: {name: t, kind: ClusterPromotionTask}, vars: [{name: a, value: b}]}]",
    ))
    .await;
    rejects(&steps("[]"), "should have at least 1 items").await;
    rejects(&steps("[{as: a}]"), "exactly one of uses and task").await;
    rejects(
        &steps("[{uses: a, task: {name: t}}]"),
        "exactly one of uses and task",
    )
    .await;
    rejects(&steps("[{uses: ''}]"), "at least 1 chars").await;
    rejects(
        &steps("[{task: {name: t, kind: Job}}]"),
        "Unsupported value",
    )
    .await;
}

#[tokio::test]
async fn a_task_leaves_some_things_to_its_steps() {
    rejects(
        &steps("[{task: {name: t}, if: '${{ true }}'}]"),
        "a task cannot have an if",
    )
    .await;
    rejects(
        &steps("[{task: {name: t}, config: {}}]"),
        "a task has no config",
    )
    .await;
    rejects(
        &steps("[{task: {name: t}, continueOnError: true}]"),
        "a task cannot have continueOnError",
    )
    .await;
    accepts(&steps("[{task: {name: t}, continueOnError: false}]")).await;
}

#[tokio::test]
async fn names_of_steps_are_unique_and_not_reserved() {
    accepts(&steps(
        "[{uses: a, as: one}, {uses: a, as: two}, {uses: a}]",
    ))
    .await;
    rejects(
        &steps("[{uses: a, as: one}, {uses: b, as: one}]"),
        "two steps have the same name",
    )
    .await;
    rejects(&steps("[{uses: a, as: step-1}]"), "cannot be step-<number>").await;
    rejects(
        &steps("[{task: {name: t}, as: task-12}]"),
        "cannot be step-<number>",
    )
    .await;
    accepts(&steps("[{uses: a, as: step-one}]")).await;
}

#[tokio::test]
async fn many_steps_are_within_the_servers_patience() {
    let many: Vec<_> = (0..128)
        .map(|n| format!("{{uses: fail, as: a-rather-long-name-{n}}}"))
        .collect();
    accepts(&steps(&format!("[{}]", many.join(", ")))).await;
}

#[tokio::test]
async fn retries_and_variables_have_their_form() {
    accepts(&steps(
        "[{uses: a, retry: {timeout: 10m, errorThreshold: 3}}]",
    ))
    .await;
    rejects(&steps("[{uses: a, retry: {timeout: long}}]"), "timeout").await;
    rejects(
        &steps("[{uses: a, retry: {errorThreshold: -1}}]"),
        "errorThreshold",
    )
    .await;
    accepts(&stage(
        ", vars: [{name: _a1, value: '${{ ctx.stage }}'}, {name: b}]",
    ))
    .await;
    rejects(&stage(", vars: [{name: 1a}]"), "vars[0].name").await;
}

#[tokio::test]
async fn the_old_mechanisms_are_taken() {
    let stored = accepts(&mechanisms(
        "{gitRepoUpdates: [{repoURL: 'https://h/r', writeBranch: main, helm: {images: [{image: a/b, valuesFilePath: v.yaml, key: image.tag, value: Tag}]}}], argoCDAppUpdates: [{appName: a, appNamespace: argocd, sourceUpdates: [{repoURL: 'https://h/r', updateTargetRevision: true}]}]}",
    ))
    .await;
    let git = &stored["spec"]["promotionMechanisms"]["gitRepoUpdates"][0];
    assert_eq!(git["helm"]["images"][0]["value"], "Tag");
}

#[tokio::test]
async fn the_old_mechanisms_are_checked() {
    rejects(
        &mechanisms("{}"),
        "needs gitRepoUpdates or argoCDAppUpdates",
    )
    .await;
    rejects(
        &mechanisms("{gitRepoUpdates: [{repoURL: a}]}"),
        "writeBranch: Required",
    )
    .await;
    let value = "{gitRepoUpdates: [{repoURL: a, writeBranch: b, helm: {images: [{image: a, valuesFilePath: v, key: k, value: Name}]}}]}";
    rejects(&mechanisms(value), "Unsupported value").await;
    let both = ", promotionMechanisms: {argoCDAppUpdates: [{appName: a}]}, promotionTemplate: {spec: {steps: [{uses: a}]}}";
    rejects(&stage(both), "takes the place of promotionMechanisms").await;
}

#[tokio::test]
async fn verification_names_its_templates() {
    let verification = |rest: &str| stage(&format!(", verification: {rest}"));
    accepts(&verification("{analysisTemplates: [{name: t, kind: ClusterAnalysisTemplate}], args: [{name: a, value: '${{ ctx.stage }}'}], analysisRunMetadata: {labels: {a: b}}}")).await;
    rejects(
        &verification("{analysisTemplates: [{kind: AnalysisTemplate}]}"),
        "name: Required",
    )
    .await;
}

#[tokio::test]
async fn the_shard_is_good_for_a_label() {
    accepts(&stage(", shard: east-1")).await;
    rejects(&stage(", shard: 'east 1'"), "shard").await;
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: Stage, metadata: {name: s, namespace: elsewhere}, spec: {requestedFreight: [{origin: {kind: Warehouse, name: w}, sources: {direct: true}}]}}";
    rejects(manifest, "does not belong to a Project").await;
}
