//! Measurements against other tools in the same run, and native throughput. Ratios carry to other machines, seconds do not.

mod proxy;
mod start;

use anyhow::{Context, Result, bail};

use crate::dist;
use crate::images::{self, Set};
use crate::page::{self, For, weight};
use crate::paths;
use crate::process::Run;
use crate::setup::{self, Purpose, browser};

/// How often each tool is measured; the median counts.
const RUNS: u32 = 5;

/// What is measured.
const PARTS: [&str; 7] = ["verify", "move", "build", "throughput", "proxy", "start", "weight"];

/// These need nothing but what `cargo xtask run` needs, and `proxy` a docker-registry.
const OWN: [&str; 3] = ["proxy", "start", "weight"];

/// `cargo xtask bench [--runs N] [--only verify|move|build|throughput|proxy|start|weight]`; several with
/// commas between.
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
    let is_own = parts.iter().all(|part| OWN.contains(part));
    setup::setup(if is_own { Purpose::Run } else { Purpose::Bench })?;
    if parts.contains(&"verify") {
        println!("\n== verify in Chromium and in a shell against crane ==");
        in_the_browser("bench.mjs", runs)?;
    }
    if parts.contains(&"move") {
        println!("\n== copy, export and flatten in Chromium against crane ==");
        in_the_browser("bench-move.mjs", runs)?;
    }
    if parts.contains(&"build") {
        println!("\n== a gzip layer made in Chromium against gzip and pigz ==");
        in_the_browser("bench-build.mjs", runs)?;
    }
    if parts.contains(&"throughput") {
        println!("\n== native throughput, one thread ==");
        Run::new("cargo")
            .args(["bench", "--package", "drydock", "--bench", "throughput"])
            .show()?;
    }
    let mut measured = serde_json::Map::new();
    if parts.contains(&"proxy") {
        println!("\n== blobs through the server against the registry itself ==");
        measured.insert("proxy".to_owned(), proxy::measure(runs)?);
    }
    if parts.contains(&"start") {
        println!("\n== from the command to a server that answers ==");
        measured.insert("start".to_owned(), start::measure(runs)?);
    }
    if parts.contains(&"weight") {
        println!("\n== what the page weighs, over the network as `cargo xtask dist` packs it ==");
        let weights = weight::of(&page::build(For::Network)?)?;
        print!("\n{}", weight::table(&weights));
        measured.insert("weight".to_owned(), weight::json(&weights));
    }
    if !measured.is_empty() {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn in_the_browser(script: &str, runs: u32) -> Result<()> {
    let server = dist::build(For::Tests)?;
    let images = images::ensure(Set::Bench)?;
    let chromium =
        browser::chromium().context("there is no Chromium: run `cargo xtask setup --for bench`")?;
    Run::new("node")
        .arg(paths::e2e().join(script))
        .path(&setup::tool_path())
        .env("DRYDOCK_BIN", server)
        .env("DRYDOCK_IMAGES", images)
        .env(browser::CHROMIUM, chromium)
        .env("RUNS", runs.to_string())
        .show()
}
