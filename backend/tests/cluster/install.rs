use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::pipeline::Pipeline;
use argosy_tests::{Folder, Needs, World, wait_for};

use super::{SOON, cluster};

const INSTALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests/install");
const ACCOUNT: &str = "system:serviceaccount:argosy:argosy";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_both_installations() {
    let cluster = cluster().await;
    for folder in [INSTALL.to_owned(), format!("{INSTALL}-with-volume")] {
        let applied = cluster
            .kubectl(&["apply", "--server-side", "--force-conflicts", "-k", &folder])
            .await;
        assert!(applied.unwrap().contains("deployment.apps/argosy"));
    }
    let volumes = "jsonpath={.spec.template.spec.volumes[?(@.name==\"data\")]}";
    let data = cluster
        .kubectl(&["-n", "argosy", "get", "deployment", "argosy", "-o", volumes])
        .await
        .unwrap();
    assert!(
        data.contains("persistentVolumeClaim") && !data.contains("emptyDir"),
        "{data}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn argosy_needs_no_more_than_its_own_role() {
    let world = World::start(Needs::default().cluster().git().registry())
        .await
        .unwrap();
    let cluster = world.cluster().await.unwrap();
    cluster
        .kubectl(&["apply", "--server-side", "--force-conflicts", "-k", INSTALL])
        .await
        .unwrap();
    let groups = [
        "system:serviceaccounts",
        "system:serviceaccounts:argosy",
        "system:authenticated",
    ];
    let account = cluster.kubeconfig_as(ACCOUNT, &groups).unwrap();
    // A colon in the name of a kubeconfig separates two of them.
    let folder = Folder::new().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::copy(account, &kubeconfig).unwrap();
    let options = Options::default()
        .args(["--leader-election=true"])
        .kubeconfig(&kubeconfig);
    let argosy = Argosy::start(&world, options).await.unwrap();

    let project = Pipeline::within(&world, "role", &["dev"]).await;
    let (_repo, url) = project.repository("config", &[("a.yaml", "a: 1\n")]).await;
    let steps = format!(
        "[{{uses: git-clone, config: {{repoURL: '{url}', checkout: [{{branch: main, path: ./src}}]}}}}, \
          {{uses: yaml-update, config: {{path: ./src/a.yaml, updates: [{{key: a, value: 2}}]}}}}, \
          {{uses: git-commit, config: {{path: ./src, message: Change}}}}, \
          {{uses: git-push, config: {{path: ./src}}}}]"
    );
    project.push("app", "1.0.0").await;
    project.warehouse("app").await;
    project
        .stage("dev", &["app"], "{direct: true}", &steps)
        .await;
    let freight = project.freight("app", "1.0.0").await;
    project.verified(&freight, "dev").await;
    let name = project.name.as_str();
    cluster
        .kubectl(&["-n", name, "delete", "stage", "dev", "--wait=false"])
        .await
        .unwrap();
    cluster
        .kubectl(&["delete", "project", name, "--wait=false"])
        .await
        .unwrap();
    wait_for("the project is gone", SOON, || async {
        let left = cluster
            .kubectl(&["get", "project", name, "--ignore-not-found", "-o", "name"])
            .await?;
        anyhow::ensure!(left.trim().is_empty(), "not yet");
        anyhow::Ok(())
    })
    .await
    .unwrap();
    let log = argosy.process().log();
    let denied: Vec<&str> = log
        .lines()
        .filter(|line| line.to_lowercase().contains("forbidden"))
        .collect();
    assert!(denied.is_empty(), "{denied:#?}");
    assert!(
        argosy
            .metrics()
            .await
            .unwrap()
            .contains(r#"argosy_promotions_total{"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_can_do_what_their_role_says() {
    let cluster = cluster().await;
    cluster
        .kubectl(&["apply", "--server-side", "--force-conflicts", "-k", INSTALL])
        .await
        .unwrap();
    for (user, role) in [
        ("vera", "argosy-viewer"),
        ("paul", "argosy-promoter"),
        ("anna", "argosy-admin"),
    ] {
        let binding = format!("clusterrolebinding/{user}");
        cluster
            .kubectl(&["delete", &binding, "--ignore-not-found"])
            .await
            .unwrap();
        let (role, user) = (format!("--clusterrole={role}"), format!("--user={user}"));
        let name = binding.trim_start_matches("clusterrolebinding/");
        cluster
            .kubectl(&["create", "clusterrolebinding", name, &role, &user])
            .await
            .unwrap();
    }
    for (user, verb, resource, expected) in [
        ("vera", "get", "stages.kargo.akuity.io", true),
        ("vera", "promote", "stages.kargo.akuity.io", false),
        ("vera", "create", "promotions.kargo.akuity.io", false),
        ("paul", "promote", "stages.kargo.akuity.io", true),
        ("paul", "create", "promotions.kargo.akuity.io", true),
        ("paul", "delete", "stages.kargo.akuity.io", false),
        ("anna", "delete", "stages.kargo.akuity.io", true),
        ("anna", "promote", "stages.kargo.akuity.io", true),
        ("anna", "get", "secrets", false),
        ("anna", "impersonate", "promotions.kargo.akuity.io", false),
    ] {
        // It answers `no` with an exit code that counts as an error.
        let answer = cluster
            .kubectl(&[
                "auth", "can-i", verb, resource, "--as", user, "-n", "default",
            ])
            .await;
        let can = answer.is_ok_and(|answer| answer.trim() == "yes");
        assert_eq!(can, expected, "{user} {verb} {resource}");
    }
}
