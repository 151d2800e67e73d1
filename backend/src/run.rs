//! Puts the parts together and runs them until the process is asked to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::cache::Report;
use crate::caches::Caches;
use crate::context::Context;
use crate::credentials::Rules;
use crate::engine::{Engine, WORKING};
use crate::events::Events;
use crate::git::{Config, Git};
use crate::leader::Election;
use crate::metrics::{Metrics, Observed};
use crate::registry::{Options, Registry};
use crate::settings::Settings;
use crate::steps::Services;
use crate::telemetry::traces::{Collector, Traces};
use crate::telemetry::{self, LogFormat};
use crate::tools::Tools;
use crate::{controllers, kubernetes, shutdown, tls, version};

/// The choices that concern the process and nobody in it.
pub struct Operation {
    /// Where probes and metrics are answered.
    pub admin_addr: SocketAddr,
    /// What is logged.
    pub log_level: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Where traces are sent.
    pub collector: Option<Collector>,
    /// The Lease on which replicas agree; none: this is the only replica.
    pub lease: Option<String>,
}

/// How long what is left to be told may take in the end.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs everything until SIGTERM or SIGINT.
///
/// # Errors
/// If it cannot begin: a wrong log level, no cluster, an address in use, a folder that cannot be made.
pub async fn run(settings: Settings, operation: Operation) -> anyhow::Result<()> {
    let Operation {
        admin_addr,
        log_level,
        log_format,
        collector,
        lease,
    } = operation;
    let level = telemetry::start(&log_level, log_format)?;
    tracing::info!(
        version = version::VERSION,
        commit = version::COMMIT,
        "starting"
    );
    tls::use_ring();
    let stop = shutdown::on_signal().context("cannot listen to signals")?;
    let data = &settings.data;
    tokio::fs::create_dir_all(data)
        .await
        .with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let clients = kubernetes::connect()
        .await
        .context("cannot find out how to reach the cluster")?;

    let (caches, metrics) = (Caches::default(), Metrics::default());
    let sampled = caches.clone();
    metrics.observe(Observed {
        samples: Box::new(move || sampled.samples()),
    });
    let listener = TcpListener::bind(admin_addr)
        .await
        .with_context(|| format!("cannot listen on {admin_addr} for probes and metrics"))?;
    tracing::info!(address = %listener.local_addr()?, "answering probes and metrics");
    let answers = Admin {
        caches: caches.clone(),
        metrics: metrics.clone(),
        level,
    };
    // Answers until the very end, so that a slow stop can be watched.
    let admin = tokio::spawn(admin::serve(listener, answers, CancellationToken::new()));

    let (events, writing) = Events::new(clients.calls.clone(), metrics.clone());
    let (traces, sending) = match collector {
        Some(collector) => {
            let (traces, sending) = Traces::new(collector);
            (traces, Some(tokio::spawn(sending)))
        }
        None => (Traces::default(), None),
    };
    let writing = tokio::spawn(writing);
    let feeding = tokio::spawn(
        caches
            .clone()
            .feed(clients.watches.clone(), Report::with_events(events.clone())),
    );
    let election = lease.map(|lease| Election {
        client: clients.calls.clone(),
        namespace: settings.namespace.clone(),
        lease,
        identity: identity(),
        metrics: metrics.clone(),
    });
    let services = Services {
        client: clients.calls.clone(),
        caches: caches.clone(),
        events: events.clone(),
        metrics: metrics.clone(),
        traces,
        git: Git::new(Config::from((&settings, &metrics))).context("cannot set up Git")?,
        tools: Tools::new(&settings.kustomize, &settings.helm),
        settings: settings.clone(),
    };
    let cleaning = tokio::spawn(services.git.clone().keep_clean());
    let engine = Engine::new(Arc::new(services), WORKING);
    let context = Arc::new(Context {
        credentials: Rules::of(&settings),
        registry: Registry::new(Options::of(&settings, &metrics))
            .context("cannot set up the client for registries")?,
        engine,
        client: clients.calls,
        caches,
        events,
        metrics,
        settings,
    });
    lead(context, election, &stop).await;

    feeding.abort();
    cleaning.abort();
    let told = async {
        let _ = writing.await;
        if let Some(sending) = sending {
            let _ = sending.await;
        }
    };
    if tokio::time::timeout(LAST_WORDS, told).await.is_err() {
        tracing::warn!("events or traces were not sent in time");
    }
    admin.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Runs the controllers whenever this replica leads, once the caches are filled. Ends with `stop`, and lets go of the
/// context.
async fn lead(context: Arc<Context>, election: Option<Election>, stop: &CancellationToken) {
    tokio::select! {
        () = context.caches.synced() => {}
        () = stop.cancelled() => return,
    }
    match election {
        Some(election) => {
            election
                .lead(stop, |stop| take_over(Arc::clone(&context), stop))
                .await;
        }
        None => {
            context.metrics.leading(true);
            take_over(context, stop.clone()).await;
        }
    }
}

async fn take_over(context: Arc<Context>, stop: CancellationToken) {
    // What the former leader wrote while we could not see it would be done twice.
    tokio::select! {
        () = context.caches.catch_up() => {}
        () = stop.cancelled() => return,
    }
    controllers::run(context, stop).await;
}

/// Tells this process from all others.
fn identity() -> String {
    let host = std::env::var("HOSTNAME")
        .ok()
        .filter(|host| !host.is_empty());
    let host = host.or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    let host = host.unwrap_or_default();
    format!(
        "{}_{}",
        host.trim(),
        ulid::Ulid::generate().to_string().to_lowercase()
    )
}
