//! `make demo`: a release travels from the first stage to the last, on real servers on this machine.
#![expect(clippy::print_stdout, reason = "the demo talks to a person")]

mod echo_server;
mod publish;
mod silly_demo;
mod tell;

use std::fs::File;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use argosy_tests::argosy::{Argosy, Options};
use argosy_tests::seeds::Seed;
use argosy_tests::{Folder, Needs, World};
use tokio::signal::unix::{SignalKind, signal};

use tell::Teller;

/// What was asked for on the command line and in the environment.
struct Asked {
    seed: Seed,
    exit: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = tokio::select! {
        ended = demo() => ended,
        interrupted = interrupted() => interrupted,
    };
    let code = match ended {
        Ok(()) => 0,
        Err(error) => {
            println!("\nThe demo cannot go on: {error:#}");
            1
        }
    };
    // A thread may still be reading the terminal; it would keep the runtime from ending.
    std::process::exit(code)
}

async fn interrupted() -> Result<()> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("\nStopping everything.");
    Ok(())
}

async fn demo() -> Result<()> {
    let Asked { seed, exit } = asked()?;
    let cache = cache()?;
    std::fs::create_dir_all(&cache).context("cannot make the cache folder")?;
    let lock = File::create(cache.join("demo.lock")).context("cannot lock the demo")?;
    lock.try_lock()
        .context("a demo runs already; end it with Ctrl-C first")?;
    let folder = Folder::at(cache.join("demo"))?;
    let tell = Teller::new(folder.path().join("kubeconfig"));

    tell.begin("Starting etcd, Kubernetes, Argo CD, a registry and a Git server");
    let world = World::default();
    let needs = Needs::default().nodes().argocd().registry();
    let (_, _, repo) = tokio::try_join!(
        world.have(needs),
        seed.push_images(&world),
        seed.make_repository(&world)
    )?;
    // As in the article, an earlier release was rendered once, and is not deployed.
    seed.render(&repo).await?;
    let cluster = world.cluster().await?;
    std::fs::copy(cluster.kubeconfig(), tell.kubeconfig()).context("cannot copy a kubeconfig")?;
    tell.begin("Starting Argosy");
    let argosy = Argosy::start(&world, Options::default()).await?;

    let travelled = match seed.folder {
        "echo-server" => echo_server::run(&tell, &seed, &world, &repo).await,
        _ => silly_demo::run(&tell, &seed, &world, &repo).await,
    };
    if let Err(error) = travelled {
        println!("\nWhat Argosy said last:\n{}", argosy.process().log_tail());
        return Err(error);
    }
    tell.end(&seed, &world, &argosy).await?;
    if exit {
        return Ok(());
    }
    println!("\nAll of it runs until you press Ctrl-C.");
    if std::io::stdin().is_terminal() {
        publish::on_enter(&tell, &seed, &world).await
    } else {
        std::future::pending().await
    }
}

fn asked() -> Result<Asked> {
    let mut exit = false;
    let mut name = std::env::var("SEED").unwrap_or_default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--exit" => exit = true,
            "--seed" => name = args.next().context("--seed needs a name")?,
            other => bail!("{other} is not known; there are --exit and --seed NAME"),
        }
    }
    if name.is_empty() {
        "silly-demo".clone_into(&mut name);
    }
    let seed = Seed::named(&name)
        .with_context(|| format!("there is no seed {name}, only silly-demo and echo-server"))?;
    Ok(Asked { seed, exit })
}

fn cache() -> Result<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
    };
    let home = || set("HOME").map(|home| home.join(".cache"));
    let cache = set("XDG_CACHE_HOME")
        .or_else(home)
        .context("HOME is not set")?;
    Ok(cache.join("argosy"))
}
