//! Kargo's variables and functions in expressions, case by case.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;

use argosy_api::promotion::{PromotionSpec, PromotionStatus};
use argosy_api::step::{ExpressionVariable, PromotionStep};
use argosy_core::context::{Fact, Facts, Setting, Unready, check_step};
use argosy_expr::{Numbers, Template, Value, Wanted};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// Where a better answer is right; the reasons are in `docs/expressions.md`.
const ANSWERED_BETTER: &[(&str, &str)] = &[
    // Line breaks stay line breaks.
    ("expr-0748", "line1\nline2\n"),
];

const VECTORS: &str = include_str!("vectors/functions.jsonl");

/// A promotion at its only step, which is called `alias`.
struct Promotion {
    spec: PromotionSpec,
    status: PromotionStatus,
}

impl Promotion {
    fn new(alias: &str) -> Self {
        let step = PromotionStep {
            alias: Some(alias.to_owned()),
            ..PromotionStep::default()
        };
        let spec = PromotionSpec {
            stage: "dev".to_owned(),
            steps: vec![step],
            ..PromotionSpec::default()
        };
        Self {
            spec,
            status: PromotionStatus::default(),
        }
    }

    fn with_status(mut self, status: Json) -> Self {
        self.status = serde_json::from_value(status).unwrap();
        self
    }

    fn with_vars(mut self, vars: &[(&str, &str)]) -> Self {
        self.spec.vars = vars
            .iter()
            .map(|(name, value)| ExpressionVariable {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect();
        self
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            now: "2024-05-06T07:08:09Z".parse::<Timestamp>().unwrap(),
            ui_base_url: "https://argocd.example.org",
            project: "demo",
            promotion: "dev.01abc",
            spec: &self.spec,
            status: &self.status,
            freight_alias: "calm-cat",
            actor: "admin",
            rollback: false,
            target: None,
        }
    }

    /// What a configuration with nothing but this text becomes.
    fn render(&mut self, text: &str, facts: &Facts) -> Result<Json, Unready> {
        self.spec.steps[0].config = Some(json!({ "v": text }));
        let rendered = self.setting().config(0, facts, &|_| false)?;
        Ok(rendered["v"].clone())
    }

    #[track_caller]
    fn check(&mut self, text: &str, expected: &Json) {
        assert_eq!(
            self.render(text, &Facts::new()).unwrap(),
            *expected,
            "{text}"
        );
    }

    #[track_caller]
    fn refuses(&mut self, text: &str, message: &str) {
        let error = self.render(text, &Facts::new()).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn functions_answer_as_recorded() {
    let mut wrong = Vec::new();
    for line in VECTORS.lines() {
        let vector: Json = serde_json::from_str(line).unwrap();
        let id = vector["id"].as_str().unwrap();
        let input = &vector["input"];
        let alias = input["alias"].as_str().unwrap_or("step");
        let promotion = Promotion::new(alias)
            .with_status(json!({ "stepExecutionMetadata": input["steps"].as_array().cloned().unwrap_or_default() }));
        let mut env = promotion.setting().env(0, &Facts::new()).unwrap();
        for (name, value) in input["env"].as_object().into_iter().flatten() {
            env.set(name, Value::from_json(value, Numbers::Floats));
        }
        let text = input["template"].as_str().unwrap();
        let answered = if vector["op"] == "jsontemplate" {
            let document: Json = serde_json::from_str(text).unwrap();
            argosy_expr::template::render(&document, &env, &|_| false)
                .map_err(|error| error.to_string())
        } else {
            Template::parse(text)
                .and_then(|template| template.render(&env, Wanted::Anything))
                .map_err(|error| error.to_string())
        };
        let better = ANSWERED_BETTER.iter().find(|(known, _)| *known == id);
        let expected = match better {
            Some((_, text)) => Some(json!(text)),
            None => vector.get("output").cloned(),
        };
        if answered.as_ref().ok() != expected.as_ref() {
            wrong.push(format!(
                "{id} {text}\n  expected {expected:?}\n  answered {answered:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn with_freight() -> Promotion {
    Promotion::new("a").with_status(json!({
        "freight": {"name": "f1", "origin": {"kind": "Warehouse", "name": "wh"}},
        "freightCollection": {"id": "x", "items": {
            "Warehouse/wh": {
                "name": "f1",
                "origin": {"kind": "Warehouse", "name": "wh"},
                "images": [{"repoURL": "ghcr.io/acme/app", "tag": "1.10", "digest": "sha256:abc"}],
                "commits": [{"repoURL": "https://gitlab.example.org/acme/app.git", "id": "1234567", "branch": "main"}],
                "charts": [{"repoURL": "oci://ghcr.io/acme/charts/app", "version": "0.1.0"}],
                "artifacts": [{"artifactType": "x", "subscriptionName": "s", "version": "v1", "metadata": {"a": [1]}}],
            },
            "Warehouse/other": {
                "name": "f2",
                "origin": {"kind": "Warehouse", "name": "other"},
                "images": [{"repoURL": "ghcr.io/acme/base", "tag": "v2"}],
                "commits": [{"repoURL": "https://gitlab.example.org/acme/app", "id": "feed"}],
            },
        }},
    }))
}

#[test]
fn artifacts_are_found_in_the_freight_of_the_stage() {
    let mut promotion = with_freight();
    promotion.check(
        "${{ imageFrom('ghcr.io/acme/app').Digest }}",
        &json!("sha256:abc"),
    );
    promotion.check(
        "${{ imageFrom('GHCR.io/acme/base/', warehouse('other')).Tag }}",
        &json!("v2"),
    );
    promotion.check("${{ imageFrom('ghcr.io/acme/app').Tag }}", &json!("1.10"));
    promotion.check(
        "${{ commitFrom('https://gitlab.example.org/acme/app', warehouse('wh')).ID }}",
        &json!(1_234_567),
    );
    promotion.check(
        "${{ chartFrom('oci://ghcr.io/acme/charts/app').Version }}",
        &json!("0.1.0"),
    );
    promotion.check("${{ artifactFrom('s').Metadata.a[0] }}", &json!(1));
    promotion.check(
        "${{ imageFrom('ghcr.io/acme/app') }}",
        &json!({"repoURL": "ghcr.io/acme/app", "tag": "1.10", "digest": "sha256:abc"}),
    );
    promotion.check(
        "${{ imageFrom('ghcr.io/acme/app').Annotations.missing }}",
        &json!(""),
    );
    promotion.check(
        "${{ warehouse('wh') }}",
        &json!({"kind": "Warehouse", "name": "wh"}),
    );
}

#[test]
fn text_stays_text_where_the_schema_says_so() {
    let mut promotion = with_freight();
    promotion.spec.steps[0].config = Some(json!({
        "checkout": [{"commit": "${{ commitFrom('https://gitlab.example.org/acme/app', warehouse('wh')).ID }}"}],
    }));
    let is_text = |path: &[&str]| path == ["checkout", "0", "commit"];
    let config = promotion
        .setting()
        .config(0, &Facts::new(), &is_text)
        .unwrap();
    assert_eq!(config, json!({"checkout": [{"commit": "1234567"}]}));
}

#[test]
fn what_is_missing_or_ambiguous_is_said() {
    let mut promotion = with_freight();
    promotion.check(
        "${{ imageFrom('ghcr.io/acme/none') ?? 'none' }}",
        &json!("none"),
    );
    promotion.check(
        "${{ commitFrom('https://gitlab.example.org/acme/none')?.ID ?? 'none' }}",
        &json!("none"),
    );
    promotion.refuses(
        "${{ imageFrom('ghcr.io/acme/none').Tag }}",
        "nil has no field `Tag`",
    );
    promotion.refuses(
        "${{ imageFrom('ghcr.io/acme/app').tag }}",
        "v1alpha1.Image has no field `tag`",
    );
    promotion.refuses(
        "${{ commitFrom('https://gitlab.example.org/acme/app').ID }}",
        "is in Freight of Warehouse/other and of Warehouse/wh",
    );
    promotion.refuses(
        "${{ chartFrom('oci://ghcr.io/acme/charts/app', 'x') }}",
        "is not in the Freight",
    );
    promotion.refuses(
        "${{ imageFrom('ghcr.io/acme/app', 'wh') }}",
        "takes an origin",
    );
}

#[test]
fn facts_are_asked_for_all_at_once() {
    let mut promotion = Promotion::new("a");
    promotion.spec.steps[0].config = Some(json!({
        "user": "${{ secret('login').user }}",
        "token": "${{ secret('login').token }}",
        "level": "${{ configMap('settings').level }}",
        "note": "${{ freightMetadata('f1', 'note') }}",
        "all": "${{ stageMetadata('dev') }}",
    }));
    let mut facts = Facts::new();
    let Err(Unready::Needs(needed)) = promotion.setting().config(0, &facts, &|_| false) else {
        panic!("nothing is asked for");
    };
    assert_eq!(
        needed,
        [
            Fact::Secret("login".to_owned()),
            Fact::ConfigMap("settings".to_owned()),
            Fact::FreightMetadata("f1".to_owned()),
            Fact::StageMetadata("dev".to_owned()),
        ]
    );
    facts.insert(needed[0].clone(), json!({"user": "me", "token": "007"}));
    facts.insert(needed[1].clone(), json!({}));
    facts.insert(needed[2].clone(), json!({"note": {"by": "me"}}));
    facts.insert(needed[3].clone(), Json::Null);
    let config = promotion.setting().config(0, &facts, &|_| false).unwrap();
    let expected =
        json!({"user": "me", "token": "007", "level": "", "note": {"by": "me"}, "all": null});
    assert_eq!(config, expected);
}

#[test]
fn secrets_are_not_shown_by_facts() {
    let mut facts = Facts::new();
    facts.insert(
        Fact::Secret("login".to_owned()),
        json!({"token": "hunter2"}),
    );
    let shown = format!("{facts:?}");
    assert!(
        shown.contains("login") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn variables_see_those_before_them() {
    let vars = [
        ("a", "x"),
        ("b", "${{ vars.a }}y"),
        ("n", "42"),
        ("m", "${{ {\"k\": 40 + 2} }}"),
        ("a", "z"),
    ];
    let mut promotion = Promotion::new("a").with_vars(&vars);
    promotion.check(
        "${{ vars.b }} ${{ vars.a }} ${{ vars.m.k }} ${{ type(vars.n) }}",
        &json!("xy z 42 string"),
    );
    let mut promotion = Promotion::new("a").with_vars(&[("late", "${{ outputs?.a }}")]);
    promotion.check("${{ vars.late ?? 'nothing' }}", &json!("nothing"));
    promotion.spec.steps[0].vars = vec![ExpressionVariable {
        name: "late".to_owned(),
        value: "${{ outputs.build.sha }}".to_owned(),
    }];
    promotion.status.state = BTreeMap::from([("build", json!({"sha": "abc"}))])
        .into_iter()
        .map(|(alias, output)| (alias.to_owned(), output))
        .collect();
    promotion.check("${{ vars.late }}", &json!("abc"));
}

#[test]
fn a_task_sees_its_own_outputs_by_short_names() {
    let state = json!({"t::one": {"i": 1}, "t": {"i": 1}, "u::one": {"i": 2}});
    let mut promotion = Promotion::new("t::two").with_status(json!({"state": state}));
    promotion.check("${{ task.outputs.one.i }}", &json!(1));
    promotion.check("${{ outputs['u::one'].i }}", &json!(2));
    promotion.check("${{ ctx.meta.step.alias }}", &json!("t::two"));
}

#[test]
fn the_context_names_promotion_and_freight() {
    let mut promotion = with_freight();
    promotion.check(
        "${{ ctx }}",
        &json!({
            "uiBaseUrl": "https://argocd.example.org",
            "project": "demo",
            "stage": "dev",
            "promotion": "dev.01abc",
            "targetFreight": {"name": "f1", "alias": "calm-cat", "origin": {"name": "wh"}},
            "meta": {"promotion": {"actor": "admin", "rollback": false}, "step": {"alias": "a"}},
        }),
    );
}

#[test]
fn conditions_decide() {
    let check = |condition: &str, expected: Result<bool, &str>| {
        let mut promotion = Promotion::new("a").with_status(json!({"stepExecutionMetadata": [
            {"alias": "build", "status": "Failed"},
            {"alias": "lint", "status": "Errored", "continueOnError": true},
        ]}));
        promotion.spec.steps[0].condition = Some(condition.to_owned());
        let answered = promotion
            .setting()
            .condition(0, &Facts::new())
            .map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(answered, Ok(expected), "{condition}"),
            Err(message) => {
                let error = answered.unwrap_err();
                assert!(error.contains(message), "{condition}: {error}");
            }
        }
    };
    check("${{ failure() }}", Ok(true));
    check("${{ success() || status('build') == 'Failed' }}", Ok(true));
    check("${{ status('lint') == 'Skipped' }}", Ok(false));
    check("${{ 'true' }}", Ok(true));
    check(
        "${{ true }} && ${{ false }}",
        Err("a condition is true or false"),
    );
    check(
        "${{ missing.field }}",
        Err("step \"a\": if: column 13: nil has no field `field`"),
    );
}

#[test]
fn mistakes_are_found_before_a_step_runs() {
    let step: PromotionStep = serde_json::from_value(json!({
        "uses": "git-clone",
        "vars": [{"name": "x", "value": "${{ outputs.a + }}"}],
        "if": "${{ suces() }}",
        "config": {"checkout": [{"branch": "v${{ var.name }}", "path": "./a"}], "repoURL": "${{ quote() }}"},
    }))
    .unwrap();
    let problems: Vec<String> = check_step("clone", &step)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        problems,
        [
            "step \"clone\": vars.x: column 17: the expression ends too early",
            "step \"clone\": if: column 5: there is no function `suces`",
            "step \"clone\": config.checkout[0].branch: column 6: there is no variable `var`",
            "step \"clone\": config.repoURL: column 5: `quote` takes 1 argument, not 0",
        ]
    );
}
