//! `copy` and `delete`: the recorded answers, and what they refuse.

use argosy::steps::FaultKind;
use serde_json::{Value, json};

use super::bench::Bench;

#[tokio::test]
async fn copy_and_delete_do_what_was_recorded() {
    let vectors = include_str!("../vectors/copy-delete.jsonl");
    for line in vectors.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let bench = Bench::new();
        for (path, content) in vector["input"]["files"].as_object().unwrap() {
            let link = content["symlink"]
                .as_str()
                .map(|target| format!("-> {target}"));
            bench.write(
                path,
                link.as_deref().or(content.as_str()).unwrap_or_default(),
            );
        }
        let step = &vector["input"]["steps"][0];
        let answer = bench
            .run(step["uses"].as_str().unwrap(), step["config"].clone())
            .await;
        let want = &vector["output"]["results"][0];
        assert_eq!(
            answer.is_ok(),
            want["error"].is_null(),
            "{line}: {answer:?}"
        );
        if let Err(fault) = answer {
            assert_eq!(
                fault.may_help(),
                want["terminal"] == false,
                "{line}: {fault}"
            );
        }
        let files: Value = bench
            .files()
            .into_iter()
            .map(|(path, text)| (path, Value::from(text)))
            .collect();
        let mut wanted = vector["output"]["files"].clone();
        for content in wanted.as_object_mut().unwrap().values_mut() {
            if content.is_null() {
                *content = json!("");
            }
        }
        assert_eq!(files, wanted, "{line}");
    }
}

/// Runs a step that must be refused, and looks that nothing outside has changed.
async fn refused(files: &[(&str, &str)], kind: &str, config: Value) {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "s").unwrap();
    let bench = Bench::new();
    for (path, text) in files {
        bench.write(
            path,
            &text.replace("OUTSIDE", outside.path().to_str().unwrap()),
        );
    }
    let fault = bench
        .run(kind, config.clone())
        .await
        .expect_err(&config.to_string());
    assert_eq!(
        (fault.kind, fault.may_help()),
        (FaultKind::Failed, false),
        "{config}: {fault}"
    );
    assert_eq!(
        std::fs::read_to_string(outside.path().join("secret")).unwrap(),
        "s"
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn nothing_outside_the_work_directory_is_touched() {
    refused(
        &[("a", "x")],
        "copy",
        json!({"inPath": "a", "outPath": "../b"}),
    )
    .await;
    refused(&[], "copy", json!({"inPath": "../journal", "outPath": "b"})).await;
    refused(
        &[("a", "x"), ("l", "-> OUTSIDE")],
        "copy",
        json!({"inPath": "a", "outPath": "l/b"}),
    )
    .await;
    refused(
        &[("l", "-> OUTSIDE/secret")],
        "copy",
        json!({"inPath": "l", "outPath": "b"}),
    )
    .await;
    let nested = [("src/secret", "x"), ("dst", "-> OUTSIDE")];
    refused(&nested, "copy", json!({"inPath": "src", "outPath": "dst"})).await;
    let file = [("src/secret", "x"), ("dst/secret", "-> OUTSIDE/secret")];
    refused(&file, "copy", json!({"inPath": "src", "outPath": "dst"})).await;
    refused(&[], "delete", json!({"path": "../journal"})).await;
    refused(&[], "delete", json!({"path": "."})).await;
    refused(
        &[("l", "-> OUTSIDE")],
        "delete",
        json!({"path": "l/secret"}),
    )
    .await;
    refused(
        &[],
        "delete",
        json!({"path": "../*", "pathsAreGlobs": true}),
    )
    .await;
}

#[tokio::test]
async fn a_folder_is_copied_into_itself_once() {
    let bench = Bench::new();
    bench.write("a.txt", "a");
    bench.write("out/old.txt", "o");
    bench
        .run("copy", json!({"inPath": ".", "outPath": "out"}))
        .await
        .unwrap();
    let names: Vec<_> = bench.files().into_keys().collect();
    assert_eq!(names, ["a.txt", "out/a.txt", "out/old.txt"]);
}

#[tokio::test]
async fn a_link_found_by_a_pattern_is_deleted_and_its_target_is_not() {
    let bench = Bench::new();
    bench.write("folder/a", "a");
    bench.write("links/x", "-> ../folder");
    bench
        .run("delete", json!({"path": "links/*", "pathsAreGlobs": true}))
        .await
        .unwrap();
    assert_eq!(
        bench.files().into_keys().collect::<Vec<_>>(),
        ["folder/a", "links/"]
    );
}
