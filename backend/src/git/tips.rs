//! The branches and tags of a local copy, in the file that Git calls `packed-refs`.
//!
//! One file written at once instead of a file for each: a branch `a` that became `a/b` is no
//! conflict, and a crash leaves either the old or the new state.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use git2::Oid;

use super::GitError;
use super::error::Doing as _;

/// What branches and tags point to, by full name. Everything that is named here is in the copy,
/// with all that it refers to.
pub(super) type Tips = BTreeMap<String, Oid>;

const DOING: &str = "keeping track of branches";

/// Reads them. A missing file means none.
pub(super) fn read(folder: &Path) -> Result<Tips, GitError> {
    match std::fs::read_to_string(folder.join("packed-refs")) {
        Ok(text) => Ok(text.lines().filter_map(tip).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Tips::new()),
        Err(error) => Err(error).doing(DOING),
    }
}

/// Replaces them.
pub(super) fn write(folder: &Path, tips: &Tips) -> Result<(), GitError> {
    let mut file = tempfile::NamedTempFile::new_in(folder).doing(DOING)?;
    let mut text = String::from("# pack-refs with: sorted\n");
    for (name, id) in tips {
        text.push_str(&format!("{id} {name}\n"));
    }
    file.write_all(text.as_bytes()).doing(DOING)?;
    file.persist(folder.join("packed-refs"))
        .map_err(|failed| failed.error)
        .doing(DOING)?;
    Ok(())
}

fn tip(line: &str) -> Option<(String, Oid)> {
    let (id, name) = line.split_once(' ')?;
    Some((name.to_owned(), Oid::from_str(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_reads_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init_bare(folder.path()).unwrap();
        let tree = repository.treebuilder(None).unwrap().write().unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let who = git2::Signature::now("a", "b").unwrap();
        let commit = repository
            .commit(None, &who, &who, "m", &tree, &[])
            .unwrap();
        assert_eq!(read(folder.path()).unwrap(), Tips::new());
        let names = ["refs/heads/a", "refs/heads/a/b", "refs/tags/v1"];
        let tips: Tips = names
            .iter()
            .map(|name| ((*name).to_owned(), commit))
            .collect();
        write(folder.path(), &tips).unwrap();
        assert_eq!(read(folder.path()).unwrap(), tips);
        for name in names {
            assert_eq!(repository.refname_to_id(name).unwrap(), commit);
        }
    }
}
