//! What the browser tests need takes longest, so a process of its own builds it while other parts run.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Outcome;
use super::counts::Counts;
use super::programs;
use crate::page::{self, For};
use crate::paths;
use crate::process::{Background, Run};

/// The command of that process.
pub(crate) const COMMAND: &str = "build-for-tests";

/// How the table calls it.
const NAME: &str = "build";

/// The process.
pub(super) struct Ahead {
    process: Background,
    log: PathBuf,
    start: Instant,
}

impl Ahead {
    pub(super) fn start() -> Result<Self> {
        let log = paths::target().join("log/build-for-tests.log");
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        println!(
            "{NAME}: the page as users get it, the server and the scratch registry, beside the parts that follow"
        );
        let process = Run::new(std::env::current_exe()?).arg(COMMAND).background(&log)?;
        Ok(Self { process, log, start: Instant::now() })
    }

    /// Waits for its end and shows what it printed.
    pub(super) fn end(self) -> Outcome {
        println!("\n== {NAME} ==");
        let waited = Instant::now();
        let succeeded = self.process.end();
        let took = self.start.elapsed();
        print!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        let counts = match succeeded {
            Ok(true) => Counts::PASSED,
            _ => Counts::FAILED,
        };
        println!(
            "== {NAME}: {} passed, {} failed ({:.0} s, of them {:.0} s with no part beside it)",
            counts.passed,
            counts.failed,
            took.as_secs_f64(),
            waited.elapsed().as_secs_f64()
        );
        Outcome { name: NAME, took, counts }
    }
}

/// Builds it, and returns the server with the page in it and the scratch registry.
pub(crate) fn build() -> Result<(PathBuf, PathBuf)> {
    let page = page::build(For::Tests)?;
    programs::servers(&["--features", "drydock-proxy/embed-page"], Some(&page))
        .context("the server could not be built")?;
    let (built, place) = (paths::target().join("debug"), paths::target().join("for-tests"));
    fs::create_dir_all(&place)?;
    // A running server keeps its old file.
    fs::remove_file(place.join("drydock")).ok();
    fs::copy(built.join("drydock"), place.join("drydock"))?;
    // Other tests want it without.
    programs::servers(&[], None)?;
    Ok((place.join("drydock"), built.join("scratch")))
}
