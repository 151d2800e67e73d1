//! Merging folders.
//!
//! libgit2 compares every file of a repository to merge two commits. Promotions change few files,
//! and mostly different ones: folders that only one side has changed are taken as they are, and
//! only where both changed the same file libgit2 is asked.

use std::collections::BTreeSet;

use git2::{ObjectType, Oid, Repository, Tree};

use super::GitError;
use super::error::Doing as _;

const DOING: &str = "integrating what others have pushed";
const FOLDER: i32 = 0o040_000;

/// The result of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Merged {
    /// The tree with both sides' changes.
    Tree(Oid),
    /// Files that both sides have changed in the same places.
    Conflict(Vec<String>),
}

/// Merges `ours` and `theirs`, which both came from `base`.
pub(super) fn merge(
    repository: &Repository,
    base: &Tree<'_>,
    ours: &Tree<'_>,
    theirs: &Tree<'_>,
) -> Result<Merged, GitError> {
    if let Some(tree) = folders(repository, Some(base), Some(ours), Some(theirs), 0)? {
        return Ok(Merged::Tree(match tree {
            Some((id, _)) => id,
            None => repository
                .treebuilder(None)
                .and_then(|empty| empty.write())
                .doing(DOING)?,
        }));
    }
    let mut index = repository
        .merge_trees(base, ours, theirs, None)
        .doing(DOING)?;
    if !index.has_conflicts() {
        return index
            .write_tree_to(repository)
            .doing(DOING)
            .map(Merged::Tree);
    }
    let mut files = BTreeSet::new();
    for conflict in index.conflicts().doing(DOING)? {
        let conflict = conflict.doing(DOING)?;
        let entry = conflict.our.or(conflict.their).or(conflict.ancestor);
        files.extend(entry.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()));
    }
    Ok(Merged::Conflict(files.into_iter().collect()))
}

// What is at a place: an object and its mode.
type Entry = Option<(Oid, i32)>;

// The merged folder, or nothing if both sides have changed a file in it.
fn folders(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    ours: Option<&Tree<'_>>,
    theirs: Option<&Tree<'_>>,
    depth: usize,
) -> Result<Option<Entry>, GitError> {
    // Deeper than any path can be long: made to exhaust the stack.
    if 2048 < depth {
        return Ok(None);
    }
    let sides = [base, ours, theirs];
    let names: BTreeSet<Vec<u8>> = sides
        .iter()
        .flatten()
        .flat_map(|tree| tree.iter())
        .map(|entry| entry.name_bytes().to_owned())
        .collect();
    let mut merged = repository.treebuilder(ours).doing(DOING)?;
    for name in names {
        let at = |tree: Option<&Tree<'_>>| -> Entry {
            let entry = tree?.get_name_bytes(&name)?;
            Some((entry.id(), entry.filemode()))
        };
        let [base, ours, theirs] = sides.map(at);
        let Some(result) = one(repository, base, ours, theirs, depth)? else {
            return Ok(None);
        };
        match result {
            entry if entry == ours => {}
            Some((id, mode)) => {
                merged.insert(&name, id, mode).doing(DOING)?;
            }
            None => merged.remove(&name).doing(DOING)?,
        }
    }
    if merged.is_empty() {
        // Git does not keep empty folders.
        return Ok(Some(None));
    }
    Ok(Some(Some((merged.write().doing(DOING)?, FOLDER))))
}

fn one(
    repository: &Repository,
    base: Entry,
    ours: Entry,
    theirs: Entry,
    depth: usize,
) -> Result<Option<Entry>, GitError> {
    if ours == theirs || theirs == base {
        return Ok(Some(ours));
    }
    if ours == base {
        return Ok(Some(theirs));
    }
    let is_folder = |entry: Entry| entry.is_none_or(|(_, mode)| mode == FOLDER);
    if ![base, ours, theirs].into_iter().all(is_folder) {
        return Ok(None);
    }
    let tree = |entry: Entry| -> Result<Option<Tree<'_>>, GitError> {
        let Some((id, _)) = entry else {
            return Ok(None);
        };
        let object = repository
            .find_object(id, Some(ObjectType::Tree))
            .doing(DOING)?;
        object.into_tree().map(Some).map_err(|_| GitError::Damaged {
            reason: "what should be a folder is none".to_owned(),
        })
    };
    let (base, ours, theirs) = (tree(base)?, tree(ours)?, tree(theirs)?);
    folders(
        repository,
        base.as_ref(),
        ours.as_ref(),
        theirs.as_ref(),
        depth + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        _folder: tempfile::TempDir,
        repository: Repository,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let repository = Repository::init(folder.path()).unwrap();
            Self {
                _folder: folder,
                repository,
            }
        }

        fn tree(&self, files: &[(&str, &str)]) -> Tree<'_> {
            let mut update = git2::build::TreeUpdateBuilder::new();
            for (path, text) in files {
                let blob = self.repository.blob(text.as_bytes()).unwrap();
                update.upsert(*path, blob, git2::FileMode::Blob);
            }
            let empty = self.repository.treebuilder(None).unwrap().write().unwrap();
            let empty = self.repository.find_tree(empty).unwrap();
            let tree = update.create_updated(&self.repository, &empty).unwrap();
            self.repository.find_tree(tree).unwrap()
        }

        fn check(
            &self,
            base: &[(&str, &str)],
            ours: &[(&str, &str)],
            theirs: &[(&str, &str)],
            expected: Result<&[(&str, &str)], &[&str]>,
        ) {
            let (base, ours, theirs) = (self.tree(base), self.tree(ours), self.tree(theirs));
            let merged = merge(&self.repository, &base, &ours, &theirs).unwrap();
            let expected = match expected {
                Ok(files) => Merged::Tree(self.tree(files).id()),
                Err(files) => {
                    Merged::Conflict(files.iter().map(|file| (*file).to_owned()).collect())
                }
            };
            assert_eq!(merged, expected);
            // Whatever is found by the short way is what libgit2 finds by the long one.
            let mut index = self
                .repository
                .merge_trees(&base, &ours, &theirs, None)
                .unwrap();
            if let Merged::Tree(tree) = merged {
                assert_eq!(index.write_tree_to(&self.repository).unwrap(), tree);
            } else {
                assert!(index.has_conflicts());
            }
        }
    }

    #[test]
    fn changes_in_different_places_are_both_kept() {
        let fixture = Fixture::new();
        fixture.check(
            &[("a/x", "1"), ("a/y", "1"), ("b/x", "1"), ("c", "1")],
            &[
                ("a/x", "2"),
                ("a/y", "1"),
                ("b/x", "1"),
                ("c", "1"),
                ("new/ours", "1"),
            ],
            &[("a/x", "1"), ("a/y", "3"), ("c", "1"), ("new/theirs", "1")],
            Ok(&[
                ("a/x", "2"),
                ("a/y", "3"),
                ("c", "1"),
                ("new/ours", "1"),
                ("new/theirs", "1"),
            ]),
        );
        fixture.check(
            &[("a", "1")],
            &[("a", "2")],
            &[("a", "2")],
            Ok(&[("a", "2")]),
        );
        fixture.check(
            &[("a", "1"), ("b", "1")],
            &[("a", "1")],
            &[("b", "1")],
            Ok(&[]),
        );
    }

    #[test]
    fn changes_in_one_file_are_merged_by_lines() {
        let fixture = Fixture::new();
        fixture.check(
            &[("d/f", "1\n2\n3\n4\n5\n")],
            &[("d/f", "one\n2\n3\n4\n5\n")],
            &[("d/f", "1\n2\n3\n4\nfive\n")],
            Ok(&[("d/f", "one\n2\n3\n4\nfive\n")]),
        );
        fixture.check(
            &[("d/f", "1")],
            &[("d/f", "2")],
            &[("d/f", "3")],
            Err(&["d/f"]),
        );
        fixture.check(
            &[("f", "1"), ("g", "1")],
            &[("f", "2"), ("g", "1")],
            &[("g", "1")],
            Err(&["f"]),
        );
    }

    #[test]
    fn a_file_that_became_a_folder_is_a_change() {
        let fixture = Fixture::new();
        fixture.check(
            &[("a", "1"), ("b", "1")],
            &[("a/x", "1"), ("b", "1")],
            &[("a", "1"), ("b", "2")],
            Ok(&[("a/x", "1"), ("b", "2")]),
        );
    }
}
