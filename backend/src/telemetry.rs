//! What the process says of itself: logs on standard error, traces to a collector.

mod export;
pub mod traces;

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, reload};

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged; can be changed while the process runs.
#[derive(Clone)]
pub struct LogLevel {
    handle: reload::Handle<EnvFilter, Registry>,
    said: Arc<Mutex<String>>,
}

/// A log level that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("`{directives}` is no log level: write for example `info` or `info,argosy=debug`")]
pub struct BadLevel {
    directives: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Starts logging. `directives` as for [`LogLevel::set`]. Panics are logged like everything else.
///
/// # Errors
/// If the directives cannot be understood.
pub fn start(directives: &str, format: LogFormat) -> Result<LogLevel, BadLevel> {
    let (filter, level) = LogLevel::new(directives)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed(),
    };
    // Fails only if a test has set one.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("no message");
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panic: {text}");
    }));
    Ok(level)
}

impl LogLevel {
    /// A level and the filter that obeys it, as long as the filter lives.
    pub(crate) fn new(
        directives: &str,
    ) -> Result<(reload::Layer<EnvFilter, Registry>, Self), BadLevel> {
        let (filter, handle) = reload::Layer::new(parse(directives)?);
        let said = Arc::new(Mutex::new(directives.to_owned()));
        Ok((filter, Self { handle, said }))
    }

    /// Logs what `directives` say from now on: a level, and exceptions by part of the program.
    ///
    /// # Errors
    /// If they cannot be understood; nothing changes then.
    pub fn set(&self, directives: &str) -> Result<(), BadLevel> {
        let filter = parse(directives)?;
        // Fails only when logging has ended, with the process.
        let _ = self.handle.reload(filter);
        directives.clone_into(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// What is logged now.
    #[must_use]
    pub fn get(&self) -> String {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The client library logs each failed connection, also those that we try again, and each watch that breaks off.
/// Directives can ask for it.
const QUIET: &str = "kube_client::client=error,kube_client::client::builder=off";

fn parse(directives: &str) -> Result<EnvFilter, BadLevel> {
    EnvFilter::try_new(format!("{QUIET},{directives}")).map_err(|source| BadLevel {
        directives: directives.to_owned(),
        source,
    })
}

/// Shows an error with everything that caused it, on one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> impl Display {
    let mut text = error.to_string();
    let causes = std::iter::successors(error.source(), |error| error.source());
    for cause in causes {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
