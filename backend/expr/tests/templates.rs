//! Templates in documents: what is rendered, how it is coerced, what is asked for, and where mistakes are.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argosy_expr::{
    Env, Fault, Function, Known, Numbers, Program, Reference, Template, TemplateError, Text, Value,
    Wanted, template,
};
use serde_json::{Value as Json, json};

fn env() -> Env {
    let commit =
        json!({"id": "1234567", "tag": "1.10", "flag": "t", "number": 42, "text": "two\nlines\n"});
    Env::new()
        .with("commit", Value::from_json(&commit, Numbers::Floats))
        .with_function(
            "asText",
            Function::new(1..=1, |args| {
                Ok(Value::String(Text::verbatim(args[0].to_text())))
            }),
        )
}

#[track_caller]
fn check(text: &str, anything: &Json, as_text: &Json) {
    let template = Template::parse(text).unwrap();
    assert_eq!(
        template.render(&env(), Wanted::Anything).unwrap(),
        *anything,
        "{text}"
    );
    assert_eq!(
        template.render(&env(), Wanted::Text).unwrap(),
        *as_text,
        "{text} as text"
    );
}

#[test]
fn text_without_expressions_stays_as_it_is() {
    check("42", &json!("42"), &json!("42"));
    check("\"x\"\n", &json!("\"x\"\n"), &json!("\"x\"\n"));
}

#[test]
fn where_text_is_wanted_text_stays_text() {
    check("${{ commit.id }}", &json!(1_234_567), &json!("1234567"));
    check("${{ commit.tag }}", &json!("1.10"), &json!("1.10"));
    check("${{ commit.flag }}", &json!("t"), &json!("t"));
    check("${{ 'true' }}", &json!(true), &json!("true"));
    check("${{ '[1]' }}", &json!([1]), &json!("[1]"));
    check("1.${{ commit.number }}", &json!(1.42), &json!("1.42"));
    check(
        "${{ commit.text }}",
        &json!("two\nlines"),
        &json!("two\nlines"),
    );
    check("${{ commit.id }}\n", &json!(1_234_567), &json!("1234567"));
    check("\"${{ commit.id }}\"", &json!("1234567"), &json!("1234567"));
}

#[test]
fn what_is_no_text_keeps_its_type() {
    check("${{ commit.number }}", &json!(42), &json!(42));
    check("${{ nil }}", &json!(null), &json!(null));
    check(
        "${% [1, {a: 1.5}] %}",
        &json!([1, {"a": 1.5}]),
        &json!([1, {"a": 1.5}]),
    );
    check(
        "x${{ [commit.number, nil, \"<\"] }}",
        &json!("x[42,null,\"\\u003c\"]"),
        &json!("x[42,null,\"\\u003c\"]"),
    );
}

#[test]
fn verbatim_text_is_not_looked_at() {
    check("${{ asText(42) }}", &json!("42"), &json!("42"));
    check("${{ asText('a\\n') }}", &json!("a\n"), &json!("a\n"));
    check("v${{ asText(42) }}", &json!("v42"), &json!("v42"));
    check("${{ asText(4) + '2' }}", &json!(42), &json!("42"));
}

#[test]
fn documents_are_rendered_without_their_keys() {
    let document = json!({
        "${{ key }}": ["${{ commit.id }}", {"tag": "v${{ commit.tag }}", "n": 1_234_567_890_123_456_789_u64}],
        "images": [{"tag": "${{ commit.id }}"}],
    });
    let is_text = |path: &[&str]| path == ["images", "0", "tag"];
    assert_eq!(
        template::render(&document, &env(), &is_text).unwrap(),
        json!({
            "${{ key }}": [1_234_567, {"tag": "v1.10", "n": 1_234_567_890_123_456_789_u64}],
            "images": [{"tag": "1234567"}],
        })
    );
}

#[test]
fn all_facts_are_asked_for_in_one_go() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let secret = Function::new(1..=1, move |args| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(Fault::needs(json!({"secret": args[0].to_text()})))
    });
    let env = Env::new().with_function("secret", secret);
    let document =
        json!({"a": "${{ secret('x') }}", "b": ["${{ secret('y') }}", "${{ secret('x') }}"]});
    let Err(TemplateError::Needs(facts)) = template::render(&document, &env, &|_| false) else {
        panic!("nothing is asked for");
    };
    assert_eq!(facts, [json!({"secret": "x"}), json!({"secret": "y"})]);
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    let wrong = json!({"a": "${{ secret('x') }}", "b": "${{ 1 / 0 }}"});
    let error = template::render(&wrong, &env, &|_| false).unwrap_err();
    assert_eq!(error.to_string(), "b: division by zero (line 1, column 7)");
}

#[track_caller]
fn refuses(document: &Json, message: &str) {
    assert_eq!(
        template::render(document, &env(), &|_| false)
            .unwrap_err()
            .to_string(),
        message
    );
}

#[test]
fn mistakes_are_placed_in_the_field() {
    refuses(
        &json!({"checkout": [{"branch": "a ${{ commit.id + 1 }}"}]}),
        "checkout[0].branch: `+` does not apply to string and int (line 1, column 17)",
    );
    refuses(
        &json!({"a.b": "${{ x.y }}"}),
        "[\"a.b\"]: nil has no field `y` (line 1, column 7)",
    );
    refuses(
        &json!({"a": "one\n${{ é + }}"}),
        "a: the expression ends too early (line 2, column 9)",
    );
    refuses(
        &json!({"a": "${{ 1"}),
        "a: the expression is not closed, `}}` is missing (line 1, column 1)",
    );
    refuses(
        &json!("x ${{  }}"),
        "the expression is empty (line 1, column 3)",
    );
    refuses(
        &json!(["${{ 1.5 ** 9999 }}"]),
        "[0]: +Inf cannot be written as JSON (line 1, column 4)",
    );
    let hidden = env().with("asText", Value::Int(1));
    assert!(template::render(&json!({}), &hidden, &|_| false).is_err());
}

#[test]
fn names_are_checked_without_evaluating() {
    let known = Known::from(&env());
    let document = json!({
        "fine": "${{ commit.id | upper() }} ${{ let x = 1; x }} ${{ missing ?? 1 }} ${{ missing?.x }}",
        "wrong": ["${{ comit.id }}", "${{ asTxt(1) }}", "${{ asText() }}", "${{ let commit = 1; commit }}", "${{ 1 + }}", "${{ missing.x ?? 1 }} ${{ missing == nil }}"],
    });
    let found: Vec<String> = template::check(&document, &known)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "wrong[0]: there is no variable `comit` (line 1, column 5)",
            "wrong[1]: there is no function `asTxt` (line 1, column 5)",
            "wrong[2]: `asText` takes 1 argument, not 0 (line 1, column 5)",
            "wrong[3]: `commit` exists already (line 1, column 9)",
            "wrong[4]: the expression ends too early (line 1, column 9)",
            "wrong[5]: there is no variable `missing` (line 1, column 5)",
        ]
    );
}

#[test]
fn references_tell_what_an_expression_uses() {
    let text = "let x = outputs.build.sha; [imageFrom(vars.repo)?.Tag ?? ctx?.stage, x, map(list, .name), outputs.b?.c, vars.d == nil]";
    let program = Program::compile(text).unwrap();
    let references = program.references();
    let variables: Vec<(String, bool)> = references
        .variables
        .iter()
        .map(|Reference { path, guarded }| (path.join("."), *guarded))
        .collect();
    assert_eq!(
        variables,
        [
            ("ctx.stage".to_owned(), true),
            ("list".to_owned(), false),
            ("outputs.b.c".to_owned(), true),
            ("outputs.build.sha".to_owned(), false),
            ("vars.d".to_owned(), true),
            ("vars.repo".to_owned(), false),
        ]
    );
    assert_eq!(
        references.functions.into_iter().collect::<Vec<_>>(),
        ["imageFrom"]
    );
}
