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

/// `cargo xtask bench [--runs N] [--only verify|throughput]`.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    let (mut runs, mut verify, mut throughput) = (RUNS, true, true);
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match (argument, rest.next()) {
            ("--runs", Some(number)) => runs = number.parse().context("--runs takes a number")?,
            ("--only", Some("verify")) => throughput = false,
            ("--only", Some("throughput")) => verify = false,
            _ => bail!("`bench` takes `--runs N` and `--only verify|throughput`, not `{argument}`"),
        }
    }
    setup::setup(Purpose::Bench)?;
    if verify {
        in_the_browser(runs)?;
    }
    if throughput {
        println!("\n== native throughput, one thread ==");
        Run::new("cargo")
            .args(["bench", "--package", "drydock", "--bench", "throughput"])
            .show()?;
    }
    Ok(())
}

fn in_the_browser(runs: u32) -> Result<()> {
    let server = dist::build(Effort::Quick)?;
    let images = images::ensure(Set::Bench)?;
    let chromium =
        browser::chromium().context("there is no Chromium: run `cargo xtask setup --for bench`")?;
    println!("\n== verify in Chromium against crane and skopeo ==");
    Run::new("node")
        .arg(paths::e2e().join("bench.mjs"))
        .path(&setup::tool_path()?)
        .env("DRYDOCK_BIN", server)
        .env("DRYDOCK_IMAGES", images)
        .env(browser::CHROMIUM, chromium)
        .env("RUNS", runs.to_string())
        .show()
}
