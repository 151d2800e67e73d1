//! The folder of one promotion, and the only way to get at a path in it.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::Fault;

/// The folder of one promotion. Paths of a step's configuration are joined to it; whatever would leave it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkDir {
    root: PathBuf,
}

/// Symbolic links followed for one path, as many as Linux follows.
const MAX_LINKS: usize = 40;

impl WorkDir {
    /// A work directory at `root`, which must exist. Links in `root` itself are resolved once, here.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self {
            root: root.canonicalize()?,
        })
    }

    /// The folder itself, without symbolic links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place that `path` means, links followed; it need not exist. A leading `/` means the work directory.
    /// A path that leaves the work directory, by `..` or by a link, is refused.
    pub fn join(&self, path: &str) -> Result<PathBuf, Fault> {
        self.resolve(Path::new(path), Last::Follow)
            .ok_or_else(|| leaves(path))
    }

    /// As [`WorkDir::join`], but a link in the last place is not followed: to look at or remove the link itself.
    pub fn join_unfollowed(&self, path: &str) -> Result<PathBuf, Fault> {
        self.resolve(Path::new(path), Last::Keep)
            .ok_or_else(|| leaves(path))
    }

    /// `path` as seen from the work directory, for messages. Other paths are given back whole.
    #[must_use]
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    fn resolve(&self, path: &Path, last: Last) -> Option<PathBuf> {
        let mut rest: Vec<Part> = Vec::new();
        push_parts(&mut rest, path);
        let mut here = self.root.clone();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            let name = match part {
                Part::Up if here == self.root => return None,
                Part::Up => {
                    here.pop();
                    continue;
                }
                Part::Name(name) => name,
            };
            let next = here.join(&name);
            if rest.is_empty() && matches!(last, Last::Keep) {
                return Some(next);
            }
            let Ok(target) = next.read_link() else {
                here = next;
                continue;
            };
            links += 1;
            if MAX_LINKS < links {
                return None;
            }
            if target.is_absolute() {
                // An absolute link is taken for what the system makes of it: it must point below the root.
                here.clone_from(&self.root);
                push_parts(&mut rest, target.strip_prefix(&self.root).ok()?);
            } else {
                push_parts(&mut rest, &target);
            }
        }
        Some(here)
    }
}

/// What becomes of a link in the last place of a path.
#[derive(Clone, Copy)]
enum Last {
    Follow,
    Keep,
}

enum Part {
    Name(std::ffi::OsString),
    Up,
}

/// Puts the parts of `path` on the stack, first part on top.
fn push_parts(stack: &mut Vec<Part>, path: &Path) {
    let part = |component| match component {
        Component::Normal(name) => Some(Part::Name(OsStr::to_os_string(name))),
        Component::ParentDir => Some(Part::Up),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    stack.extend(path.components().rev().filter_map(part));
}

fn leaves(path: &str) -> Fault {
    Fault::failed(format!("path {path:?} leaves the work directory"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn workdir() -> (tempfile::TempDir, WorkDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("w/a/b")).unwrap();
        let workdir = WorkDir::open(&folder.path().join("w")).unwrap();
        (folder, workdir)
    }

    fn joined(workdir: &WorkDir, path: &str) -> Option<String> {
        let path = workdir.join(path).ok()?;
        Some(workdir.relative(&path).to_str().unwrap().to_owned())
    }

    #[test]
    fn paths_inside_are_joined() {
        let (_folder, workdir) = workdir();
        for (path, want) in [
            ("a", "a"),
            ("./a//b/", "a/b"),
            ("a/../c", "c"),
            ("/a", "a"),
            (".", ""),
            ("..a", "..a"),
        ] {
            assert_eq!(joined(&workdir, path).as_deref(), Some(want), "{path}");
        }
    }

    #[test]
    fn paths_that_leave_are_refused() {
        let (_folder, workdir) = workdir();
        for path in ["..", "../w2", "a/../../x", "/../etc"] {
            assert_eq!(joined(&workdir, path), None, "{path}");
        }
    }

    #[test]
    fn links_that_leave_are_refused() {
        let (folder, workdir) = workdir();
        let root = workdir.root().to_owned();
        symlink("/etc", root.join("etc")).unwrap();
        symlink("../..", root.join("a/up")).unwrap();
        symlink(folder.path(), root.join("a/out")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        for path in ["etc", "etc/passwd", "a/up", "a/out/w", "loop", "loop/x"] {
            assert_eq!(joined(&workdir, path), None, "{path}");
        }
    }

    #[test]
    fn links_that_stay_are_followed() {
        let (_folder, workdir) = workdir();
        let root = workdir.root().to_owned();
        symlink("a/b", root.join("short")).unwrap();
        symlink(root.join("a"), root.join("whole")).unwrap();
        symlink("../short/..", root.join("a/back")).unwrap();
        for (path, want) in [("short/x", "a/b/x"), ("whole/b", "a/b"), ("a/back", "a")] {
            assert_eq!(joined(&workdir, path).as_deref(), Some(want), "{path}");
        }
    }

    #[test]
    fn a_link_can_be_named_itself() {
        let (_folder, workdir) = workdir();
        symlink("/etc", workdir.root().join("etc")).unwrap();
        assert_eq!(
            workdir.join_unfollowed("etc").unwrap(),
            workdir.root().join("etc")
        );
        assert!(workdir.join_unfollowed("etc/passwd").is_err());
    }
}
