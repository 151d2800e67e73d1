//! Bringing a local copy up to date with the server, for all who ask at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use git2::{Oid, Repository, Sort};
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::Inner;
use super::address::Endpoint;
use super::blocking::blocking;
use super::error::Doing as _;
use super::fetch::{Fetch, fetch};
use super::mirror::Mirror;
use super::refs::{Heads, list};
use super::tips::Tips;

/// Something of the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    DefaultBranch,
    Branch(String),
    Tag(String),
    /// By its hash, whole or shortened.
    Commit(String),
}

/// What was found, and is in the copy now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The commit, also of an annotated tag.
    pub(super) commit: Oid,
    /// The branch that the commit is the head of.
    pub(super) branch: Option<String>,
}

/// What one caller wants.
pub(super) type Asked = (Endpoint, Vec<Want>);
/// What it gets: for each want in turn what was found, or nothing if it does not exist.
pub(super) type Synced = Result<Vec<Option<Found>>, GitError>;

const DOING: &str = "looking at what was fetched";
pub(super) const ALL: [&str; 2] = ["refs/heads/", "refs/tags/"];
/// Beyond this, branches that have gone are looked for.
const MANY_TIPS: usize = 1_000;

/// Finds what is wanted, each in turn, and nothing for what does not exist. Those who ask at the
/// same time share the requests.
pub(super) async fn sync(
    git: &Arc<Inner>,
    mirror: &Arc<Mirror>,
    endpoint: &Endpoint,
    wants: Vec<Want>,
    cancel: &CancellationToken,
) -> Synced {
    let (git, shared) = (Arc::clone(git), Arc::clone(mirror));
    let round = |asked, cancel| async move { round(&git, &shared, asked, &cancel).await };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(GitError::Cancelled),
        found = mirror.syncs.ask((endpoint.clone(), wants), round) => {
            found.unwrap_or(Err(GitError::Cancelled))
        }
    }
}

async fn round(
    git: &Inner,
    mirror: &Arc<Mirror>,
    asked: Vec<Asked>,
    cancel: &CancellationToken,
) -> Vec<Synced> {
    // The newest credentials: a token may have been renewed since the first asked.
    let Some((endpoint, _)) = asked.last() else {
        return Vec::new();
    };
    let wants: BTreeSet<Want> = asked.iter().flat_map(|(_, wants)| wants.clone()).collect();
    let _in_use = mirror.life.read().await;
    let round = Round {
        git,
        mirror,
        endpoint,
        cancel,
    };
    let found = round.find(&wants).await;
    mirror.tidy();
    match found {
        Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
        Ok(found) => {
            let found = |want: &Want| found.get(want).cloned();
            asked
                .iter()
                .map(|(_, wants)| Ok(wants.iter().map(found).collect()))
                .collect()
        }
    }
}

struct Round<'a> {
    git: &'a Inner,
    mirror: &'a Arc<Mirror>,
    endpoint: &'a Endpoint,
    cancel: &'a CancellationToken,
}

impl Round<'_> {
    async fn find(&self, wants: &BTreeSet<Want>) -> Result<BTreeMap<Want, Found>, GitError> {
        // A commit never changes: one that is here needs no request.
        let mut found = self
            .commits_here(wants.iter().filter(|want| want.is_whole_commit()))
            .await?;
        let missing = |found: &BTreeMap<Want, Found>| -> BTreeSet<Want> {
            wants
                .iter()
                .filter(|want| !found.contains_key(want))
                .cloned()
                .collect()
        };
        let wanted = missing(&found);
        if wanted.is_empty() {
            return Ok(found);
        }
        found.extend(self.listed(&wanted).await?);
        for want in missing(&found) {
            found.extend(self.unlisted(&want).await?.map(|commit| (want, commit)));
        }
        Ok(found)
    }

    // What is found by name.
    async fn listed(&self, wants: &BTreeSet<Want>) -> Result<BTreeMap<Want, Found>, GitError> {
        self.blocking(|mirror| mirror.open().and_then(|_| mirror.lend(&[])))
            .await?;
        let many_tips = MANY_TIPS < self.blocking(|mirror| mirror.tips()).await?.len();
        let prefixes = if many_tips {
            all()
        } else {
            wants.iter().filter_map(Want::name).collect()
        };
        let mut heads = self.list(&prefixes).await?;
        let mut fetched = self.fetch(&heads, wants).await;
        if let Err(GitError::Remote { .. }) = fetched {
            // A branch was moved after it was listed, and the server forgot its old commits.
            heads = self.list(&prefixes).await?;
            fetched = self.fetch(&heads, wants).await;
        }
        fetched?;
        let found = wants
            .iter()
            .filter_map(|want| Some((want.clone(), want.among(&heads)?)));
        Ok(found.collect())
    }

    // A commit that is nobody's head: some servers give it when it is asked for by its hash. With
    // others, and for the beginning of a hash, everything is fetched.
    async fn unlisted(&self, want: &Want) -> Result<Option<Found>, GitError> {
        let Want::Commit(hash) = want else {
            return Ok(None);
        };
        if let Ok(id) = Oid::from_str(hash)
            && want.is_whole_commit()
            && self.fetch_ids(vec![id]).await.is_ok()
        {
            return self.commit_here(hash).await;
        }
        let heads = self.list(&all()).await?;
        self.fetch_ids(heads.refs.values().map(|head| head.id).collect())
            .await?;
        self.commit_here(hash).await
    }

    async fn list(&self, prefixes: &[String]) -> Result<Heads, GitError> {
        let Self {
            git,
            mirror,
            endpoint,
            cancel,
        } = self;
        let known = mirror.upload();
        let mut listed = list(&git.http, endpoint, known.clone(), prefixes, cancel).await;
        if let Err(GitError::NoRepository { .. } | GitError::Protocol { .. }) = listed
            && known.is_some()
        {
            // It may have moved, or been upgraded.
            mirror.set_upload(None);
            listed = list(&git.http, endpoint, None, prefixes, cancel).await;
        }
        let (server, heads) = listed?;
        mirror.set_upload(Some(server));
        for name in prefixes.iter().filter(|name| !ALL.contains(&name.as_str())) {
            let id = heads.refs.get(name).map_or(Oid::ZERO_SHA1, |head| head.id);
            mirror.set_head(name, Some(id));
        }
        if let Some(branch) = &heads.default_branch {
            let name = format!("refs/heads/{branch}");
            if let Some(head) = heads.refs.get(&name) {
                mirror.set_head(&name, Some(head.id));
            }
        }
        if *prefixes == all() {
            let names: BTreeSet<String> = heads.refs.keys().cloned().collect();
            let forget = move |tips: &mut Tips| tips.retain(|name, _| names.contains(name));
            self.blocking(move |mirror| mirror.change_tips(forget))
                .await?;
        }
        Ok(heads)
    }

    // Fetches the wanted heads, and keeps in mind that they are here.
    async fn fetch(&self, heads: &Heads, wants: &BTreeSet<Want>) -> Result<(), GitError> {
        let tips: Tips = wants
            .iter()
            .filter_map(|want| {
                let name = want.reference(heads)?;
                let id = heads.refs.get(&name)?.id;
                Some((name, id))
            })
            .collect();
        self.fetch_ids(tips.values().copied().collect()).await?;
        let gone: Vec<String> = wants
            .iter()
            .filter_map(Want::name)
            .filter(|name| !tips.contains_key(name))
            .collect();
        self.blocking(move |mirror| {
            mirror.change_tips(|all| {
                all.extend(tips);
                all.retain(|name, _| !gone.contains(name));
            })
        })
        .await
    }

    async fn fetch_ids(&self, ids: Vec<Oid>) -> Result<(), GitError> {
        let Self {
            git,
            mirror,
            endpoint,
            cancel,
        } = self;
        let Some(server) = mirror.upload() else {
            return Ok(());
        };
        fetch_missing(git, mirror, endpoint, server, ids, cancel).await
    }

    async fn commits_here(
        &self,
        wants: impl Iterator<Item = &Want>,
    ) -> Result<BTreeMap<Want, Found>, GitError> {
        let mut found = BTreeMap::new();
        for want in wants {
            if let Want::Commit(hash) = want {
                found.extend(
                    self.commit_here(hash)
                        .await?
                        .map(|commit| (want.clone(), commit)),
                );
            }
        }
        Ok(found)
    }

    async fn commit_here(&self, hash: &str) -> Result<Option<Found>, GitError> {
        let hash = hash.to_owned();
        self.blocking(move |mirror| {
            let repository = mirror.open()?;
            let commit = repository.find_commit_by_prefix(&hash).ok();
            Ok(commit.map(|commit| Found {
                commit: commit.id(),
                branch: None,
            }))
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Mirror) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, GitError> {
        let mirror = Arc::clone(self.mirror);
        blocking(move || work(&mirror)).await
    }
}

/// Fetches those of `ids` that are not in the copy, with one request.
pub(super) async fn fetch_missing(
    git: &Inner,
    mirror: &Arc<Mirror>,
    endpoint: &Endpoint,
    server: super::refs::Server,
    ids: Vec<Oid>,
    cancel: &CancellationToken,
) -> Result<(), GitError> {
    let copy = Arc::clone(mirror);
    let (wants, haves) = blocking(move || {
        let repository = copy.open()?;
        let odb = repository.odb().doing(DOING)?;
        let missing: BTreeSet<Oid> = ids.into_iter().filter(|id| !odb.exists(*id)).collect();
        let haves = if missing.is_empty() {
            Vec::new()
        } else {
            haves(&repository, &copy.tips()?)?
        };
        Ok((missing, haves))
    })
    .await?;
    if wants.is_empty() {
        return Ok(());
    }
    let into: PathBuf = mirror.folder.clone();
    tracing::debug!(git.repository = %endpoint.repository, wants = wants.len(), "fetching");
    let what = Fetch {
        into,
        wants: wants.into_iter().collect(),
        haves,
        limit: git.config.fetch_limit,
    };
    fetch(&git.http, endpoint, &server, what, cancel).await
}

// What the server need not send: heads, and some of their past in case a branch was rewritten.
fn haves(repository: &Repository, tips: &Tips) -> Result<Vec<Oid>, GitError> {
    const HEADS: usize = 256;
    const STEPS: usize = 1_024;
    let mut walk = repository.revwalk().doing(DOING)?;
    walk.set_sorting(Sort::TIME).doing(DOING)?;
    let mut haves = BTreeSet::new();
    for id in tips.values().take(HEADS) {
        // A damaged copy must not keep the rest from being fetched.
        if walk.push(*id).is_ok() {
            haves.insert(*id);
        }
    }
    for (nth, id) in walk.take(STEPS).enumerate() {
        // The nearer past more densely than the farther one.
        if nth < 32 || nth % 32 == 0 {
            haves.insert(id.doing(DOING)?);
        }
    }
    let mut commits = Vec::new();
    for id in haves {
        let commit = repository
            .find_object(id, None)
            .and_then(|object| object.peel_to_commit());
        commits.extend(commit.ok().map(|commit| commit.id()));
    }
    Ok(commits)
}

fn all() -> Vec<String> {
    ALL.map(str::to_owned).to_vec()
}

impl Want {
    fn is_whole_commit(&self) -> bool {
        matches!(self, Self::Commit(hash) if hash.len() == 40)
    }

    // The full name of a branch or tag that is wanted by name.
    fn name(&self) -> Option<String> {
        match self {
            Self::Branch(branch) => Some(format!("refs/heads/{branch}")),
            Self::Tag(tag) => Some(format!("refs/tags/{tag}")),
            Self::DefaultBranch | Self::Commit(_) => None,
        }
    }

    fn reference(&self, heads: &Heads) -> Option<String> {
        match self {
            Self::DefaultBranch => Some(format!("refs/heads/{}", heads.default_branch.as_deref()?)),
            Self::Branch(_) | Self::Tag(_) | Self::Commit(_) => self.name(),
        }
    }

    fn among(&self, heads: &Heads) -> Option<Found> {
        let name = self.reference(heads)?;
        let commit = heads.refs.get(&name)?.commit;
        Some(Found {
            commit,
            branch: name.strip_prefix("refs/heads/").map(str::to_owned),
        })
    }
}
