//! The runtime of the servers inside this process.

use std::future::Future;
use std::sync::LazyLock;

use anyhow::{Context as _, Result};
use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinHandle};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("servers")
        .enable_all()
        .build()
        .expect("threads can be had when a test begins")
});

/// Run a task that must not end with the runtime of the test that started it.
pub(crate) fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    RUNTIME.spawn(task)
}

/// An HTTP server on a free port of 127.0.0.1; dropping it closes the port.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) port: u16,
    task: AbortHandle,
}

impl Served {
    /// Serve `router`.
    pub(crate) async fn start(router: Router) -> Result<Self> {
        spawn(async move {
            let listener = TcpListener::bind(("127.0.0.1", 0))
                .await
                .context("cannot listen on 127.0.0.1")?;
            let port = listener.local_addr()?.port();
            let task = spawn(async move { axum::serve(listener, router).await });
            Ok(Self {
                port,
                task: task.abort_handle(),
            })
        })
        .await?
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
