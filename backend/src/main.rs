//! The binary `argosy`.

use std::io::Write as _;
use std::process::ExitCode;

use argosy::args::CommandLine;
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match CommandLine::parse().execute().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if standard error is gone.
            let _ = writeln!(std::io::stderr(), "argosy: {error:#}");
            ExitCode::FAILURE
        }
    }
}
