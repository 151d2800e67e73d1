//! A local copy of a repository, shared by everything that needs it.
//!
//! An object that is in the copy is there with all that it refers to: objects come in packs that
//! are added as a whole, and what is made here is added when the server has taken it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use git2::{Oid, Repository, RepositoryInitOptions};

use super::GitError;
use super::blocking::blocking;
use super::clean;
use super::error::Doing as _;
use super::queue::{Job, Verdict};
use super::refs::Server;
use super::rounds::Rounds;
use super::sync::{Asked, Synced};
use super::tips::{self, Tips};

/// How old what is known of the server's branches may be for a push to be tried without asking.
const FRESH: Duration = Duration::from_secs(60);
const DOING: &str = "opening the local copy of the repository";

/// A copy and what is going on with it.
pub(super) struct Mirror {
    /// The folder of the bare repository.
    pub(super) folder: PathBuf,
    /// Those who want to know what the server has.
    pub(super) syncs: Rounds<Asked, Synced>,
    /// Those who want to push.
    pub(super) pushes: Rounds<Job, Verdict>,
    /// Held by those who use the folder, and alone by who replaces it.
    pub(super) life: tokio::sync::RwLock<()>,
    known: Mutex<Known>,
    // Held by who writes a file beside the objects.
    files: Mutex<()>,
    tidying: AtomicBool,
}

#[derive(Default)]
struct Known {
    upload: Option<Server>,
    receive: Option<Server>,
    // What the server said last, and when.
    heads: HashMap<String, (Oid, Instant)>,
    generation: u64,
}

impl Mirror {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            syncs: Rounds::default(),
            pushes: Rounds::default(),
            life: tokio::sync::RwLock::default(),
            known: Mutex::default(),
            files: Mutex::default(),
            tidying: AtomicBool::default(),
        }
    }

    /// Opens the copy. Blocks.
    pub(super) fn open(&self) -> Result<Repository, GitError> {
        self.make()?;
        Repository::open_bare(&self.folder).doing(DOING)
    }

    /// Where the objects are, for work trees that borrow them.
    pub(super) fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// The same, whatever the current folder is.
    pub(super) fn absolute_objects(&self) -> Result<PathBuf, GitError> {
        std::path::absolute(self.objects()).doing(DOING)
    }

    /// What the copy has. Blocks.
    pub(super) fn tips(&self) -> Result<Tips, GitError> {
        tips::read(&self.folder)
    }

    /// Changes what the copy has. Blocks.
    pub(super) fn change_tips(&self, change: impl FnOnce(&mut Tips)) -> Result<(), GitError> {
        let _one_at_a_time = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tips::read(&self.folder)?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        tips::write(&self.folder, &after)
    }

    /// Notes that the copy is used now, and by which work trees. Blocks.
    pub(super) fn lend(&self, work_trees: &[PathBuf]) -> Result<(), GitError> {
        let _one_at_a_time = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        clean::lend(&self.folder, work_trees)
    }

    /// Puts packs together if there are many, while others go on.
    pub(super) fn tidy(self: &Arc<Self>) {
        if self.tidying.swap(true, Ordering::SeqCst) {
            return;
        }
        let copy = Arc::clone(self);
        tokio::spawn(async move {
            let _in_use = copy.life.read().await;
            let folder = copy.folder.clone();
            if let Err(error) = blocking(move || clean::consolidate(&folder)).await {
                tracing::warn!(error = %error, "cannot put packs of a local copy together");
            }
            copy.tidying.store(false, Ordering::SeqCst);
        });
    }

    /// How the service that gives objects is spoken to.
    pub(super) fn upload(&self) -> Option<Server> {
        self.known().upload.clone()
    }

    /// How the service that takes objects is spoken to.
    pub(super) fn receive(&self) -> Option<Server> {
        self.known().receive.clone()
    }

    /// Keeps how the service that gives objects is spoken to, or forgets it.
    pub(super) fn set_upload(&self, server: Option<Server>) {
        self.known().upload = server;
    }

    /// Keeps how the service that takes objects is spoken to, or forgets it.
    pub(super) fn set_receive(&self, server: Option<Server>) {
        self.known().receive = server;
    }

    /// What a branch or tag points to on the server, zero if it does not exist; nothing if that is
    /// not known or too old to rely on.
    pub(super) fn head(&self, reference: &str) -> Option<Oid> {
        let known = self.known();
        let (id, at) = known.heads.get(reference)?;
        (at.elapsed() < FRESH).then_some(*id)
    }

    /// Keeps what the server said of a branch or tag; nothing to forget it.
    pub(super) fn set_head(&self, reference: &str, id: Option<Oid>) {
        let mut known = self.known();
        match id {
            Some(id) => known
                .heads
                .insert(reference.to_owned(), (id, Instant::now())),
            None => known.heads.remove(reference),
        };
        if 10_000 < known.heads.len() {
            known.heads.retain(|_, (_, at)| at.elapsed() < FRESH);
        }
    }

    /// Counts how often the copy has been thrown away.
    pub(super) fn generation(&self) -> u64 {
        self.known().generation
    }

    /// Throws the copy away because it was found damaged in `generation`. Once for all who find it.
    pub(super) async fn discard(&self, generation: u64) -> Result<(), GitError> {
        let _alone = self.life.write().await;
        if self.generation() != generation {
            return Ok(());
        }
        let folder = self.folder.clone();
        blocking(move || remove(&folder)).await?;
        self.forget();
        Ok(())
    }

    /// Throws the copy away if nobody has used it for so long and no work tree borrows from it.
    /// Says whether it did.
    pub(super) async fn discard_unused(&self, unused_for: Duration) -> Result<bool, GitError> {
        let _alone = self.life.write().await;
        let folder = self.folder.clone();
        let discarded = blocking(move || {
            let is_unused = clean::is_unused(&folder, unused_for)?;
            if is_unused {
                remove(&folder)?;
            }
            Ok(is_unused)
        })
        .await?;
        if discarded {
            self.forget();
        }
        Ok(discarded)
    }

    fn forget(&self) {
        let mut known = self.known();
        known.generation += 1;
        known.heads.clear();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // A folder is renamed into place when it is whole.
    fn make(&self) -> Result<(), GitError> {
        if self.folder.join("HEAD").is_file() && self.objects().is_dir() {
            return Ok(());
        }
        let root = self.folder.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(root).doing(DOING)?;
        if self.folder.exists() {
            remove(&self.folder)?;
        }
        let new = tempfile::Builder::new()
            .prefix(NEW)
            .tempdir_in(root)
            .doing(DOING)?;
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false);
        Repository::init_opts(new.path(), &options).doing(DOING)?;
        match std::fs::rename(new.keep(), &self.folder) {
            // Another task was faster; the cleaner removes ours.
            Err(_) if self.folder.join("HEAD").is_file() => Ok(()),
            renamed => renamed.doing(DOING),
        }
    }
}

/// What folders are called that are not finished yet.
pub(super) const NEW: &str = ".new-";
/// What folders are called that are being removed.
pub(super) const OLD: &str = ".old-";

/// Removes a folder so that it is gone at once, even if removing its files takes long or is
/// interrupted.
pub(super) fn remove(folder: &Path) -> Result<(), GitError> {
    const DOING: &str = "removing a local copy";
    let root = folder.parent().unwrap_or(Path::new("."));
    let old = tempfile::Builder::new()
        .prefix(OLD)
        .tempdir_in(root)
        .doing(DOING)?;
    match std::fs::rename(folder, old.path().join("copy")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        renamed => {
            renamed.doing(DOING)?;
            old.close().doing(DOING)
        }
    }
}
