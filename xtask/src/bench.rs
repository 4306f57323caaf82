//! Measurements against other tools in the same run, and native throughput. Ratios carry to other machines, seconds do not.

use anyhow::{Context, Result, bail};

use crate::dist;
use crate::images::{self, Set};
use crate::page::Effort;
use crate::paths;
use crate::process::Run;
use crate::setup::{self, Purpose, browser};

/// How often each tool is measured; the median counts.
const RUNS: u32 = 5;

/// What is measured.
const PARTS: [&str; 3] = ["verify", "move", "throughput"];

/// `cargo xtask bench [--runs N] [--only verify|move|throughput]`; several with commas between.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let (mut runs, mut parts) = (RUNS, PARTS.to_vec());
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match (argument, rest.next()) {
            ("--runs", Some(number)) => runs = number.parse().context("--runs takes a number")?,
            ("--only", Some(only)) if only.split(',').all(|part| PARTS.contains(&part)) => {
                parts = only.split(',').collect();
            }
            _ => bail!(
                "`bench` takes `--runs N` and `--only` with some of {}, not `{argument}`",
                PARTS.join(", ")
            ),
        }
    }
    setup::setup(Purpose::Bench)?;
    if parts.contains(&"verify") {
        println!("\n== verify in Chromium against crane and skopeo ==");
        in_the_browser("bench.mjs", runs)?;
    }
    if parts.contains(&"move") {
        println!("\n== copy, export and flatten in Chromium against crane ==");
        in_the_browser("bench-move.mjs", runs)?;
    }
    if parts.contains(&"throughput") {
        println!("\n== native throughput, one thread ==");
        Run::new("cargo")
            .args(["bench", "--package", "drydock", "--bench", "throughput"])
            .show()?;
    }
    Ok(())
}

fn in_the_browser(script: &str, runs: u32) -> Result<()> {
    let server = dist::build(Effort::Quick)?;
    let images = images::ensure(Set::Bench)?;
    let chromium =
        browser::chromium().context("there is no Chromium: run `cargo xtask setup --for bench`")?;
    Run::new("node")
        .arg(paths::e2e().join(script))
        .path(&setup::tool_path()?)
        .env("DRYDOCK_BIN", server)
        .env("DRYDOCK_IMAGES", images)
        .env(browser::CHROMIUM, chromium)
        .env("RUNS", runs.to_string())
        .show()
}
