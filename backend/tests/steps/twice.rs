//! Every step runs a second time after a crash, and then comes to the same.

use argosy::steps::runner;
use argosy_core::steps::STEPS;
use serde_json::{Value, json};

use super::bench::Bench;

#[test]
fn every_kind_has_its_runner() {
    for kind in STEPS {
        let runner = runner(kind.name).unwrap_or_else(|| panic!("nothing runs {}", kind.name));
        assert_eq!(runner.kind(), kind.name);
    }
}

/// Kinds that reach other servers. They are repeated in `git.rs` here, and in `engine/applications.rs`.
const ELSEWHERE: &[&str] = &[
    "argocd-update",
    "git-clear",
    "git-clone",
    "git-commit",
    "git-push",
];

/// What each kind is tried with.
fn example(kind: &str) -> Option<Value> {
    Some(match kind {
        "compose-output" => json!({"a": 1}),
        "copy" => json!({"inPath": "src", "outPath": "dst"}),
        "delete" => json!({"path": "src/a.txt", "strict": true}),
        "fail" => json!({"message": "no"}),
        "helm-template" => json!({"path": "c", "outPath": "out", "releaseName": "r"}),
        "kustomize-build" => json!({"path": "k", "outPath": "out.yaml"}),
        "kustomize-set-image" => json!({"path": "k", "images": [{"image": "nginx", "tag": "1.2"}]}),
        "yaml-update" => json!({"path": "values.yaml", "updates": [{"key": "a.b", "value": 2}]}),
        _ => return None,
    })
}

#[tokio::test]
async fn a_repeated_step_comes_to_the_same() {
    for kind in STEPS {
        let Some(config) = example(kind.name) else {
            assert!(
                ELSEWHERE.contains(&kind.name),
                "{} is never repeated",
                kind.name
            );
            continue;
        };
        let bench = Bench::new();
        bench.write("src/a.txt", "a");
        bench.write("values.yaml", "a: {b: 1} # kept\n");
        bench.write("k/kustomization.yaml", "resources: [cm.yaml]\n");
        bench.write(
            "k/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        );
        bench.write(
            "c/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        );
        bench.write(
            "c/templates/cm.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        );
        let before = bench.files();
        let first = bench.run(kind.name, config.clone()).await;
        let after = bench.files();
        assert_eq!(before != after, kind.fills_workdir, "{}", kind.name);
        let second = bench.run(kind.name, config).await;
        assert_eq!((second, bench.files()), (first, after), "{}", kind.name);
    }
}
