//! Node packages of the browser tests.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Step, log};
use crate::paths;
use crate::process::Run;

/// The oldest Node that Playwright and the tests run on.
const NODE: u32 = 20;

pub(super) fn steps() -> Result<Vec<Step>> {
    let lock = fs::read(paths::e2e().join("package-lock.json")).unwrap_or_default();
    let is_there = fs::read(stamp()).is_ok_and(|installed| installed == lock);
    Ok(vec![Step::new(
        "Node packages of tests/e2e",
        "Playwright drives the browser in tests",
        is_there,
        move || install(&lock),
    )])
}

/// A copy of the lock file that the packages were installed from.
fn stamp() -> PathBuf {
    paths::e2e().join("node_modules/.drydock-lock.json")
}

fn install(lock: &[u8]) -> Result<()> {
    let wanted = format!("Node {NODE} or newer is needed: https://nodejs.org");
    if paths::program("node").is_none() || paths::program("npm").is_none() {
        bail!("there is no Node with npm. {wanted}");
    }
    let version = Run::new("node").arg("--version").capture()?;
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|part| part.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        bail!("Node here is {}. {wanted}", version.trim());
    }
    Run::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .dir(paths::e2e())
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .limit(600)
        .log(&log("npm"))
        .context("by hand: cd tests/e2e && npm ci")?;
    fs::write(stamp(), lock)?;
    Ok(())
}
