//! `manifests/crds/` and the tables of `docs/kinds/` hold what the types say.
//! `UPDATE=1 cargo test -p argosy-api` rewrites them.

#![expect(
    clippy::unwrap_used,
    reason = "a test may say what it expects by failing"
)]

mod fields;

use std::fs;
use std::path::Path;

const HEADER: &str = "\
# Made from the types in backend/api. `UPDATE=1 cargo test -p argosy-api` makes it anew.
";

#[test]
fn crd_files_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/crds");
    let update = std::env::var_os("UPDATE").is_some();
    let mut resources = Vec::new();
    for definition in argosy_api::crds::all() {
        let file = format!("{}.yaml", definition.spec.names.plural);
        let yaml = yaml_serde::to_string(&definition).unwrap();
        check(&folder.join(&file), &format!("{HEADER}{yaml}"), update);
        resources.push(format!("- {file}\n"));
    }
    let kustomization = format!(
        "{HEADER}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{}",
        resources.concat()
    );
    check(&folder.join("kustomization.yaml"), &kustomization, update);
}

fn check(path: &Path, expected: &str, update: bool) {
    if update {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{} is out of date: run with UPDATE=1",
        path.display()
    );
}

/// From here to its end a page is made of the schema.
const FIELDS: &str = "\n## Fields\n";

#[test]
fn pages_of_kinds_list_their_fields() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kinds");
    let update = std::env::var_os("UPDATE").is_some();
    for definition in argosy_api::crds::all() {
        // Its page is that of the tasks of one Project.
        if definition.spec.names.kind == "ClusterPromotionTask" {
            continue;
        }
        let path = folder.join(format!("{}.md", page_name(&definition.spec.names.kind)));
        let page = fs::read_to_string(&path).unwrap_or_default();
        let written = page
            .split_once(FIELDS)
            .map_or(page.as_str(), |(written, _)| written);
        let schema = &definition.spec.versions[0]
            .schema
            .as_ref()
            .unwrap()
            .open_api_v3_schema;
        let made = fields::render(&serde_json::to_value(schema).unwrap());
        check(&path, &format!("{written}{FIELDS}{made}"), update);
    }
}

/// `ProjectConfig` is `project-config`.
fn page_name(kind: &str) -> String {
    let mut name = String::new();
    for (index, letter) in kind.char_indices() {
        if letter.is_ascii_uppercase() && 0 < index {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn definitions_fit_into_the_annotation_of_kubectl_apply() {
    for definition in argosy_api::crds::all() {
        let size = serde_json::to_string(&definition).unwrap().len();
        assert!(
            size < 200_000,
            "{}: {size} bytes",
            definition.spec.names.plural
        );
    }
}

#[test]
fn every_field_is_described() {
    fn walk(schema: &serde_json::Value, path: &str) {
        let Some(properties) = schema.get("properties").and_then(|found| found.as_object()) else {
            for inner in ["items", "additionalProperties"] {
                if let Some(schema) = schema.get(inner) {
                    walk(schema, path);
                }
            }
            return;
        };
        for (name, schema) in properties {
            let path = format!("{path}.{name}");
            assert!(
                schema.get("description").is_some(),
                "{path} has no description"
            );
            walk(schema, &path);
        }
    }
    for definition in argosy_api::crds::all() {
        let schema = &definition.spec.versions[0]
            .schema
            .as_ref()
            .unwrap()
            .open_api_v3_schema;
        walk(
            &serde_json::to_value(schema).unwrap(),
            &definition.spec.names.kind,
        );
    }
}
