//! What differs between two folders, found by reading only the folders that differ.

use std::collections::BTreeSet;

use git2::{ObjectType, Oid, Repository, Tree};

use super::GitError;
use super::error::Doing as _;

const DOING: &str = "comparing commits";

/// The paths of files that are in one of the trees only, or differ.
pub(super) fn changed(
    repository: &Repository,
    old: &Tree<'_>,
    new: &Tree<'_>,
) -> Result<Vec<Vec<u8>>, GitError> {
    let mut paths = Vec::new();
    folders(repository, Some(old), Some(new), &[], &mut paths)?;
    Ok(paths)
}

fn folders(
    repository: &Repository,
    old: Option<&Tree<'_>>,
    new: Option<&Tree<'_>>,
    folder: &[u8],
    paths: &mut Vec<Vec<u8>>,
) -> Result<(), GitError> {
    // Longer than any path can be: made to exhaust the stack.
    if 4096 < folder.len() {
        return Err(GitError::Damaged {
            reason: "folders are nested too deep".to_owned(),
        });
    }
    let names: BTreeSet<Vec<u8>> = [old, new]
        .into_iter()
        .flatten()
        .flat_map(|tree| tree.iter())
        .map(|entry| entry.name_bytes().to_owned())
        .collect();
    for name in names {
        let at = |tree: Option<&Tree<'_>>| {
            let entry = tree?.get_name_bytes(&name)?;
            Some((entry.id(), entry.filemode(), entry.kind()))
        };
        let (before, after) = (at(old), at(new));
        if before == after {
            continue;
        }
        let path = [folder, name.as_slice()].concat();
        let is_file = |entry: Option<(Oid, i32, Option<ObjectType>)>| {
            entry.is_some_and(|(_, _, kind)| kind != Some(ObjectType::Tree))
        };
        if is_file(before) || is_file(after) {
            paths.push(path.clone());
        }
        let tree = |entry: Option<(Oid, i32, Option<ObjectType>)>| match entry {
            Some((id, _, Some(ObjectType::Tree))) => {
                repository.find_tree(id).doing(DOING).map(Some)
            }
            Some(_) | None => Ok(None),
        };
        let (before, after) = (tree(before)?, tree(after)?);
        if before.is_some() || after.is_some() {
            let folder = [&path, b"/".as_slice()].concat();
            folders(repository, before.as_ref(), after.as_ref(), &folder, paths)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use git2::FileMode;
    use git2::build::TreeUpdateBuilder;

    use super::*;

    #[test]
    fn files_that_came_went_or_changed_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        let empty = repository.treebuilder(None).unwrap().write().unwrap();
        let empty = repository.find_tree(empty).unwrap();
        let tree = |files: &[(&str, &str)]| {
            let mut update = TreeUpdateBuilder::new();
            for (path, text) in files {
                update.upsert(
                    *path,
                    repository.blob(text.as_bytes()).unwrap(),
                    FileMode::Blob,
                );
            }
            let tree = update.create_updated(&repository, &empty).unwrap();
            repository.find_tree(tree).unwrap()
        };
        let old = tree(&[
            ("a/same", "1"),
            ("a/x", "1"),
            ("gone/b", "1"),
            ("f", "1"),
            ("same/c", "1"),
        ]);
        let new = tree(&[
            ("a/same", "1"),
            ("a/x", "2"),
            ("f/now/folder", "1"),
            ("n", "1"),
            ("same/c", "1"),
        ]);
        let paths = changed(&repository, &old, &new).unwrap();
        let paths: Vec<_> = paths
            .iter()
            .map(|path| std::str::from_utf8(path).unwrap())
            .collect();
        assert_eq!(paths, ["a/x", "f", "f/now/folder", "gone/b", "n"]);
        assert!(changed(&repository, &old, &old).unwrap().is_empty());
    }
}
