//! One binary with the page in it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::page::{self, Effort};
use crate::paths;
use crate::process::Run;

/// Builds `target/dist/drydock` and returns its path.
pub(crate) fn build(effort: Effort) -> Result<PathBuf> {
    let page = page::build(effort)?;
    Run::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "drydock-proxy",
            "--features",
            "embed-page",
        ])
        .env("DRYDOCK_PAGE_DIR", &page)
        .show()
        .context("the server could not be built")?;
    let place = paths::target().join("dist/drydock");
    if let Some(directory) = place.parent() {
        fs::create_dir_all(directory)?;
    }
    // A running server keeps its old file.
    fs::remove_file(&place).ok();
    fs::copy(paths::target().join("release/drydock"), &place)?;
    let size = fs::metadata(&place)?.len();
    println!("  {} ({:.1} MB)", place.display(), size as f64 / 1e6);
    Ok(place)
}
