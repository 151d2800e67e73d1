//! The queue of pushes to a repository.
//!
//! Whoever pushes while a push is under way waits and then travels together with the others: those
//! to one branch are put on top of each other, those to other branches go along in the same
//! request. One that the server rejects, or that conflicts, does not hold up the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use git2::Oid;
use tokio_util::sync::CancellationToken;

use super::address::Endpoint;
use super::author::Author;
use super::blocking::blocking;
use super::http::Service;
use super::journal::Journal;
use super::mirror::Mirror;
use super::pack::Pack;
use super::prepare::{Arrival, Prepared, Seen, prepare};
use super::receive::{Report, Update, push};
use super::refs::{list, offers};
use super::sync::fetch_missing;
use super::{GitError, Inner};
use crate::settings::PushPolicy;

/// One push.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) endpoint: Endpoint,
    /// The full name of the branch or tag.
    pub(super) reference: String,
    /// The commit, or the object of an annotated tag.
    pub(super) head: Oid,
    pub(super) mode: Mode,
    /// Where the objects of the work tree are. None if they are in the local copy.
    pub(super) objects: Option<PathBuf>,
    /// Who makes commits that integrating needs.
    pub(super) author: Author,
    /// Whether the server is asked before anything is sent.
    pub(super) look_first: bool,
    /// What earlier attempts have pushed, or were about to.
    pub(super) noted: Vec<Oid>,
    /// Where this attempt is noted.
    pub(super) journal: Option<Journal>,
}

/// What happens to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is kept, and the new commits are put on top.
    Integrate(PushPolicy),
    /// It is lost.
    Overwrite,
    /// It is lost if it is this commit; otherwise the push fails.
    OverwriteOnly(Oid),
    /// There must be nothing.
    Create,
    /// There must be nothing, or the same.
    Tag,
}

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The server has this commit now: the given one, or what it became on top of others'.
    Pushed(Oid),
    /// Others were faster.
    Moved,
    /// The answer got lost, so the server may have it or not.
    Unsure(GitError),
    Failed(GitError),
}

/// Pushes, together with others who push at the same time.
pub(super) async fn enqueue(
    git: &Arc<Inner>,
    mirror: &Arc<Mirror>,
    job: Job,
    cancel: &CancellationToken,
) -> Verdict {
    let (git, shared) = (Arc::clone(git), Arc::clone(mirror));
    let round = |jobs, cancel| async move { round(&git, &shared, jobs, cancel).await };
    let cancelled = Verdict::Failed(GitError::Cancelled);
    tokio::select! {
        biased;
        () = cancel.cancelled() => cancelled,
        verdict = mirror.pushes.ask(job, round) => verdict.unwrap_or(cancelled),
    }
}

async fn round(
    git: &Arc<Inner>,
    mirror: &Arc<Mirror>,
    jobs: Vec<Job>,
    cancel: CancellationToken,
) -> Vec<Verdict> {
    let _in_use = mirror.life.read().await;
    let jobs: Arc<[Job]> = jobs.into();
    let mut verdicts = vec![Verdict::Moved; jobs.len()];
    let mut batches: Vec<Vec<usize>> = vec![(0..jobs.len()).collect()];
    while let Some(batch) = batches.pop() {
        let trip = Trip {
            git,
            mirror,
            jobs: &jobs,
            cancel: &cancel,
        };
        match trip.travel(&batch).await {
            // Perhaps the work tree of one of them has gone.
            Err(GitError::Damaged { .. }) if 1 < batch.len() => {
                batches.extend(batch.into_iter().rev().map(|nth| vec![nth]));
            }
            Err(error) => {
                for nth in batch {
                    set(&mut verdicts, nth, Verdict::Failed(error.clone()));
                }
            }
            Ok(results) => {
                let mut rejected = Vec::new();
                for (nth, result) in results {
                    match result {
                        Arrival::Is(verdict) => set(&mut verdicts, nth, verdict),
                        Arrival::Rejected(error) => rejected.push((nth, error)),
                    }
                }
                let name = |nth: usize| jobs.get(nth).map(|job| job.reference.clone());
                let again = apart(&rejected, batch.len(), name);
                if again.is_empty() {
                    for (nth, error) in rejected {
                        set(&mut verdicts, nth, Verdict::Failed(error));
                    }
                }
                // The last is taken first.
                batches.extend(again.into_iter().rev());
            }
        }
    }
    mirror.tidy();
    verdicts
}

fn set(verdicts: &mut [Verdict], nth: usize, verdict: Verdict) {
    if let Some(place) = verdicts.get_mut(nth) {
        *place = verdict;
    }
}

// Those that were rejected together may have been rejected because of one of them. Each branch
// travels alone then, and if that is rejected too, each push does.
fn apart<E>(
    rejected: &[(usize, E)],
    travelled: usize,
    name: impl Fn(usize) -> Option<String>,
) -> Vec<Vec<usize>> {
    let mut branches: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (nth, _) in rejected {
        branches.entry(name(*nth)).or_default().push(*nth);
    }
    match branches.len() {
        _ if rejected.len() < 2 => Vec::new(),
        1 => rejected.iter().map(|(nth, _)| vec![*nth]).collect(),
        // The server decides for each branch, and rejected these.
        _ if rejected.len() < travelled && branches.values().all(|jobs| jobs.len() == 1) => {
            Vec::new()
        }
        _ => branches.into_values().collect(),
    }
}

struct Trip<'a> {
    git: &'a Inner,
    mirror: &'a Arc<Mirror>,
    jobs: &'a Arc<[Job]>,
    cancel: &'a CancellationToken,
}

impl Trip<'_> {
    async fn travel(&self, batch: &[usize]) -> Result<Vec<(usize, Arrival)>, GitError> {
        let Some(endpoint) = batch
            .last()
            .and_then(|nth| self.jobs.get(*nth))
            .map(|job| &job.endpoint)
        else {
            return Ok(Vec::new());
        };
        let references: BTreeSet<String> = batch
            .iter()
            .filter_map(|nth| Some(self.jobs.get(*nth)?.reference.clone()))
            .collect();
        let seen = self.look(endpoint, batch, &references).await?;
        match self.fetch(endpoint, batch, &seen).await {
            // A branch was moved after it was listed, and the server forgot its old commits.
            Err(GitError::Remote { .. }) => {
                self.forget(&references);
                return Ok(moved(batch));
            }
            fetched => fetched?,
        }
        let asked = seen.advertised.is_some();
        let mut prepared = self.prepare(batch.to_vec(), seen).await?;
        let Some(pack) = prepared.pack.take() else {
            return Ok(prepared.results);
        };
        let Some(base) = self.mirror.receive().map(|server| server.base) else {
            return Ok(moved(batch));
        };
        tracing::debug!(git.repository = %endpoint.repository, pushes = batch.len(),
            references = references.len(), "pushing");
        // Until the answer is here, nobody knows what the server has.
        self.forget(&references);
        let Prepared {
            mut results,
            travelling,
            updates,
            ..
        } = prepared;
        let report = push(
            &self.git.http,
            endpoint,
            &base,
            &updates,
            &pack,
            self.cancel,
        )
        .await;
        let report = match report {
            // It may lack what it had a minute ago, or have moved.
            Err(GitError::Protocol { .. } | GitError::NoRepository { .. }) if !asked => {
                self.mirror.set_receive(None);
                results.extend(all_of(&travelling, |_| Arrival::Is(Verdict::Moved)));
                return Ok(results);
            }
            Err(error @ (GitError::Unreachable { .. } | GitError::Stalled { .. })) => {
                let unsure = |_| Arrival::Is(Verdict::Unsure(error.clone()));
                results.extend(all_of(&travelling, unsure));
                return Ok(results);
            }
            report => report?,
        };
        let refused = self.settle(endpoint, &updates, &report, pack).await?;
        results.extend(all_of(&travelling, |(nth, commit)| {
            let reference = self.jobs.get(nth).map(|job| job.reference.as_str());
            match reference.and_then(|reference| refused.get(reference)) {
                None => Arrival::Is(Verdict::Pushed(commit)),
                Some(None) => Arrival::Is(Verdict::Moved),
                Some(Some(error)) => Arrival::Rejected(error.clone()),
            }
        }));
        Ok(results)
    }

    // What was learned a moment ago is good enough for a first try: the server compares it with
    // what it has. Steps that are repeated look first.
    async fn look(
        &self,
        endpoint: &Endpoint,
        batch: &[usize],
        references: &BTreeSet<String>,
    ) -> Result<Seen, GitError> {
        let look_first = batch
            .iter()
            .filter_map(|nth| self.jobs.get(*nth))
            .any(|job| job.look_first);
        let known = |name: &String| Some((name.clone(), self.mirror.head(name)?));
        let heads: BTreeMap<String, Oid> = references.iter().filter_map(known).collect();
        if !look_first && heads.len() == references.len() && self.mirror.receive().is_some() {
            return Ok(Seen {
                heads,
                advertised: None,
            });
        }
        let (server, all) = offers(&self.git.http, endpoint, Service::Receive, self.cancel).await?;
        self.mirror.set_receive(Some(server));
        let head = |name: &String| all.refs.get(name).map_or(Oid::ZERO_SHA1, |head| head.id);
        let heads: BTreeMap<String, Oid> = references
            .iter()
            .map(|name| (name.clone(), head(name)))
            .collect();
        for (name, id) in &heads {
            self.mirror.set_head(name, Some(*id));
        }
        Ok(Seen {
            heads,
            advertised: Some(all.refs.values().map(|head| head.commit).collect()),
        })
    }

    async fn fetch(
        &self,
        endpoint: &Endpoint,
        batch: &[usize],
        seen: &Seen,
    ) -> Result<(), GitError> {
        let needed = |nth: &usize| {
            let job = self.jobs.get(*nth)?;
            let head = seen
                .heads
                .get(&job.reference)
                .copied()
                .filter(|head| !head.is_zero());
            head.filter(|_| matches!(job.mode, Mode::Integrate(_)))
        };
        let needed: BTreeSet<Oid> = batch.iter().filter_map(needed).collect();
        if needed.is_empty() {
            return Ok(());
        }
        let server = match self.mirror.upload() {
            Some(server) => server,
            None => {
                let (server, _) =
                    offers(&self.git.http, endpoint, Service::Upload, self.cancel).await?;
                self.mirror.set_upload(Some(server.clone()));
                server
            }
        };
        let ids = needed.into_iter().collect();
        fetch_missing(self.git, self.mirror, endpoint, server, ids, self.cancel).await
    }

    async fn prepare(&self, batch: Vec<usize>, seen: Seen) -> Result<Prepared, GitError> {
        let (mirror, jobs) = (Arc::clone(self.mirror), Arc::clone(self.jobs));
        let cancel = self.cancel.clone();
        blocking(move || prepare(&mirror, &jobs, &batch, &seen, &cancel)).await
    }

    // Which references the server did not change: nothing if others were faster, or why.
    async fn settle(
        &self,
        endpoint: &Endpoint,
        updates: &[Update],
        report: &Report,
        pack: Pack,
    ) -> Result<BTreeMap<String, Option<GitError>>, GitError> {
        let (done, refused): (Vec<&Update>, Vec<&Update>) = updates
            .iter()
            .partition(|update| matches!(report.get(&update.reference), Some(None)));
        if !done.is_empty() {
            let done: Vec<Update> = done.into_iter().cloned().collect();
            for update in &done {
                self.mirror.set_head(&update.reference, Some(update.to));
            }
            let mirror = Arc::clone(self.mirror);
            let kept = blocking(move || {
                pack.store(&mirror.open()?)?;
                mirror.change_tips(|tips| {
                    tips.extend(done.into_iter().map(|update| (update.reference, update.to)));
                })
            });
            // The push has happened. What is not kept is fetched when it is needed.
            if let Err(error) = kept.await {
                tracing::warn!(git.repository = %endpoint.repository, error = %error,
                    "cannot add what was pushed to the local copy");
            }
        }
        if refused.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<String> = refused
            .iter()
            .map(|update| update.reference.clone())
            .collect();
        let (server, now) = list(
            &self.git.http,
            endpoint,
            self.mirror.upload(),
            &names,
            self.cancel,
        )
        .await?;
        self.mirror.set_upload(Some(server));
        let why = |update: &Update| {
            let reason = report.get(&update.reference).cloned().flatten();
            let reason = reason.unwrap_or_else(|| "it does not say what came of it".to_owned());
            let now = now
                .refs
                .get(&update.reference)
                .map_or(Oid::ZERO_SHA1, |head| head.id);
            self.mirror.set_head(&update.reference, Some(now));
            // A branch that another push holds has not moved yet, but is about to.
            if now != update.from || reason.contains("lock") {
                return None;
            }
            Some(GitError::Rejected {
                repository: endpoint.repository.clone(),
                reference: for_people(&update.reference),
                reason,
            })
        };
        Ok(refused
            .into_iter()
            .map(|update| (update.reference.clone(), why(update)))
            .collect())
    }

    fn forget(&self, references: &BTreeSet<String>) {
        for name in references {
            self.mirror.set_head(name, None);
        }
    }
}

fn moved(batch: &[usize]) -> Vec<(usize, Arrival)> {
    batch
        .iter()
        .map(|nth| (*nth, Arrival::Is(Verdict::Moved)))
        .collect()
}

fn all_of(
    travelling: &[(usize, Oid)],
    arrival: impl Fn((usize, Oid)) -> Arrival,
) -> Vec<(usize, Arrival)> {
    travelling
        .iter()
        .map(|job| (job.0, arrival(*job)))
        .collect()
}

/// `branch main` and `tag v1` instead of full names.
pub(super) fn for_people(reference: &str) -> String {
    let branch = reference
        .strip_prefix("refs/heads/")
        .map(|name| format!("branch `{name}`"));
    let tag = || {
        reference
            .strip_prefix("refs/tags/")
            .map(|name| format!("tag `{name}`"))
    };
    branch.or_else(tag).unwrap_or_else(|| reference.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rejected: &[(usize, &str)], travelled: usize, expected: &[&[usize]]) {
        let names: BTreeMap<usize, &str> = rejected.iter().copied().collect();
        let rejected: Vec<(usize, ())> = rejected.iter().map(|(nth, _)| (*nth, ())).collect();
        let name = |nth| names.get(&nth).map(|name| (*name).to_owned());
        assert_eq!(apart(&rejected, travelled, name), expected);
    }

    #[test]
    fn pushes_that_were_rejected_together_are_tried_apart() {
        check(&[(0, "a")], 1, &[]);
        check(&[(0, "a"), (1, "a")], 2, &[&[0], &[1]]);
        check(&[(0, "a"), (1, "b"), (2, "a")], 3, &[&[0, 2], &[1]]);
        check(&[(0, "a"), (1, "b")], 5, &[]);
        check(&[(0, "a"), (1, "b"), (2, "a")], 5, &[&[0, 2], &[1]]);
    }
}
