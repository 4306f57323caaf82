//! One binary with the page in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::page::{self, For, weight};
use crate::paths;
use crate::process::Run;

/// Builds `target/dist/drydock` and returns its path.
pub(crate) fn build(made: For) -> Result<PathBuf> {
    let page = page::build(made)?;
    print!("{}", weight::table(&weight::of(&page)?));
    Run::new("cargo")
        .args(["build", "--locked", "--release", "--package", "drydock-proxy"])
        .args(["--features", "embed-page"])
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

/// Shells that get a file with completions.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Writes manual pages and completions beside the binary, as it says them itself.
pub(crate) fn about(binary: &Path) -> Result<()> {
    let place = binary.parent().context("the binary lies in no folder")?;
    let (man, completions) = (place.join("man1"), place.join("completions"));
    Run::new(binary).arg("man").arg(&man).show()?;
    fs::create_dir_all(&completions)?;
    for shell in SHELLS {
        let script = Run::new(binary).args(["completions", shell]).capture()?;
        fs::write(completions.join(format!("drydock.{shell}")), script)?;
    }
    println!("  {} and {}", man.display(), completions.display());
    Ok(())
}
