use std::error::Error as _;

use serde_json::{Value, json};

use super::*;

fn subscription(value: Value) -> ImageSubscription {
    serde_json::from_value(value).unwrap()
}

fn selection(value: Value) -> Selection {
    Selection::new(&subscription(value)).unwrap()
}

fn facts(digest: &str, second: i64) -> Option<ImageFacts> {
    let created = Timestamp::from_second(second).ok();
    Some(ImageFacts {
        digest: digest.to_owned(),
        created,
        ..ImageFacts::default()
    })
}

/// The tags that are picked when every image can be read.
fn picked(selection: &Selection, tags: &[&str]) -> Vec<String> {
    let candidates = selection.candidates(tags);
    let built = |tag: &str| tags.iter().position(|t| *t == tag).unwrap();
    let mut known = Known::new();
    loop {
        match selection.pick(&candidates, &known) {
            Pick::Done(images) => return images.into_iter().map(|image| image.tag).collect(),
            Pick::Read(tags) => {
                assert!(tags.iter().all(|tag| !known.contains_key(*tag)));
                let read = tags
                    .iter()
                    .map(|tag| ((*tag).to_owned(), facts("d", built(tag) as i64)));
                known.extend(read);
            }
        }
    }
}

#[test]
fn recorded_selections_are_the_same() {
    for line in include_str!("../../tests/vectors/semver.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if vector["op"] != "image-select" {
            continue;
        }
        let input = &vector["input"];
        let strategy = input["strategy"]
            .as_str()
            .filter(|s| !s.is_empty())
            .unwrap_or("SemVer");
        let mut wanted = json!({
            "repoURL": "example.org/app",
            "imageSelectionStrategy": strategy,
            "strictSemvers": input["strict"] == json!(true),
            "discoveryLimit": 100,
            "allowTagsRegexes": input["allow"].as_array().cloned().unwrap_or_default(),
            "ignoreTagsRegexes": input["ignore"].as_array().cloned().unwrap_or_default(),
        });
        for (from, to) in [("constraint", "constraint"), ("legacyAllow", "allowTags")] {
            if !input[from].is_null() {
                wanted[to] = input[from].clone();
            }
        }
        let selection = Selection::new(&subscription(wanted));
        match (selection, vector["error"].is_null()) {
            (Ok(selection), true) => {
                let tags: Vec<&str> = input["tags"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .flat_map(Value::as_str)
                    .collect();
                assert_eq!(
                    json!(picked(&selection, &tags)),
                    vector["output"],
                    "{vector}"
                );
            }
            (Err(_), false) => {}
            (got, _) => panic!("{vector}: {got:?}"),
        }
    }
}

#[test]
fn strict_versions_have_three_numbers() {
    let selection = selection(json!({"repoURL": "a/b"}));
    let tags = [
        "latest", "1.2", "1", "20240301", "v1.0.0", "1.0.0", "1.10.0", "1.9.0", "2.0.0-rc",
    ];
    assert_eq!(
        selection.candidates(&tags),
        ["2.0.0-rc", "1.10.0", "1.9.0", "v1.0.0", "1.0.0"]
    );
}

#[test]
fn the_older_field_for_the_constraint_works() {
    let selection = selection(json!({"repoURL": "a/b", "semverConstraint": "^1.0.0"}));
    assert_eq!(
        selection.candidates(&["2.0.0", "1.1.0", "1.2.0-rc"]),
        ["1.1.0"]
    );
}

#[test]
fn no_more_images_are_read_than_needed() {
    let selection = selection(json!({"repoURL": "a/b", "discoveryLimit": 2}));
    let tags = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"];
    let candidates = selection.candidates(&tags);
    let mut known = Known::new();
    assert_eq!(
        selection.pick(&candidates, &known),
        Pick::Read(vec!["1.3.0", "1.2.0"])
    );
    known.insert("1.3.0".to_owned(), None); // not for this platform
    known.insert("1.2.0".to_owned(), facts("b", 0));
    assert_eq!(
        selection.pick(&candidates, &known),
        Pick::Read(vec!["1.1.0"])
    );
    known.insert("1.1.0".to_owned(), facts("c", 0));
    let Pick::Done(images) = selection.pick(&candidates, &known) else {
        panic!("all is known")
    };
    assert_eq!(
        images.iter().map(|i| i.tag.as_str()).collect::<Vec<_>>(),
        ["1.2.0", "1.1.0"]
    );
    assert_eq!(images[0].digest, "b");
}

#[test]
fn the_newest_build_is_told_by_time_then_tag() {
    let newest = json!({
        "repoURL": "a/b", "imageSelectionStrategy": "NewestBuild", "discoveryLimit": 3,
    });
    let selection = selection(newest);
    let candidates = selection.candidates(&["a", "b", "c", "d"]);
    let unknown = Some(ImageFacts::default());
    let known = [
        ("a", facts("", 5)),
        ("b", facts("", 9)),
        ("c", facts("", 5)),
        ("d", unknown),
    ];
    let known: Known = known
        .into_iter()
        .map(|(tag, image)| (tag.to_owned(), image))
        .collect();
    let Pick::Done(images) = selection.pick(&candidates, &known) else {
        panic!("all is known")
    };
    assert_eq!(
        images.iter().map(|i| i.tag.as_str()).collect::<Vec<_>>(),
        ["b", "c", "a"]
    );
    assert_eq!(
        selection.pick(&candidates, &Known::new()),
        Pick::Read(candidates.clone())
    );
}

#[test]
fn digest_follows_one_tag() {
    let digest = json!({
        "repoURL": "a/b", "imageSelectionStrategy": "Digest", "constraint": "latest",
        "allowTagsRegexes": ["^1"],
    });
    let selection = selection(digest);
    assert_eq!(selection.listing(), Listing::OneTag("latest"));
    let candidates = selection.candidates(&["latest"]);
    let known = Known::from([("latest".to_owned(), None)]);
    assert_eq!(selection.pick(&candidates, &known), Pick::Done(Vec::new()));
    let without = subscription(json!({"repoURL": "a/b", "imageSelectionStrategy": "Digest"}));
    assert_eq!(Selection::new(&without).unwrap_err(), SelectionError::NoTag);
}

#[test]
fn errors_name_the_field() {
    let refusal = |field: &str, value: Value| {
        let mut wanted = json!({"repoURL": "a/b"});
        wanted[field] = value;
        let error = Selection::new(&subscription(wanted)).unwrap_err();
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        (error.to_string(), cause)
    };
    assert_eq!(
        refusal("ignoreTagsRegexes", json!(["ok", "("])),
        (
            "ignoreTagsRegexes[1]".to_owned(),
            "pattern \"(\": unclosed group".to_owned()
        )
    );
    assert_eq!(
        refusal("ignoreTags", json!(["x"])).0,
        "ignoreTags: no longer supported, use ignoreTagsRegexes"
    );
    assert_eq!(
        refusal("semverConstraint", json!(">>1")),
        (
            "semverConstraint".to_owned(),
            "constraint \">>1\": expected a version at column 2".to_owned()
        )
    );
}
