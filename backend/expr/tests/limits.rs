//! Whatever is written, evaluating it ends soon, takes bounded memory and never panics.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::thread;

use argosy_expr::{Env, Error, Kind, Numbers, Program, Template, Value, Wanted};
use proptest::prelude::*;
use serde_json::json;

/// Well below the 2 MiB of a worker thread.
const STACK: usize = 1280 << 10;

fn evaluate(text: &str) -> Result<Value, Error> {
    Program::compile(text)?.run(&Env::new())
}

/// Evaluates on a small stack, where too deep a recursion would end the process.
fn on_a_small_stack(text: String) -> Result<Value, Error> {
    let thread = thread::Builder::new().stack_size(STACK);
    thread
        .spawn(move || evaluate(&text))
        .unwrap()
        .join()
        .unwrap()
}

#[track_caller]
fn check_limit(text: &str) {
    let error = on_a_small_stack(text.to_owned()).unwrap_err();
    let start: String = text.chars().take(60).collect();
    assert_eq!(error.kind, Kind::Limit, "{start}: {error}");
}

#[test]
fn nesting_is_limited_before_the_stack_is() {
    for (open, inside, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{a: ", "1", "}"),
        ("-", "1", ""),
        ("not ", "true", ""),
        ("1 + ", "1", ""),
        ("2 ** ", "1", ""),
        ("upper(", "\"a\"", ")"),
        ("map([1], ", "#", ")"),
        ("map([1], {", "#", "})"),
        ("if true {", "1", "} else { 2 }"),
        ("true ? ", "1", " : 2"),
        ("let x = 1; ", "x", ""),
        ("1; (", "1", ")"),
        ("x[", "1", "]"),
    ] {
        let nested =
            |depth: usize| format!("{}{inside}{}", open.repeat(depth), close.repeat(depth));
        check_limit(&nested(5_000));
        // Just below the limit it is evaluated, not only parsed.
        for depth in [20, 60, 62, 63, 64] {
            let result = on_a_small_stack(nested(depth));
            assert!(
                !matches!(
                    &result,
                    Err(Error {
                        kind: Kind::Syntax,
                        ..
                    })
                ),
                "{open} {depth}: {result:?}"
            );
        }
    }
}

#[test]
fn chains_are_limited_like_nesting() {
    for (start, link) in [
        ("1", " + 1"),
        ("x", ".y"),
        ("x", "?.y"),
        ("x", "[0]"),
        ("x", " | f()"),
        ("true", " and true"),
    ] {
        check_limit(&format!("{start}{}", link.repeat(5_000)));
        _ = on_a_small_stack(format!("{start}{}", link.repeat(100)));
    }
    check_limit(&format!("[{}]", "1,".repeat(20_000)));
    check_limit(&"x".repeat(1 << 20));
}

#[test]
fn memory_and_time_are_limited() {
    for text in [
        "0..999999",
        "1..9223372036854775807",
        "-9223372036854775807..9223372036854775807",
        "repeat(\"ab\", 1000000)",
        "repeat(repeat(\"ab\", 1000), 1000)",
        "reduce(1..60, #acc + #acc, \"x\")",
        "reduce(1..60, concat(#acc, #acc), [1])",
        "reduce(1..60, [#acc, #acc], [1])",
        "reduce(1..60, {{a: #acc, b: #acc}}, {a: \"text\"})",
        "reduce(1..1000, [#acc], 1)",
        "reduce(1..60, replace(#acc, \"\", #acc), \"xxxxxxxxxx\")",
        "map(0..9999, map(0..9999, #))",
        "let r = 0..9999; map(r, all(r, all(r, true)))",
        "let r = 0..90000; uniq(r)",
        "let r = 0..99999; all(r, # in r)",
        "let s = repeat(\"ab\", 400000); any(0..9999, s contains \"x\")",
        "let s = repeat(\"ab\", 400000); any(0..9999, s matches \"(a|b)*x\")",
        "split(repeat(\"a\", 999990), \"\") | map(split(repeat(\"a\", 9999), \"\"))",
        "let s = repeat(\"ab\", 400000); map(0..999, toBase64(s))",
    ] {
        check_limit(text);
    }
}

#[test]
fn what_is_within_the_limits_is_evaluated() {
    assert_eq!(evaluate("len(0..999998)").unwrap(), Value::Int(999_999));
    assert_eq!(
        evaluate("len(repeat(\"a\", 999999))").unwrap(),
        Value::Int(999_999)
    );
    assert_eq!(
        evaluate("sum(map(0..9999, sum([#, 1])))").unwrap(),
        Value::Int(50_005_000)
    );
}

#[test]
fn overflow_is_an_error() {
    for text in [
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "4611686018427387904 * 2",
        "abs(-9223372036854775807 - 1)",
        "-(-9223372036854775807 - 1)",
        "int(1e19)",
        "int(float(\"nan\"))",
        "1 / 0",
        "1 % 0",
        "0.0 / 0",
        "duration(\"2000000h\") + duration(\"2000000h\")",
        "duration(\"2000000h\") * 1e300",
        "date(\"9999-12-01\") + duration(\"2000000h\")",
        "date(\"2024-01-01\").AddDate(9223372036854775807, 1, 1)",
        "date(\"2024-01-01\").AddDate(0, 0, 9223372036854775807)",
        "fromJSON(\"[1]\")[9223372036854775808.0]",
    ] {
        assert_eq!(evaluate(text).unwrap_err().kind, Kind::Arithmetic, "{text}");
    }
    assert_eq!(
        evaluate("(-9223372036854775807 - 1) % -1").unwrap(),
        Value::Int(0)
    );
    assert!(
        evaluate("2.0 ** 2000").unwrap().to_json().is_err(),
        "infinity is not JSON"
    );
}

/// Pieces of the language, so that random sequences get somewhere.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "1",
        "0",
        "2.5",
        "\"a\"",
        "'b'",
        "`c`",
        "b\"d\"",
        "x",
        "list",
        "m",
        "nil",
        "true",
        "#",
        "#acc",
        "#index",
        "$env",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ";",
        ".",
        "?.",
        "..",
        "?",
        "??",
        "|",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "**",
        "==",
        "<",
        ">=",
        "!",
        "and",
        "or",
        "not",
        "in",
        "matches",
        "contains",
        "let",
        "=",
        "if",
        "else",
        "map(",
        "filter(",
        "reduce(",
        "sort(",
        "len(",
        "date(",
        "duration(\"1h\")",
        "upper(",
        "split(",
        "get(",
        ".Year()",
        ".name",
        "[0]",
        "[-1:]",
        "// c\n",
        "/*",
        "\\",
        "é",
        "🙂",
    ];
    proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned)
}

fn environment() -> Env {
    let variables = json!({"x": "é✓a", "list": [3, "b", null, [1]], "m": {"a": {"b": 1}}});
    let mut env = Env::new().at("2024-05-06T07:08:09Z".parse().unwrap());
    for (name, value) in variables.as_object().into_iter().flatten() {
        env.set(name, Value::from_json(value, Numbers::Floats));
    }
    env
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        _ = Program::compile(&text).map(|program| program.run(&Env::new()));
        _ = Template::parse(&format!("${{{{{text}}}}} ${{%{text}%}}")).map(|template| template.render(&Env::new(), Wanted::Anything));
    }

    #[test]
    fn pieces_of_the_language_never_panic(pieces in proptest::collection::vec(piece(), 0..24), spaced in any::<bool>()) {
        let text = pieces.join(if spaced { " " } else { "" });
        match Program::compile(&text) {
            Ok(program) => {
                _ = program.references();
                _ = program.run(&environment()).map(|value| (value.to_json(), value.to_text()));
            }
            Err(error) => {
                prop_assert!(error.span.start <= text.len() + 1);
                prop_assert!(0 < error.line && 0 < error.column);
            }
        }
    }
}
