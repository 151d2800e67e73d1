//! The binary `argosy`.

use argosy::args::CommandLine;
use clap::Parser as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    CommandLine::parse().execute().await
}
