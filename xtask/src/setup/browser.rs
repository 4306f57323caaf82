//! Chromium.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Step, apt};
use crate::paths;

/// Names a browser to use instead.
pub(crate) const CHROMIUM: &str = "DRYDOCK_CHROMIUM";

pub(super) fn steps() -> Result<Vec<Step>> {
    Ok(vec![Step::new(
        "chromium",
        "the browser of the browser tests",
        chromium().is_some(),
        install,
    )])
}

/// The browser of the tests.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = env::var_os(CHROMIUM).map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| ["chromium", "google-chrome", "chrome"].into_iter().find_map(paths::program))
}

fn install() -> Result<()> {
    apt::install(&["chromium"])
        .with_context(|| format!("or name a Chromium or Chrome in {CHROMIUM}"))?;
    if chromium().is_none() {
        bail!("the package brought no program `chromium`. Name a Chromium or Chrome in {CHROMIUM}");
    }
    Ok(())
}
