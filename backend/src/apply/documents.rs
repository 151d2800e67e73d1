//! Reads objects from files, folders and standard input.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use kube::core::{DynamicObject, TypeMeta};
use serde::Deserialize as _;
use serde_json::Value;

/// An object as it was written.
#[derive(Debug)]
pub(super) struct Document {
    /// Where it was written, for people.
    pub(super) place: String,
    pub(super) types: TypeMeta,
    pub(super) object: DynamicObject,
}

/// What a file may hold, in bytes. Larger than anything that the API server takes, times many.
const MAX: u64 = 64 << 20;
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// All objects, in the order of the files given, and of their names within folders.
pub(super) fn read(files: &[PathBuf], recursive: bool) -> anyhow::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for file in files {
        if file.as_os_str() == "-" {
            parse(
                "standard input",
                &limited(std::io::stdin())?,
                &mut documents,
            )?;
            continue;
        }
        let mut paths = Vec::new();
        if file.is_dir() {
            list(file, recursive, &mut paths)?;
        } else {
            paths.push(file.clone());
        }
        for path in paths {
            let place = path.display().to_string();
            let opened = fs::File::open(&path).with_context(|| format!("cannot read {place}"))?;
            let text = limited(opened).with_context(|| format!("cannot read {place}"))?;
            parse(&place, &text, &mut documents)?;
        }
    }
    Ok(documents)
}

fn list(folder: &Path, recursive: bool, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.with_context(|| format!("cannot read {}", folder.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // The entry's own type, so that a link to a folder above does not lead round in circles.
        if entry.file_type()?.is_dir() {
            if recursive {
                list(&path, recursive, paths)?;
            }
        } else if path
            .extension()
            .and_then(|it| it.to_str())
            .is_some_and(|it| EXTENSIONS.contains(&it))
        {
            paths.push(path);
        }
    }
    Ok(())
}

fn limited(reader: impl std::io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    reader.take(MAX + 1).read_to_string(&mut text)?;
    if MAX < text.len() as u64 {
        bail!("more than {} MiB", MAX >> 20);
    }
    Ok(text)
}

/// Takes the documents of a text apart, and lists into their items.
fn parse(file: &str, text: &str, documents: &mut Vec<Document>) -> anyhow::Result<()> {
    for (index, document) in yaml_serde::Deserializer::from_str(text).enumerate() {
        let place = format!("{file}, document {}", index + 1);
        let value = Value::deserialize(document).with_context(|| format!("{place} is no YAML"))?;
        match value {
            Value::Null => {}
            Value::Object(mut list) if list.get("kind").is_some_and(|kind| kind == "List") => {
                let Some(Value::Array(items)) = list.remove("items") else {
                    bail!("{place}: a List without items");
                };
                for (item, value) in items.into_iter().enumerate() {
                    documents.push(document_of(&format!("{place}, item {}", item + 1), value)?);
                }
            }
            value => documents.push(document_of(&place, value)?),
        }
    }
    Ok(())
}

fn document_of(place: &str, value: Value) -> anyhow::Result<Document> {
    let object: DynamicObject = serde_json::from_value(value)
        .with_context(|| format!("{place} is no Kubernetes object"))?;
    let Some(types) = object.types.clone() else {
        bail!("{place} has no apiVersion and kind");
    };
    let meta = &object.metadata;
    let Some(name) = meta.name.as_ref().or(meta.generate_name.as_ref()) else {
        bail!("{place}: a {} without metadata.name", types.kind);
    };
    let place = format!("{}/{name} ({place})", types.kind.to_lowercase());
    Ok(Document {
        place,
        types,
        object,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[PathBuf], recursive: bool) -> Vec<String> {
        let documents = read(files, recursive).unwrap();
        documents
            .into_iter()
            .map(|document| document.object.metadata.name.unwrap_or_default())
            .collect()
    }

    fn object(name: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: {name} }}\n")
    }

    #[test]
    fn folders_are_read_in_order_and_only_as_deep_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        write(
            "b.yaml",
            format!("# nothing\n---\n{}---\n{}", object("b1"), object("b2")),
        );
        write("a.yml", object("a"));
        write("deep/c.yaml", object("c"));
        write("readme.md", "none".into());
        let files = [folder.path().to_owned()];
        assert_eq!(names(&files, false), ["a", "b1", "b2"]);
        assert_eq!(names(&files, true), ["a", "b1", "b2", "c"]);
    }

    #[test]
    fn a_list_is_its_items() {
        let mut documents = Vec::new();
        let list = r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}]}"#;
        parse("x", list, &mut documents).unwrap();
        assert_eq!(documents[0].place, "secret/s (x, document 1, item 1)");
    }

    #[test]
    fn what_is_no_object_is_named() {
        let check = |text: &str, wanted: &str| {
            let error = format!("{:#}", parse("f.yaml", text, &mut Vec::new()).unwrap_err());
            assert!(error.starts_with(wanted), "{error}");
        };
        check("a: [", "f.yaml, document 1 is no YAML");
        check(
            "---
---
only text",
            "f.yaml, document 2 is no Kubernetes object",
        );
        check(
            "metadata: { name: 7 }",
            "f.yaml, document 1 is no Kubernetes object",
        );
        check(
            "metadata: { name: x }",
            "f.yaml, document 1 has no apiVersion and kind",
        );
        check(
            "apiVersion: v1\nkind: Secret\nmetadata: {}",
            "f.yaml, document 1: a Secret without metadata.name",
        );
    }
}
