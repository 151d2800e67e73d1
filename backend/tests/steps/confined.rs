//! What programs that steps run cannot do.

use std::time::{Duration, Instant};

use argosy::tools::{Confinement, Tools};
use serde_json::json;

use super::bench::Bench;

#[tokio::test]
async fn a_kustomization_cannot_load_what_is_not_in_the_work_directory() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("token"), "secret\n").unwrap();
    let bench = Bench::new();
    let token = outside.path().join("token");
    let kustomization = format!(
        "configMapGenerator: [{{name: a, files: [{}]}}]\n",
        token.display()
    );
    bench.write("k/kustomization.yaml", &kustomization);
    let fault = bench
        .run("kustomize-build", json!({"path": "k", "outPath": "o.yaml"}))
        .await
        .unwrap_err();
    assert!(
        fault.message.contains("permission denied") || fault.message.contains("security"),
        "{fault}"
    );
    // A file in the work directory, but not below the kustomization, is as good as any.
    bench.write("shared/file", "fine\n");
    bench.write(
        "k/kustomization.yaml",
        "configMapGenerator: [{name: a, files: [../shared/file]}]\n",
    );
    if Tools::new("kustomize".as_ref(), "helm".as_ref()).confinement() == Confinement::Landlock {
        bench
            .run("kustomize-build", json!({"path": "k", "outPath": "o.yaml"}))
            .await
            .unwrap();
        assert!(bench.read("o.yaml").contains("fine"));
    }
}

/// A program that tells of its environment, and then sleeps together with a child.
const PROGRAM: &str = "#!/bin/sh
env > seen
sleep 60 &
echo $! > child
sleep 60
";

#[tokio::test]
async fn a_program_gets_nothing_of_ours_and_dies_with_its_children() {
    let mut bench = Bench::new();
    let program = bench.work().join("program");
    bench.write("program", PROGRAM);
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let services = std::sync::Arc::get_mut(&mut bench.services).unwrap();
    services.tools = Tools::new(&program, &program);
    let step = bench.step("kustomize-build", json!({"path": ".", "outPath": "o.yaml"}));
    let run = argosy::steps::runner("kustomize-build").unwrap().run(&step);
    let child = async {
        argosy_tests::wait_for("the child runs", Duration::from_secs(10), || async {
            let child = std::fs::read_to_string(bench.work().join("child"))?;
            Ok(child.trim().parse::<u32>()?)
        })
        .await
        .unwrap()
    };
    let child = tokio::select! {
        ended = run => panic!("the program ended: {ended:?}"),
        child = child => child,
    };
    let begin = Instant::now();
    argosy_tests::wait_for("the child is gone", Duration::from_secs(5), || async move {
        let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let running = !state.is_empty() && !state.contains(") Z ");
        anyhow::ensure!(!running, "{state}");
        Ok(())
    })
    .await
    .unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    let seen = bench.read("seen");
    let names: Vec<_> = seen
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    let known = [
        "HOME", "LC_ALL", "OLDPWD", "PATH", "PWD", "SHLVL", "TMPDIR", "_",
    ];
    let fine = |name: &&&str| {
        known.contains(*name)
            || name.starts_with("XDG_")
            || name.to_lowercase().ends_with("_proxy")
            || name.starts_with("SSL_CERT_")
    };
    assert_eq!(
        names.iter().filter(|name| !fine(name)).collect::<Vec<_>>(),
        Vec::<&&str>::new()
    );
}
