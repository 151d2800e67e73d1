use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::{Folder, Needs, World};

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
    let cluster = cluster().await;
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
    let world = World::shared(Needs::default().cluster()).await.unwrap();
    let options = Options::default()
        .args(["--leader-election=true"])
        .kubeconfig(&kubeconfig);
    let argosy = Argosy::start(world, options).await.unwrap();
    argosy_tests::wait_for("it leads", SOON, || async {
        anyhow::ensure!(
            argosy.metrics().await?.contains("\nargosy_leader 1\n"),
            "not yet"
        );
        anyhow::Ok(())
    })
    .await
    .unwrap();
    let log = argosy.process().log();
    assert!(!log.to_lowercase().contains("forbidden"), "{log}");
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
