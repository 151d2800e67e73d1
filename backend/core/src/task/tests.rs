use super::*;

fn check(template: &str, tasks: &str, want: Result<&str, &str>) {
    let stage: StageSpec = yaml_serde::from_str(template).unwrap();
    let tasks: BTreeMap<String, PromotionTaskSpec> = yaml_serde::from_str(tasks).unwrap();
    let by_name = tasks
        .iter()
        .map(|(name, task)| (name.as_str(), task))
        .collect();
    let tasks = Tasks {
        project: by_name,
        cluster: BTreeMap::new(),
    };
    let inflated = inflate(&stage, &tasks, &|_| false);
    let have = inflated.as_ref().map(shown).map_err(Problem::to_string);
    assert_eq!(have.as_deref().map_err(String::as_str), want);
}

/// Each step as `alias(var=value …)`, the variables of all steps in front.
fn shown(inflated: &Inflated) -> String {
    let vars = |vars: &[ExpressionVariable]| {
        let vars = vars.iter().map(|var| format!("{}={}", var.name, var.value));
        vars.collect::<Vec<_>>().join(" ")
    };
    let steps = inflated.steps.iter();
    let steps = steps.map(|step| {
        format!(
            "{}({})",
            step.alias.as_deref().unwrap_or_default(),
            vars(&step.vars)
        )
    });
    format!(
        "{}: {}",
        vars(&inflated.vars),
        steps.collect::<Vec<_>>().join(" ")
    )
}

const TASK: &str = "
tk:
  vars: [{name: image}, {name: env, value: dev}]
  steps: [{uses: copy, as: one}, {uses: copy, vars: [{name: env, value: inner}]}]
";

#[test]
fn a_task_is_replaced_by_its_steps() {
    let template = "promotionTemplate: {spec: {steps: [{uses: copy}, {task: {name: tk}, vars: [{name: image, value: i}]}, {uses: copy}]}}";
    let want = ": step-1() task-2::one(env=dev image=i) task-2::step-2(env=dev image=i env=inner) step-3()";
    check(template, TASK, Ok(want));
}

#[test]
fn a_variable_of_the_promotion_replaces_a_default() {
    let template = "
vars: [{name: env, value: stage}, {name: x, value: stage}]
promotionTemplate:
  spec:
    vars: [{name: env, value: template}]
    steps: [{task: {name: tk}, as: t, vars: [{name: image, value: i}]}]
";
    check(
        template,
        TASK,
        Ok("env=template x=stage: t::one(image=i) t::step-2(image=i env=inner)"),
    );
}

#[test]
fn an_input_that_nobody_gives_is_an_error() {
    let template = "promotionTemplate: {spec: {steps: [{task: {name: tk}, as: t, vars: [{name: image, value: ''}]}]}}";
    check(
        template,
        TASK,
        Err(r#"step "t": vars: task "tk" needs a value for the variable "image""#),
    );
    let template = "
vars: [{name: image, value: i}]
promotionTemplate: {spec: {steps: [{task: {name: tk}, as: t}]}}
";
    check(
        template,
        TASK,
        Ok("image=i: t::one(env=dev) t::step-2(env=dev env=inner)"),
    );
}

#[test]
fn a_task_that_is_not_there_is_an_error() {
    let template =
        "promotionTemplate: {spec: {steps: [{task: {name: tk, kind: ClusterPromotionTask}}]}}";
    check(
        template,
        TASK,
        Err(r#"step "task-1": task.name: there is no ClusterPromotionTask "tk""#),
    );
}

#[test]
fn names_are_unique_and_some_are_reserved() {
    let template = |steps: &str| format!("promotionTemplate: {{spec: {{steps: {steps}}}}}");
    let twice = template("[{uses: copy, as: a}, {uses: copy, as: a}]");
    check(
        &twice,
        "{}",
        Err(r#"step "a": as: another step is already called "a""#),
    );
    let reserved = template("[{uses: copy, as: task-12}]");
    check(
        &reserved,
        "{}",
        Err(r#"step "task-12": as: the name "task-12" is reserved for steps without a name"#),
    );
    check(
        &template("[{uses: copy, as: step-x}]"),
        "{}",
        Ok(": step-x()"),
    );
}
