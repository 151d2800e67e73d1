//! Cutting a checkout into pieces, because one call of libgit2 cannot be interrupted.

use git2::{ObjectType, Repository, Tree};

use super::GitError;
use super::error::Doing as _;
use super::sparse::Sparse;

/// So many files are written before it is looked whether to go on.
const FILES: usize = 5_000;
const DOING: &str = "planning the checkout";

/// Paths for one call. None means everything.
pub(super) type Piece = Vec<Vec<u8>>;

/// The pieces in which the files of `tree` are written.
pub(super) fn pieces(
    repository: &Repository,
    tree: &Tree<'_>,
    sparse: &Sparse,
) -> Result<Vec<Piece>, GitError> {
    if !sparse.is_everything() {
        let paths = sparse.paths(repository, tree)?;
        return Ok(if paths.is_empty() {
            Vec::new()
        } else {
            vec![paths]
        });
    }
    if count(repository, tree, 0)? <= FILES {
        return Ok(vec![Piece::new()]);
    }
    let mut cut = Cut::default();
    cut.tree(repository, tree, b"")?;
    cut.end_piece();
    Ok(cut.pieces)
}

#[derive(Default)]
struct Cut {
    pieces: Vec<Piece>,
    piece: Piece,
    files: usize,
}

impl Cut {
    fn tree(
        &mut self,
        repository: &Repository,
        tree: &Tree<'_>,
        folder: &[u8],
    ) -> Result<(), GitError> {
        let path = |name: &[u8]| [folder, name].concat();
        // Files first: `.gitattributes` decides how files below are written.
        let (folders, files): (Vec<_>, Vec<_>) = tree
            .iter()
            .partition(|entry| entry.kind() == Some(ObjectType::Tree));
        for file in files {
            self.add(path(file.name_bytes()), 1);
        }
        for entry in folders {
            let subtree = repository.find_tree(entry.id()).doing(DOING)?;
            let path = path(entry.name_bytes());
            let files = count(repository, &subtree, 0)?;
            if files <= FILES {
                self.add(path, files);
            } else {
                self.tree(repository, &subtree, &[&path, b"/".as_slice()].concat())?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: Vec<u8>, files: usize) {
        if FILES < self.files + files {
            self.end_piece();
        }
        self.piece.push(path);
        self.files += files;
    }

    fn end_piece(&mut self) {
        if !self.piece.is_empty() {
            self.pieces.push(std::mem::take(&mut self.piece));
        }
        self.files = 0;
    }
}

// The number of files, or any number above the limit.
fn count(repository: &Repository, tree: &Tree<'_>, so_far: usize) -> Result<usize, GitError> {
    let mut files = so_far;
    for entry in tree {
        files = match entry.kind() {
            Some(ObjectType::Tree) => count(
                repository,
                &repository.find_tree(entry.id()).doing(DOING)?,
                files,
            )?,
            Some(_) | None => files + 1,
        };
        if FILES < files {
            break;
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_are_written_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        let blob = repository.blob(b"x").unwrap();
        let folder_of = |files: usize| {
            let mut builder = repository.treebuilder(None).unwrap();
            for file in 0..files {
                builder.insert(format!("f{file}"), blob, 0o100_644).unwrap();
            }
            builder.write().unwrap()
        };
        let mut builder = repository.treebuilder(None).unwrap();
        for (name, files) in [("a", 3_000), ("b", 3_000), ("c", 6_000)] {
            builder.insert(name, folder_of(files), 0o040_000).unwrap();
        }
        builder.insert("z", blob, 0o100_644).unwrap();
        let tree = repository.find_tree(builder.write().unwrap()).unwrap();
        let pieces = pieces(&repository, &tree, &Sparse::default()).unwrap();
        let sizes: Vec<usize> = pieces.iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 2_001, 4_000]);
        assert_eq!(pieces[0], [b"z".to_vec(), b"a".to_vec()]);
    }
}
