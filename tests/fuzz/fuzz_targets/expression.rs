//! Any text is an expression or is refused, alone and in a template, and evaluating it ends.
//!
//! Beyond not panicking it checks what must always hold: errors lie within the text, what compiles compiles again,
//! and what has been rendered as text is text.

#![no_main]

use argosy_expr::{Env, Function, Numbers, Program, Template, Value, Wanted};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fn environment() -> Env {
    let variables = json!({
        "v": "abc", "uni": "h\u{e9}llo", "n": 3, "f": 2.5, "ok": true, "nothing": null, "list": [3, 1, 2],
        "m": {"a": 1, "b": {"c": [null, "x"]}},
        "users": [{"name": "Ann", "age": 31, "team": "x"}, {"name": "Bob", "age": 25, "team": "y"}],
    });
    let mut env = Env::new()
        .at(jiff::Timestamp::UNIX_EPOCH)
        .with_function("always", Function::new(0..=0, |_| Ok(Value::Bool(true))))
        .with_function("same", Function::new(1..=1, |args| Ok(args[0].clone())));
    for (name, value) in variables.as_object().into_iter().flatten() {
        env.set(name, Value::from_json(value, Numbers::Floats));
    }
    env
}

fuzz_target!(|text: &str| {
    let env = environment();
    match Program::compile(text) {
        Ok(program) => {
            assert!(Program::compile(program.text()).is_ok());
            _ = program.references();
            match program.run(&env) {
                Ok(value) => {
                    _ = value.to_text();
                    _ = value.to_json();
                }
                Err(error) => assert!(error.span.end <= text.len() + 1),
            }
        }
        Err(error) => assert!(error.span.start <= text.len() + 1 && 0 < error.line && 0 < error.column),
    }
    for template in [text.to_owned(), format!("${{{{{text}}}}}"), format!("a ${{%{text}%}} ${{{{ v }}}}")] {
        if let Ok(template) = Template::parse(&template) {
            _ = template.render(&env, Wanted::Anything);
            if let Ok(rendered) = template.render(&env, Wanted::Text) {
                let single = template.programs().count() == 1;
                assert!(rendered.is_string() || single);
            }
        }
    }
});
