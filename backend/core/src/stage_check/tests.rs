use std::collections::BTreeMap;

use argosy_api::promotion_task::PromotionTaskSpec;

use super::*;

const TASK: &str = "
vars: [{name: v}]
steps:
- {uses: compose-output, as: a, config: {x: 1}}
- {uses: compose-output, as: b, config: {y: '${{ task.outputs.a.x }}'}}
";

/// What is said of a Stage with these steps and a variable `image`.
fn check(steps: &str, want: &[&str]) {
    let mut stage: StageSpec = yaml_serde::from_str("vars: [{name: image, value: i}]").unwrap();
    stage.promotion_template.get_or_insert_default().spec.steps =
        yaml_serde::from_str(steps).unwrap();
    let task: PromotionTaskSpec = yaml_serde::from_str(TASK).unwrap();
    let tasks = Tasks {
        project: BTreeMap::from([("tk", &task)]),
        cluster: BTreeMap::new(),
    };
    let problems: Vec<String> = super::check(&stage, &tasks)
        .iter()
        .map(Problem::to_string)
        .collect();
    assert_eq!(problems, want, "{steps}");
}

#[test]
fn a_good_stage_has_no_problems() {
    check(
        "
        - {uses: git-clone, config: {repoURL: 'https://git.example.com/a', checkout: [{branch: main, path: ./src}]}}
        - {uses: kustomize-set-image, as: set-image, config: {path: ./src, images: [{image: '${{ vars.image }}'}]}}
        - {uses: git-commit, as: commit, config: {path: ./src, messageFromSteps: [set-image]}}
        - {uses: git-push, if: \"${{ success() && outputs['set-image'].commitMessage != '' }}\", config: {path: ./src}}
        - {task: {name: tk}, as: t, vars: [{name: v, value: '1'}]}
        - {uses: compose-output, config: {c: '${{ outputs.commit.commit }}', t: '${{ outputs.t.x }}', n: '${{ outputs.later ?? 0 }}'}}
        ",
        &[],
    );
}

#[test]
fn kinds_and_configurations_are_checked() {
    check(
        "[{uses: yaml-updat, config: {}}, {uses: copy, as: c, config: {inPath: a}}, {uses: git-commit, config: {path: '${{ vars.image }}', message: m, what: 1}}]",
        &[
            r#"step "step-1": uses: there is no kind of step "yaml-updat"; did you mean "yaml-update"?"#,
            r#"step "c": config.outPath: required field is missing"#,
            r#"step "step-3": config.what: unknown field; there are path, message, messageFromSteps, author"#,
        ],
    );
}

#[test]
fn references_that_lead_nowhere_are_found() {
    check(
        "
        - {uses: compose-output, as: a, config: {x: '${{ outputs.b.y }}', y: '${{ outputs.a.x }}', z: '${{ task.outputs.b }}'}}
        - {uses: git-commit, as: commit, config: {path: '${{ vars.imag }}', message: '${{ outputs.comit.commit }}'}}
        - {uses: compose-output, as: b, config: {y: '${{ outputs.commit.comit }}', list: [{c: \"${{ outputs['nope'] }}\"}]}}
        - {uses: argocd-update, config: {apps: [{name: a, sources: [{repoURL: r, desiredCommitFromStep: push}]}]}}
        ",
        &[
            r#"step "a": config.x: step "b" comes later, so there is no output of it yet"#,
            r#"step "a": config.y: step "a" is this one, so there is no output of it yet"#,
            r#"step "a": config.z: `task` is there only for steps of a task"#,
            r#"step "commit": config.path: there is no variable "imag"; did you mean "image"?"#,
            r#"step "commit": config.message: there is no step "comit""#,
            r#"step "b": config.y: step "commit" (git-commit) has no output "comit"; did you mean "commit"?"#,
            r#"step "b": config.list[0].c: there is no step "nope""#,
            r#"step "step-4": config.apps[0].sources[0].desiredCommitFromStep: there is no step "push""#,
        ],
    );
}

#[test]
fn expressions_that_do_not_parse_are_found_with_their_place() {
    let stage = "
vars: [{name: a, value: '${{ nope() }}'}]
promotionTemplate: {spec: {steps: [{uses: copy, if: '${{ 1 + }}', config: {inPath: 'x ${{ imagefrom(1) }}', outPath: b}}]}}
";
    let stage: StageSpec = yaml_serde::from_str(stage).unwrap();
    let problems = super::check(&stage, &Tasks::default());
    let seen: Vec<_> = problems
        .iter()
        .map(|it| (it.step.as_deref(), it.field.as_str(), it.place.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            (None, "vars.a", true),
            (Some("step-1"), "if", true),
            (Some("step-1"), "config.inPath", true)
        ]
    );
}

#[test]
fn a_missing_task_hides_nothing_else() {
    check(
        "[{task: {name: nope}}, {uses: copy, as: c, config: {inPath: a}}]",
        &[
            r#"step "task-1": task.name: there is no PromotionTask "nope""#,
            r#"step "c": config.outPath: required field is missing"#,
        ],
    );
}

#[test]
fn older_forms_are_shown_with_what_to_write() {
    let stage = "promotionTemplate: {spec: {steps: [{uses: git-commit, config: {path: p, messageFromSteps: [a]}}]}}";
    let stage: StageSpec = yaml_serde::from_str(stage).unwrap();
    let want = r#"step "step-1": instead of config.messageFromSteps write `message: ${{ outputs.a.commitMessage }}`"#;
    assert_eq!(old_forms(&stage), [want]);
    let stage = "promotionMechanisms: {argoCDAppUpdates: [{appName: a}]}";
    let stage: StageSpec = yaml_serde::from_str(stage).unwrap();
    assert!(
        old_forms(&stage)[0]
            .starts_with("instead of promotionMechanisms write:\npromotionTemplate:\n")
    );
}
