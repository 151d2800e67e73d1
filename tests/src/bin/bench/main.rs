//! `make bench`: how long, how many requests, how much memory. Names of rows as arguments choose.
#![expect(clippy::print_stdout, reason = "the figures are for a person")]

mod ground;
mod idle;
mod promotions;
mod releases;
mod tags;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// A figure and what it should be.
pub(crate) struct Figure {
    work: &'static str,
    found: String,
    aim: &'static str,
}

impl Figure {
    pub(crate) fn new(work: &'static str, found: impl Into<String>, aim: &'static str) -> Self {
        Self {
            work,
            found: found.into(),
            aim,
        }
    }
}

/// Seconds, as they are shown.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

#[tokio::main]
async fn main() -> Result<()> {
    let asked = std::env::args().skip(1).collect::<Vec<_>>();
    let wants = |row: &str| asked.is_empty() || asked.iter().any(|it| it == row);
    let mut figures = Vec::new();
    if wants("releases") {
        show(&mut figures, releases::measure().await.context("releases")?);
    }
    if wants("promotions") {
        show(
            &mut figures,
            promotions::measure().await.context("promotions")?,
        );
    }
    if wants("tags") {
        show(&mut figures, tags::measure().await.context("tags")?);
    }
    if wants("idle") {
        show(&mut figures, idle::measure().await.context("idle")?);
    }
    let path = keep(&figures)?;
    println!("\nkept in {}", path.display());
    Ok(())
}

fn show(all: &mut Vec<Figure>, more: Vec<Figure>) {
    for Figure { work, found, aim } in &more {
        println!("{work:<52} {found:>22}   aim {aim}");
    }
    all.extend(more);
}

fn keep(figures: &[Figure]) -> Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder).context("cannot make the folder for figures")?;
    let path = folder.join("figures.json");
    let rows = figures
        .iter()
        .map(|Figure { work, found, aim }| json!({ "work": work, "found": found, "aim": aim }));
    let rows = Value::Array(rows.collect());
    std::fs::write(&path, format!("{rows:#}\n")).context("cannot keep the figures")?;
    Ok(path)
}
