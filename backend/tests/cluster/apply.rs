use std::path::Path;
use std::process::Output;

use argosy_tests::Folder;
use argosy_tests::kubernetes::Cluster;
use tokio::process::Command;

use super::{cluster, project};

async fn argosy(cluster: &Cluster, arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_argosy"))
        .args(arguments)
        .env("KUBECONFIG", cluster.kubeconfig())
        .current_dir(folder)
        .output()
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_tells_what_came_of_each_object() {
    let cluster = cluster().await;
    let name = project(cluster).await;
    let folder = Folder::new().unwrap();
    let write = |file: &str, text: String| std::fs::write(folder.path().join(file), text).unwrap();
    let warehouse = |interval: &str| {
        format!(
            "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{ name: app, namespace: {name} }}\n\
             spec: {{ interval: {interval}, subscriptions: [{{ image: {{ repoURL: ghcr.io/acme/app }} }}] }}\n"
        )
    };
    let project = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {{ name: {name} }}\n"
    );
    write("all.yaml", format!("{}---\n{project}", warehouse("5m")));
    let map =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: map, namespace: {name} }}\n");
    write("map.yml", map);

    let apply = ["apply", "-f", "."];
    let first = argosy(cluster, &apply, folder.path()).await;
    let expected =
        format!("project/{name} created\nwarehouse/app created\nconfigmap/map created\n");
    assert_eq!(
        (text(&first.stdout), first.status.code()),
        (expected, Some(0)),
        "{}",
        text(&first.stderr)
    );

    write("all.yaml", format!("{}---\n{project}", warehouse("10m")));
    let second = argosy(cluster, &apply, folder.path()).await;
    let expected =
        format!("project/{name} unchanged\nwarehouse/app configured\nconfigmap/map unchanged\n");
    assert_eq!(text(&second.stdout), expected, "{}", text(&second.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_object_is_named_and_the_others_are_applied() {
    let cluster = cluster().await;
    let name = project(cluster).await;
    let folder = Folder::new().unwrap();
    let text_of = format!(
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {{ name: bad, namespace: {name} }}\n\
         spec: {{ subscriptions: [] }}\n---\n\
         apiVersion: example.com/v7\nkind: Nonsense\nmetadata: {{ name: none, namespace: {name} }}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: map, namespace: {name} }}\n"
    );
    std::fs::write(folder.path().join("all.yaml"), text_of).unwrap();
    let output = argosy(cluster, &["apply", "-f", "all.yaml"], folder.path()).await;
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    assert!(out.contains("configmap/map created"), "{out}");
    assert!(
        out.contains("warehouse/bad (all.yaml, document 1): "),
        "{out}"
    );
    assert!(
        out.contains("the cluster has no Nonsense in example.com/v7"),
        "{out}"
    );
    assert!(err.contains("2 of 3 objects were not applied"), "{err}");
}
