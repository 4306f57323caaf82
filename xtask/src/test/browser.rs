//! Playwright in Chromium against the real server, real registries and real images.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::ahead;
use super::counts::Counts;
use crate::images::{self, Set};
use crate::paths;
use crate::process::Run;
use crate::setup::{self, browser};

/// Projects of playwright.config.ts, one after the other: what is measured wants the machine for itself.
const PROJECTS: &[&str] = &["pages", "alone"];

pub(super) fn run() -> Result<Counts> {
    let (server, scratch) = ahead::build()?;
    let images = working_copy()?;
    let big = images::ensure(Set::Big)?;
    let chromium =
        browser::chromium().context("there is no Chromium: run `cargo xtask setup --for test`")?;

    let npx = || Run::new("npx").arg("--no-install").dir(paths::e2e());
    let types = npx().args(["tsc", "--noEmit"]).show();
    let mut counts = if types.is_ok() { Counts::PASSED } else { Counts::FAILED };
    for project in PROJECTS {
        let report = paths::target().join(format!("e2e-{project}.json"));
        fs::remove_file(&report).ok();
        let (succeeded, _) = npx()
            .args(["playwright", "test", "--project", project])
            .path(&setup::tool_path())
            .env("DRYDOCK_BIN", &server)
            .env("DRYDOCK_SCRATCH", &scratch)
            .env("DRYDOCK_IMAGES", &images)
            .env("DRYDOCK_BIG_IMAGE", &big)
            .env(browser::CHROMIUM, &chromium)
            .env("E2E_REPORT", &report)
            .tee()?;
        let found = match fs::read(&report) {
            Ok(report) => Counts::of_playwright(&report)?,
            Err(_) => Counts::default(),
        };
        counts += found.of_run(succeeded);
    }
    Ok(counts)
}

/// Tests push to the registry and damage what it stores, so each run has its own copy of that.
fn working_copy() -> Result<PathBuf> {
    let made = images::ensure(Set::Tests)?;
    let copy = paths::target().join("e2e-images");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    fs::create_dir_all(&copy)?;
    Run::new("cp")
        .args(["-a", "--reflink=auto"])
        .arg(made.join("registry"))
        .arg(&copy)
        .log(&paths::target().join("e2e-copy.log"))?;
    fs::copy(made.join("images.tsv"), copy.join("images.tsv"))?;
    std::os::unix::fs::symlink(made.join("rootfs"), copy.join("rootfs"))?;
    Ok(copy)
}
