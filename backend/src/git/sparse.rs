//! Checking out a part of a repository: chosen folders, and the files directly in those above them,
//! as `git sparse-checkout` does.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{ObjectType, Repository, Tree};

use super::GitError;
use super::error::Doing as _;

const DOING: &str = "choosing what to check out";
const FILE: &str = "info/sparse-checkout";

/// The chosen folders. None chosen means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sparse(Vec<String>);

impl Sparse {
    /// From folders as people write them: `apps/web`, `/apps/web/`, `./apps/web`.
    pub(super) fn new(folders: &[String]) -> Self {
        let clean = |folder: &String| {
            let folder = folder.trim().trim_start_matches("./").trim_matches('/');
            folder.to_owned()
        };
        Self(folders.iter().map(clean).collect())
    }

    /// What was chosen for a work tree.
    pub(super) fn read(git_folder: &Path) -> Result<Self, GitError> {
        match std::fs::read_to_string(git_folder.join(FILE)) {
            Ok(text) => Ok(Self(text.lines().map(str::to_owned).collect())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).doing(DOING),
        }
    }

    /// Keeps the choice for later steps.
    pub(super) fn write(&self, git_folder: &Path) -> Result<(), GitError> {
        let file = git_folder.join(FILE);
        let folder = file.parent().unwrap_or(git_folder);
        std::fs::create_dir_all(folder).doing(DOING)?;
        std::fs::write(&file, self.0.join("\n")).doing(DOING)
    }

    /// Whether everything is checked out.
    pub(super) fn is_everything(&self) -> bool {
        self.0.is_empty()
            || self
                .0
                .iter()
                .any(|folder| folder.is_empty() || folder == ".")
    }

    /// Whether a file is checked out.
    pub(super) fn contains(&self, path: &str) -> bool {
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        self.is_everything()
            || above.is_empty()
            || self.0.iter().any(|folder| {
                is_below(path, folder)
                    || folder == path
                    || above == folder
                    || is_below(folder, above)
            })
    }

    /// The folders and files of `tree` that are checked out.
    pub(super) fn paths(
        &self,
        repository: &Repository,
        tree: &Tree<'_>,
    ) -> Result<Vec<Vec<u8>>, GitError> {
        let mut paths = BTreeSet::new();
        files_of(tree, "", &mut paths);
        for folder in &self.0 {
            // A commit may be without a folder that others have.
            if tree.get_path(Path::new(folder)).is_err() {
                continue;
            }
            for above in folder
                .match_indices('/')
                .filter_map(|(at, _)| folder.get(..at))
            {
                let entry = tree.get_path(Path::new(above)).doing(DOING)?;
                files_of(
                    &repository.find_tree(entry.id()).doing(DOING)?,
                    above,
                    &mut paths,
                );
            }
            paths.insert(folder.clone().into_bytes());
        }
        Ok(paths.into_iter().collect())
    }
}

fn files_of(tree: &Tree<'_>, folder: &str, paths: &mut BTreeSet<Vec<u8>>) {
    for entry in tree {
        if entry.kind() == Some(ObjectType::Blob) {
            let mut path = Vec::new();
            if !folder.is_empty() {
                path.extend_from_slice(folder.as_bytes());
                path.push(b'/');
            }
            path.extend_from_slice(entry.name_bytes());
            paths.insert(path);
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_the_files_above_them_are_chosen() {
        let sparse = Sparse::new(&["/apps/web/".to_owned(), "./docs".to_owned()]);
        for (path, expected) in [
            ("README.md", true),
            ("apps/README.md", true),
            ("apps/web/a/b", true),
            ("apps/website/a", false),
            ("apps/api/a", false),
            ("docs/a", true),
            ("lib/a", false),
        ] {
            assert_eq!(sparse.contains(path), expected, "{path}");
        }
        assert!(Sparse::default().contains("any/thing"));
        assert!(Sparse::new(&["/".to_owned()]).contains("any/thing"));
    }
}
