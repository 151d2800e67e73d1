//! Runs the steps of promotions, each promotion in a task of its own, off the controllers' workers.
//!
//! What to do next is decided by `argosy_core::promotion`; here it is done, noted and reported. A promotion goes on
//! where it was: its folder on the volume keeps the files and a journal, its status the rest.

mod attempt;
mod drive;
mod evaluate;
mod folder;
mod kept;
mod links;
mod refill;
mod report;
mod stop;
mod tell;
mod volume;

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use argosy_api::promotion::{PromotionPhase, PromotionStatus};
use argosy_api::{Freight, Promotion, Stage};
use argosy_core::abort::AbortRequest;
use argosy_core::promotion::{Verdict, finish};
use futures::FutureExt as _;
use jiff::Timestamp;
use kube::ResourceExt as _;
use tokio::sync::{Notify, Semaphore};
use tracing::Instrument as _;

use self::drive::{Drive, End};
use self::report::Report;
use self::stop::{Reason, Stop};
use crate::steps::Services;

/// Promotions whose steps work at the same time. Steps that wait do not count.
pub const WORKING: usize = 16;
/// So many promotions that ended are remembered, against a caller whose cache is a little behind.
const REMEMBERED: usize = 1_000;
/// How long [`Engine::stop`] waits for tasks to notice.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs promotions. Clones share the same tasks.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    services: Arc<Services>,
    folders: PathBuf,
    working: Arc<Semaphore>,
    tasks: Mutex<Tasks>,
    sweep: Once,
}

#[derive(Default)]
struct Tasks {
    running: HashMap<String, Task>,
    ended: VecDeque<String>,
}

struct Task {
    stop: Stop,
    wake: Arc<Notify>,
    handle: Option<tokio::task::JoinHandle<()>>,
}

/// A promotion that may run.
#[derive(Clone)]
pub struct Job {
    /// The promotion, its steps without tasks and with names.
    pub promotion: Arc<Promotion>,
    /// Its Stage.
    pub stage: Arc<Stage>,
    /// The Freight that it is about.
    pub freight: Arc<Freight>,
    /// Its status: with what is promoted if it has not started, and as it was left if it has.
    pub status: PromotionStatus,
}

impl Engine {
    /// An engine that keeps its folders below `settings.data` and lets `working` promotions work at a time.
    #[must_use]
    pub fn new(services: Arc<Services>, working: usize) -> Self {
        Self(Arc::new(Inner {
            folders: services.settings.data.join("promotions"),
            services,
            working: Arc::new(Semaphore::new(working.max(1))),
            tasks: Mutex::default(),
            sweep: Once::new(),
        }))
    }

    /// Sees to it that the promotion runs. One that runs already, or has ended, is left alone.
    pub fn ensure(&self, job: Job) {
        let uid = job.promotion.uid().unwrap_or_default();
        self.0.sweep.call_once(|| self.0.sweep(&uid));
        let mut tasks = self.0.tasks();
        if tasks.running.contains_key(&uid) || tasks.ended.contains(&uid) {
            return;
        }
        let (stop, wake) = (Stop::default(), Arc::new(Notify::new()));
        let task = run(
            Arc::clone(&self.0),
            uid.clone(),
            job,
            stop.clone(),
            Arc::clone(&wake),
        );
        let handle = Some(tokio::spawn(task));
        tasks.running.insert(uid, Task { stop, wake, handle });
    }

    /// Stops the promotion's step and ends the promotion as `Aborted`. Says no if it is not running here.
    pub fn abort(&self, promotion: &Promotion, request: &AbortRequest) -> bool {
        let uid = promotion.uid().unwrap_or_default();
        match self.0.tasks().running.get(&uid) {
            Some(task) => {
                task.stop.now(Reason::Abort(request.message()));
                true
            }
            None => false,
        }
    }

    /// Ends a rest of the promotion's step: what it waits for may have come.
    pub fn wake(&self, uid: &str) {
        if let Some(task) = self.0.tasks().running.get(uid) {
            task.wake.notify_one();
        }
    }

    /// Drops a promotion that was deleted, with its folder.
    pub fn forget(&self, uid: &str) {
        match self.0.tasks().running.get(uid) {
            Some(task) => task.stop.now(Reason::Forget),
            None => folder::remove(&self.0.folders, uid),
        }
    }

    /// The uids of the promotions that run here.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        self.0.tasks().running.keys().cloned().collect()
    }

    /// Stops everything and leaves it so that another process, or this one later, can go on.
    pub async fn stop(&self) {
        let handles: Vec<_> = {
            let mut tasks = self.0.tasks();
            tasks
                .running
                .values_mut()
                .filter_map(|task| {
                    task.stop.now(Reason::Leave);
                    task.handle.take()
                })
                .collect()
        };
        let all = futures::future::join_all(handles);
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!(
                "some promotions did not stop in time; they go on when they are resumed"
            );
        }
    }
}

impl Inner {
    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the folders of promotions that are gone or have ended: a crash may have come in between.
    fn sweep(&self, starting: &str) {
        let promotions = self.services.caches.promotions.all();
        let open = promotions.iter().filter(|promotion| {
            let phase = promotion.status.as_ref().and_then(|status| status.phase);
            !phase.is_some_and(PromotionPhase::is_terminal)
        });
        let mut open: Vec<String> = open.filter_map(|promotion| promotion.uid()).collect();
        open.push(starting.to_owned());
        folder::remove_all_but(&self.folders, &open);
    }
}

async fn run(inner: Arc<Inner>, uid: String, job: Job, stop: Stop, wake: Arc<Notify>) {
    let namespace = job.promotion.namespace().unwrap_or_default();
    let name = job.promotion.name_any();
    let span = tracing::info_span!(
        "promotion",
        promotion.name = %name,
        promotion.project = %namespace,
        stage.name = %job.promotion.spec.stage,
    );
    let drive = async {
        let end = end_of(&inner, &job, &stop, wake).await;
        match end {
            End::Over | End::Gone => folder::remove(&inner.folders, &uid),
            End::Left => {}
        }
        let mut tasks = inner.tasks();
        tasks.running.remove(&uid);
        if matches!(end, End::Over | End::Gone) {
            tasks.ended.push_back(uid);
            if REMEMBERED < tasks.ended.len() {
                tasks.ended.pop_front();
            }
        }
    };
    drive.instrument(span).await;
}

/// Drives the promotion to an end, whatever happens on the way.
async fn end_of(inner: &Arc<Inner>, job: &Job, stop: &Stop, wake: Arc<Notify>) -> End {
    let services = Arc::clone(&inner.services);
    let turn = crate::steps::Turn::new(Arc::clone(&inner.working));
    let drive = Drive::new(services, &inner.folders, job, stop.clone(), wake, turn);
    match AssertUnwindSafe(drive.run()).catch_unwind().await {
        Ok(end) => end,
        Err(_) => {
            tracing::error!("the engine ended early; the promotion ends as Errored");
            let status = job.status.clone();
            let message =
                Some("the engine ended early, which is a defect; its log says where".to_owned());
            let verdict = Verdict {
                phase: PromotionPhase::Errored,
                message,
            };
            let report = Report::new(Arc::clone(&inner.services), job);
            report
                .last(finish(&status, &verdict, Timestamp::now()), stop)
                .await
        }
    }
}
