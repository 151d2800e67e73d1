use std::cmp::Ordering;

use serde_json::{Value, json};

use super::*;

fn lines(file: &str) -> impl Iterator<Item = Value> + '_ {
    file.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

#[test]
fn recorded_answers_are_the_same() {
    for vector in lines(include_str!("../../tests/vectors/semver.jsonl")) {
        let input = &vector["input"];
        let got = match text(&vector, "op") {
            "constraint" => constraint(input),
            "semver-parse" => Ok(parsed(input)),
            "semver-sort" => Ok(sorted(input)),
            "image-select" => continue,
            other => panic!("nobody checks {other}"),
        };
        match (&got, vector["error"].is_null()) {
            (Ok(got), true) => assert_eq!(got, &vector["output"], "{vector}"),
            (Err(_), false) => {}
            _ => panic!("{vector}: {got:?}"),
        }
    }
}

fn constraint(input: &Value) -> Result<Value, String> {
    let constraint: Constraint = text(input, "constraint")
        .parse()
        .map_err(|e: ConstraintError| e.to_string())?;
    let version = Version::loose(text(input, "version")).map_err(|e| e.to_string())?;
    Ok(json!(constraint.allows(&version)))
}

fn parsed(input: &Value) -> Value {
    let version = text(input, "version");
    let version = if input["strict"] == json!(true) {
        Version::strict(version)
    } else {
        Version::loose(version)
    };
    let Ok(version) = version else {
        return Value::Null;
    };
    let parts = version.parts();
    json!({
        "major": parts.major, "minor": parts.minor, "patch": parts.patch,
        "prerelease": parts.pre.as_str(), "metadata": parts.build.as_str(),
        "original": version.original(), "string": version.to_string(),
    })
}

fn sorted(input: &Value) -> Value {
    let versions = input["versions"].as_array().unwrap().iter();
    let mut versions: Vec<_> = versions
        .map(|text| Version::loose(text.as_str().unwrap()).unwrap())
        .collect();
    versions.sort_by(Version::precedence);
    versions.iter().map(Version::original).collect()
}

/// Each line has a constraint and which of the versions of the first line it allows.
#[test]
fn every_operator_allows_the_versions_of_the_table() {
    let mut table = lines(include_str!("../../tests/vectors/constraints.jsonl"));
    let versions = table.next().unwrap();
    let versions: Vec<&str> = versions
        .as_array()
        .unwrap()
        .iter()
        .flat_map(Value::as_str)
        .collect();
    for row in table {
        let constraint: Result<Constraint, _> = text(&row, "constraint").parse();
        let allowed = constraint.map(|constraint| {
            let allows = |text: &&&str| constraint.allows(&Version::loose(text).unwrap());
            versions.iter().filter(allows).collect::<Vec<_>>()
        });
        assert_eq!(
            allowed.map_or(Value::Null, |list| json!(list)),
            row["allows"],
            "{row}"
        );
    }
}

#[test]
fn a_wildcard_alone_is_every_version_or_none() {
    for (constraint, allows) in [
        ("^*", true),
        ("<=*", true),
        (">=*", true),
        ("~x", true),
        ("*", true),
        ("!=*", false),
        (">*", false),
        ("<*", false),
    ] {
        let constraint: Constraint = constraint.parse().unwrap();
        assert_eq!(
            constraint.allows(&Version::loose("1.2.3").unwrap()),
            allows,
            "{constraint}"
        );
    }
}

#[test]
fn errors_say_where() {
    let check = |constraint: &str, column: usize, message: &str| {
        let error = constraint.parse::<Constraint>().unwrap_err();
        assert_eq!(
            (error.column, error.message),
            (column, message),
            "{constraint}"
        );
    };
    check("", 1, "expected a version");
    check(">=1.2 <y", 8, "expected a version");
    check("1.x ||", 7, "expected a version");
    check("==1", 2, "expected a version");
    check("1.2.3.4", 6, "expected a space, comma or ||");
    check("1.2,", 5, "expected a version");
    check("1.2.3-", 7, "expected a pre-release");
    check("^99999999999999999999", 22, "number too large before");
    let error = "^1.2 | 2".parse::<Constraint>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "constraint \"^1.2 | 2\": expected a version at column 6"
    );
}

#[test]
fn build_metadata_does_not_order() {
    let version = |text| Version::strict(text).unwrap();
    assert_eq!(
        version("1.0.0+a").precedence(&version("v1.0.0+b")),
        Ordering::Equal
    );
    assert_eq!(
        version("1.0.0-rc.9").precedence(&version("1.0.0-rc.10")),
        Ordering::Less
    );
}

#[test]
fn a_text_that_is_no_version_is_told_why() {
    let why = |text| Version::strict(text).unwrap_err().to_string();
    assert_eq!(
        why("1.2"),
        "\"1.2\" is not a version: it has less than three parts"
    );
    assert_eq!(
        why("1.2.03"),
        "\"1.2.03\" is not a version: a number has a leading zero"
    );
    assert_eq!(
        why("latest"),
        "\"latest\" is not a version: it does not start with numbers"
    );
}
