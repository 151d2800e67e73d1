//! Repositories inside repositories.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::Oid;
use tokio_util::sync::CancellationToken;

use super::address::without_login;
use super::blocking::blocking;
use super::error::Doing as _;
use super::sparse::Sparse;
use super::sync::{Want, sync};
use super::worktree::{self, Origin, Plan};
use super::{GitError, Inner, Remote};

/// Deeper than anybody nests them; a repository may contain itself.
const DEEPEST: usize = 10;
const DOING: &str = "reading which submodules there are";

struct Submodule {
    folder: PathBuf,
    url: String,
    commit: Oid,
}

/// Checks out the submodules of a work tree, and theirs.
pub(super) async fn checkout(
    git: &Arc<Inner>,
    remote: &Remote,
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<(), GitError> {
    let mut work_trees = vec![(remote.clone(), folder.to_owned(), 0)];
    while let Some((remote, folder, depth)) = work_trees.pop() {
        let found = blocking(move || submodules(&folder)).await?;
        if !found.is_empty() && depth == DEEPEST {
            return Err(GitError::Local {
                doing: "checking out submodules",
                reason: format!("they are nested more than {DEEPEST} deep"),
            });
        }
        for submodule in found {
            let remote = beside(git, &remote, &submodule.url)?;
            one(git, &remote, &submodule, cancel).await?;
            work_trees.push((remote, submodule.folder, depth + 1));
        }
    }
    Ok(())
}

async fn one(
    git: &Arc<Inner>,
    remote: &Remote,
    submodule: &Submodule,
    cancel: &CancellationToken,
) -> Result<(), GitError> {
    let endpoint = git.endpoint(remote)?;
    let mirror = git.mirror(&endpoint);
    let want = Want::Commit(submodule.commit.to_string());
    let found = sync(git, &mirror, &endpoint, vec![want], cancel).await?;
    if found.into_iter().flatten().next().is_none() {
        return Err(GitError::Missing {
            repository: endpoint.repository,
            what: format!("commit {}, which a submodule names", submodule.commit),
        });
    }
    let plan = Plan {
        name: without_login(&remote.url),
        folder: submodule.folder.clone(),
        commit: submodule.commit,
        branch: None,
        sparse: Sparse::default(),
        origin: Origin {
            url: without_login(&remote.url),
            insecure_skip_tls: remote.insecure_skip_tls,
        },
        author: None,
        objects: mirror.objects(),
        nested: Vec::new(),
    };
    git.make_work_trees(&mirror, vec![plan], cancel).await
}

fn submodules(folder: &Path) -> Result<Vec<Submodule>, GitError> {
    let repository = worktree::open(folder)?;
    let index = repository.index().doing(DOING)?;
    let mut found = Vec::new();
    for submodule in repository.submodules().doing(DOING)? {
        // What the commit contains, not what a file says about it.
        let Some(entry) = index.get_path(submodule.path(), 0) else {
            continue;
        };
        let Ok(Some(url)) = submodule.url() else {
            continue;
        };
        if entry.mode == 0o160_000 {
            found.push(Submodule {
                folder: folder.join(submodule.path()),
                url: url.to_owned(),
                commit: entry.id,
            });
        }
    }
    // Left out by a sparse checkout.
    let sparse = Sparse::read(repository.path())?;
    let is_chosen = |submodule: &Submodule| {
        let path = submodule
            .folder
            .strip_prefix(folder)
            .ok()
            .and_then(Path::to_str);
        path.is_none_or(|path| sparse.contains(path))
    };
    found.retain(is_chosen);
    Ok(found)
}

// The address of a submodule, which may be relative to that of its repository. Credentials go
// along only to the same server.
fn beside(git: &Inner, remote: &Remote, url: &str) -> Result<Remote, GitError> {
    let is_relative = url.starts_with("./") || url.starts_with("../");
    let url = if is_relative {
        relative(&remote.url, url)
    } else {
        url.to_owned()
    };
    let bare = Remote {
        url,
        credentials: None,
        insecure_skip_tls: false,
    };
    let same_server = git
        .endpoint(remote)?
        .is_on_host_of(&git.endpoint(&bare)?.url);
    Ok(if same_server {
        Remote {
            url: bare.url,
            ..remote.clone()
        }
    } else {
        bare
    })
}

fn relative(base: &str, path: &str) -> String {
    let mut base = base.trim_end_matches('/');
    let mut path = path;
    loop {
        if let Some(rest) = path.strip_prefix("./") {
            path = rest;
        } else if let Some(rest) = path.strip_prefix("../") {
            path = rest;
            base = base.rsplit_once('/').map_or(base, |(above, _)| above);
        } else {
            return format!("{base}/{path}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn addresses_of_submodules_may_be_relative() {
        let base = "https://example.org/acme/app.git";
        assert_eq!(
            relative(base, "../lib.git"),
            "https://example.org/acme/lib.git"
        );
        assert_eq!(
            relative(base, "../../other/lib"),
            "https://example.org/other/lib"
        );
        assert_eq!(
            relative(base, "./lib"),
            "https://example.org/acme/app.git/lib"
        );
    }
}
