use serde_json::{Value, json};

use super::*;

#[test]
fn recorded_patterns_select_alike() {
    for line in include_str!("../../tests/vectors/urls.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if vector["op"] != "pattern" || !vector["quirk"].is_null() {
            continue;
        }
        let input = &vector["input"];
        let pattern = input["pattern"].as_str().unwrap();
        let inputs = input["inputs"].as_array().unwrap();
        let inputs: Vec<&str> = inputs.iter().flat_map(Value::as_str).collect();
        let selected: Result<Vec<bool>, PatternError> = if input["kind"] == "path" {
            pattern
                .parse()
                .map(|p: PathPattern| inputs.iter().map(|i| p.matches(i)).collect())
        } else {
            pattern
                .parse()
                .map(|p: NamePattern| inputs.iter().map(|i| p.matches(i)).collect())
        };
        match (selected, vector["error"].is_null()) {
            (Ok(selected), true) => assert_eq!(json!(selected), vector["output"], "{vector}"),
            (Err(_), false) => {}
            (got, _) => panic!("{vector}: {got:?}"),
        }
    }
}

/// Each line has a glob and the paths that it matches, of those in the first line; or null for a
/// glob that is refused.
#[test]
fn globs_match_the_paths_of_the_table() {
    let mut table = include_str!("../../tests/vectors/globs.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let paths = table.next().unwrap();
    let paths: Vec<&str> = paths
        .as_array()
        .unwrap()
        .iter()
        .flat_map(Value::as_str)
        .collect();
    for row in table {
        let glob = Glob::new(row["glob"].as_str().unwrap());
        let matched = glob.map(|glob| {
            paths
                .iter()
                .copied()
                .filter(|path| glob.matches(path))
                .collect::<Vec<_>>()
        });
        assert_eq!(
            matched.map_or(Value::Null, |list| json!(list)),
            row["matches"],
            "{row}"
        );
    }
}

#[test]
fn a_base_folder_takes_names_with_dots() {
    let base: PathPattern = "apps/".parse().unwrap();
    assert!(base.matches("apps/a..b/values.yaml"));
    assert!(base.matches("./apps/x"));
    assert!(!base.matches("apps/../x"));
    let everything: PathPattern = ".".parse().unwrap();
    assert!(everything.matches("README.md"));
    assert!(!everything.matches("../README.md"));
}

#[test]
fn a_commit_matters_if_one_of_its_paths_does() {
    let list = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let filter = PathFilter::new(&list(&["apps"]), &list(&["glob:**/*.md"])).unwrap();
    assert!(filter.selects_any(["README.md", "apps/values.yaml"]));
    assert!(!filter.selects_any(["apps/README.md", "other/values.yaml"]));
    assert!(!filter.selects_any([]));
    assert!(PathFilter::new(&[], &[]).unwrap().is_open());
    let error = PathFilter::new(&list(&["regex:("]), &[]).unwrap_err();
    assert_eq!(error.to_string(), "pattern \"(\": unclosed group");
}

#[test]
fn names_are_compared_whole_unless_by_regex() {
    let matches = |pattern: &str, name: &str| pattern.parse::<NamePattern>().unwrap().matches(name);
    assert!(matches("prod", "prod"));
    assert!(!matches("prod", "prod-eu"));
    assert!(matches("glob:prod-{eu,us}", "prod-us"));
    assert!(matches("regex:^prod", "prod-eu"));
    assert!(matches("regexp:eu$", "prod-eu"));
}
