//! Putting the commits of many pushes together before they travel.

use std::collections::BTreeMap;

use git2::{Oid, Repository};
use tokio_util::sync::CancellationToken;

use super::GitError;
use super::error::Doing as _;
use super::integrate::{Place, contains, integrate};
use super::mirror::Mirror;
use super::pack::Pack;
use super::queue::{Job, Mode, Verdict, for_people};
use super::receive::Update;

const DOING: &str = "preparing a push";

/// What is known of the server when a push is prepared.
pub(super) struct Seen {
    /// What branches and tags point to, zero for those that do not exist.
    pub(super) heads: BTreeMap<String, Oid>,
    /// Commits that the server has. Unknown if it was not asked just now.
    pub(super) advertised: Option<Vec<Oid>>,
}

/// Pushes that are ready to travel.
pub(super) struct Prepared {
    /// Those that need not, or cannot.
    pub(super) results: Vec<(usize, Arrival)>,
    /// Those that do, and what became of their commits.
    pub(super) travelling: Vec<(usize, Oid)>,
    /// What the server is told.
    pub(super) updates: Vec<Update>,
    /// What it is given. None if nothing changes.
    pub(super) pack: Option<Pack>,
}

/// What one push came to on one trip.
pub(super) enum Arrival {
    /// It is decided.
    Is(Verdict),
    /// The server rejected it, or another that travelled with it.
    Rejected(GitError),
}

/// Puts the commits of pushes in `batch` on top of what is there, and of each other. Blocks.
pub(super) fn prepare(
    mirror: &Mirror,
    jobs: &[Job],
    batch: &[usize],
    seen: &Seen,
    cancel: &CancellationToken,
) -> Result<Prepared, GitError> {
    let repository = mirror.open()?;
    let odb = repository.odb().doing(DOING)?;
    for job in batch.iter().filter_map(|nth| jobs.get(*nth)) {
        if let Some(objects) = job.objects.as_deref().and_then(|objects| objects.to_str()) {
            odb.add_disk_alternate(objects).doing(DOING)?;
        }
    }
    // What is made here stays in memory until the server has taken it.
    let _in_memory = odb.add_new_mempack_backend(1_000).doing(DOING)?;
    let mut heads = seen.heads.clone();
    let mut results = Vec::new();
    let mut travelling = Vec::new();
    for (nth, job) in batch.iter().filter_map(|nth| Some((*nth, jobs.get(*nth)?))) {
        if cancel.is_cancelled() {
            return Err(GitError::Cancelled);
        }
        let on = heads.get(&job.reference).copied().unwrap_or(Oid::ZERO_SHA1);
        match place(&repository, job, on) {
            Ok(Placed::There(commit)) => results.push((nth, Arrival::Is(Verdict::Pushed(commit)))),
            Ok(Placed::Taken) => results.push((nth, Arrival::Is(Verdict::Moved))),
            Ok(Placed::New { head, commit }) => {
                if let Some(journal) = job.journal.as_ref().filter(|_| commit != job.head) {
                    journal.add(commit)?;
                }
                heads.insert(job.reference.clone(), head);
                travelling.push((nth, commit));
            }
            Err(error) => results.push((nth, Arrival::Is(Verdict::Failed(error)))),
        }
    }
    let updates: Vec<Update> = heads
        .into_iter()
        .filter_map(|(reference, to)| {
            let from = seen
                .heads
                .get(&reference)
                .copied()
                .unwrap_or(Oid::ZERO_SHA1);
            (from != to).then_some(Update {
                reference,
                from,
                to,
            })
        })
        .collect();
    let pack = if updates.is_empty() {
        None
    } else {
        let tips: Vec<Oid> = updates.iter().map(|update| update.to).collect();
        let mut known: Vec<Oid> = match &seen.advertised {
            Some(advertised) => advertised.clone(),
            None => mirror.tips()?.into_values().collect(),
        };
        known.extend(seen.heads.values());
        Some(Pack::build(&repository, &tips, &known, cancel)?)
    };
    Ok(Prepared {
        results,
        travelling,
        updates,
        pack,
    })
}

enum Placed {
    // The server has it.
    There(Oid),
    // The reference is to point to `head`; `commit` is what became of the job's own.
    New { head: Oid, commit: Oid },
    // Something is there that should not be.
    Taken,
}

fn place(repository: &Repository, job: &Job, on: Oid) -> Result<Placed, GitError> {
    let new = Placed::New {
        head: job.head,
        commit: job.head,
    };
    if on == job.head {
        return Ok(Placed::There(job.head));
    }
    match job.mode {
        Mode::Overwrite => Ok(new),
        Mode::OverwriteOnly(expected) if on == expected => Ok(new),
        Mode::OverwriteOnly(_) => Err(GitError::Moved {
            repository: job.endpoint.repository.clone(),
            reference: for_people(&job.reference),
            attempts: 1,
        }),
        _ if on.is_zero() => Ok(new),
        Mode::Create => Ok(Placed::Taken),
        Mode::Tag => Err(GitError::TagExists {
            repository: job.endpoint.repository.clone(),
            tag: job.reference.trim_start_matches("refs/tags/").to_owned(),
        }),
        Mode::Integrate(policy) => {
            for noted in &job.noted {
                if repository.find_commit(*noted).is_ok() && contains(repository, on, *noted)? {
                    return Ok(Placed::There(*noted));
                }
            }
            if contains(repository, on, job.head)? {
                return Ok(Placed::There(job.head));
            }
            let place = Place {
                repository: &job.endpoint.repository,
                branch: job.reference.trim_start_matches("refs/heads/"),
                author: &job.author,
            };
            let head = integrate(repository, job.head, on, policy, &place)?;
            // Others have made the same changes.
            if head == on {
                Ok(Placed::There(on))
            } else {
                Ok(Placed::New { head, commit: head })
            }
        }
    }
}
