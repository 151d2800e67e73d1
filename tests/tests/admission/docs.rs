//! Every manifest of the documentation applies.

use std::path::Path;

use crate::ask::{accepts, store};
use crate::ground::ground;

#[tokio::test]
async fn manifests_of_the_pages_on_kinds_apply() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut pages: Vec<_> = std::fs::read_dir(docs.join("kinds"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    pages.push(docs.join("apply-order.md"));
    let mut count = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for manifest in manifests(&text) {
            accepts_in_place(manifest).await;
            count += 1;
        }
    }
    assert!(10 < count, "only {count} manifests were found");
}

/// The documents in the blocks of YAML of a page.
fn manifests(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"));
    blocks
        .flat_map(|(block, _)| block.split("\n---\n"))
        .filter(|it| it.contains("apiVersion: kargo."))
}

/// A `ProjectConfig` has the name of the namespace that it is tried in.
async fn accepts_in_place(manifest: &str) {
    if manifest.contains("kind: ProjectConfig") {
        let name = format!("  name: {}\n", ground().await.project);
        accepts(&manifest.replacen("  name: shop\n", &name, 1)).await;
    } else {
        accepts(manifest).await;
    }
}

#[tokio::test]
async fn kubectl_explain_teaches() {
    let cluster = ground().await.cluster();
    let said = cluster
        .kubectl(&["explain", "stage.spec.requestedFreight.sources"])
        .await
        .unwrap();
    for words in [
        "requiredSoakTime\t<string>",
        "How long it must have been",
        "`OneOf`: One of them",
    ] {
        assert!(said.contains(words), "`{words}` is not in:\n{said}");
    }
}

#[tokio::test]
async fn stages_show_their_phase() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: Stage, metadata: {name: s}, spec: {shard: east, requestedFreight: [{origin: {kind: Warehouse, name: w}, sources: {direct: true}}]}, status: {phase: Steady, freightSummary: abc, health: {status: Healthy}, conditions: [{type: Ready, status: 'True', reason: Verified, message: All is well, lastTransitionTime: '2026-01-01T00:00:00Z'}]}}";
    let stored = store(manifest).await;
    let ground = ground().await;
    let name = stored["metadata"]["name"].as_str().unwrap();
    let table = ground
        .cluster()
        .kubectl(&["-n", &ground.project, "get", "stages", name])
        .await
        .unwrap();
    let (head, row) = table.split_once('\n').unwrap();
    let columns: Vec<_> = head
        .split("  ")
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(
        columns,
        [
            "NAME",
            "SHARD",
            "CURRENT FREIGHT",
            "HEALTH",
            "PHASE",
            "READY",
            "STATUS",
            "AGE"
        ]
    );
    let cells: Vec<_> = row
        .split("  ")
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(
        cells[1..7],
        ["east", "abc", "Healthy", "Steady", "True", "All is well"]
    );
}

#[tokio::test]
async fn short_names_work() {
    let ground = ground().await;
    for name in [
        "promo",
        "promos",
        "promotask",
        "promotasks",
        "clusterpromotask",
        "clusterpromotasks",
        "promotionrequest",
    ] {
        ground
            .cluster()
            .kubectl(&["-n", &ground.project, "get", name])
            .await
            .unwrap();
    }
}
