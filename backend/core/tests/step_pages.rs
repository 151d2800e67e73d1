//! `docs/steps/` says what the step kinds say: which fields they have, what they leave, how long
//! they may take. `UPDATE=1 cargo test -p argosy-core --test step_pages` rewrites those parts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may say what it expects by failing, and reads the pages"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use argosy_core::steps::{STEPS, StepKind, fields, find};
use serde_json::Value;

const BEGIN: &str =
    "<!-- From here: made from the types. UPDATE=1 cargo test -p argosy-core makes it anew. -->\n";
const END: &str = "<!-- To here. -->\n";

#[test]
fn pages_list_fields_outputs_and_limits() {
    for kind in STEPS {
        let mut made = String::from(BEGIN);
        write_fields(&mut made, kind);
        write_outputs(&mut made, kind);
        write_limits(&mut made, kind);
        made.push_str(END);
        keep(&page(kind.name), &made);
    }
}

#[test]
fn the_overview_lists_every_step() {
    let mut made = format!("{BEGIN}| step | what it does | may take |\n|---|---|---|\n");
    for kind in STEPS {
        let name = kind.name;
        let summary = kind.schema()["description"].as_str().unwrap();
        let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(made, "| [{name}]({name}.md) | {summary} | {} |", time(kind)).unwrap();
    }
    made.push_str(END);
    keep(&page("README"), &made);
}

#[test]
fn examples_are_accepted() {
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut seen = 0;
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let value: Value = yaml_serde::from_str(block)
                .unwrap_or_else(|error| panic!("{}: {error}\n{block}", path.display()));
            seen += check_steps(&path, &value);
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            seen != 0 || name == "README",
            "{} has no example",
            path.display()
        );
        assert!(
            find(name).is_some() || name == "README",
            "{} is of no step",
            path.display()
        );
    }
}

/// Checks each step in the value, wherever it is, and counts them.
fn check_steps(path: &Path, value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| check_steps(path, item)).sum(),
        Value::Object(step) => match step.get("uses").and_then(Value::as_str) {
            Some(uses) => {
                let kind = find(uses).unwrap_or_else(|| panic!("{}: {uses}", path.display()));
                let config = step.get("config").unwrap_or(&Value::Null);
                assert_eq!(kind.check_template(config), [], "{}", path.display());
                1
            }
            None => step.values().map(|inner| check_steps(path, inner)).sum(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn write_fields(made: &mut String, kind: &StepKind) {
    made.push_str("## Fields\n\n");
    let rows = fields(kind.schema());
    if rows.is_empty() {
        made.push_str("Any, with any values; at least one.\n\n");
        return;
    }
    made.push_str("| field | type | meaning |\n|---|---|---|\n");
    for row in rows {
        let default = match row.default.as_deref() {
            _ if row.required => ", **required**".to_owned(),
            Some("false" | "[]" | "{}" | "null") | None => String::new(),
            Some(default) => format!(", default `{}`", default.trim_matches('"')),
        };
        let (path, kind, description) = (row.path, row.kind, row.description);
        writeln!(made, "| `{path}` | {kind}{default} | {description} |").unwrap();
    }
    made.push('\n');
}

fn write_outputs(made: &mut String, kind: &StepKind) {
    made.push_str("## Outputs\n\n");
    match (kind.outputs, kind.name) {
        ([], "compose-output") => made.push_str("The configuration itself.\n\n"),
        ([], _) => made.push_str("None.\n\n"),
        (outputs, _) => {
            made.push_str("| output | meaning |\n|---|---|\n");
            for output in outputs {
                writeln!(made, "| `{}` | {} |", output.name, output.description).unwrap();
            }
            made.push('\n');
        }
    }
}

fn write_limits(made: &mut String, kind: &StepKind) {
    let again = if kind.fills_workdir {
        "If the promotion's work directory is lost, the step runs again."
    } else {
        "Once it is done, it is not done again, even if the promotion's work directory is lost."
    };
    let errors = kind.default_error_threshold;
    let tries = if errors == 1 {
        "not tried again".to_owned()
    } else {
        format!("tried {errors} times")
    };
    writeln!(
        made,
        "## Limits\n\nUnless `retry` says otherwise, the step may take {} and is {tries} after an \
         error. {again}\n",
        time(kind)
    )
    .unwrap();
}

fn time(kind: &StepKind) -> String {
    let minutes = kind.default_timeout.as_secs() / 60;
    format!("{minutes} minute{}", if minutes == 1 { "" } else { "s" })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/steps")
}

fn page(name: &str) -> PathBuf {
    folder().join(format!("{name}.md"))
}

/// Compares the part of the file between the marks, or rewrites it.
fn keep(path: &Path, made: &str) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let (before, rest) = text.split_once(BEGIN).unwrap_or((&text, ""));
    let after = rest.split_once(END).map_or("", |(_, after)| after);
    let expected = format!("{before}{made}{after}");
    // Other tests read the page meanwhile, so it is not touched without need.
    if expected != text && std::env::var_os("UPDATE").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is out of date: run with UPDATE=1",
        path.display()
    );
}
