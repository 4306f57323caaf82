//! Everything that must hold, part after part, and how many tests that was.

mod ahead;
mod browser;
mod checks;
mod conformance;
mod counts;
mod programs;
mod room;
mod trunk;
mod weight;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::ahead::Ahead;
use self::counts::Counts;
use crate::setup::{self, Purpose};

pub(crate) use self::ahead::{COMMAND as BUILD, build};

/// A part by name, what it does, and what it needs.
struct Part {
    name: &'static str,
    purpose: Purpose,
    when: When,
    run: fn() -> Result<Counts>,
}

/// What may happen meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// The page and the server for the parts below may be built.
    BesideTheBuild,
    /// Nothing: it measures time, or needs what is built.
    Alone,
}

use When::{Alone, BesideTheBuild};

/// Those of a stage in a row: cheap ones first, so that a mistake is seen early.
const PARTS: &[Part] = &[
    part("fmt", Purpose::Test, BesideTheBuild, checks::format),
    part("compile", Purpose::Test, BesideTheBuild, programs::compile),
    part("deny", Purpose::Test, BesideTheBuild, checks::dependencies),
    part("unit", Purpose::Run, BesideTheBuild, checks::unit_tests),
    part("it", Purpose::Run, BesideTheBuild, checks::integration_tests),
    part("www", Purpose::Run, BesideTheBuild, checks::www_tests),
    part("fuzz", Purpose::Run, BesideTheBuild, checks::fuzz_targets),
    part("wasm", Purpose::Run, BesideTheBuild, checks::wasm_check),
    part("trunk", Purpose::Run, BesideTheBuild, trunk::run),
    part("oracle", Purpose::Test, BesideTheBuild, checks::oracle_tests),
    part("registry", Purpose::Run, Alone, checks::registry_tests),
    part("proxy", Purpose::Run, Alone, checks::proxy_tests),
    part("conformance", Purpose::Test, Alone, conformance::run),
    part("weight", Purpose::Run, Alone, weight::run),
    part("e2e", Purpose::Test, Alone, browser::run),
];

const fn part(
    name: &'static str,
    purpose: Purpose,
    when: When,
    run: fn() -> Result<Counts>,
) -> Part {
    Part { name, purpose, when, run }
}

/// The part for which page and server are built ahead.
const BUILT: &str = "e2e";

/// What came of a part.
struct Outcome {
    name: &'static str,
    took: Duration,
    counts: Counts,
}

/// Runs all parts, or those named with `--only`; every part runs, whatever came of the ones before.
pub(crate) fn test(arguments: &[String]) -> Result<ExitCode> {
    let start = Instant::now();
    let parts = chosen(arguments)?;
    let purpose = parts.iter().map(|part| part.purpose).max().unwrap_or(Purpose::Run);
    setup::setup(purpose)?;
    if purpose >= Purpose::Test {
        room::look();
    }
    let (beside, alone): (Vec<&Part>, Vec<&Part>) =
        parts.into_iter().partition(|part| part.when == BesideTheBuild);
    let is_built = alone.iter().any(|part| part.name == BUILT);
    let ahead = if is_built { Some(Ahead::start()?) } else { None };
    let mut outcomes: Vec<Outcome> = beside.into_iter().map(outcome).collect();
    outcomes.extend(ahead.map(Ahead::end));
    outcomes.extend(alone.into_iter().map(outcome));
    Ok(report(&outcomes, start.elapsed()))
}

fn outcome(part: &Part) -> Outcome {
    println!("\n== {} ==", part.name);
    let start = Instant::now();
    let counts = (part.run)().unwrap_or_else(|error| {
        println!("error: {error:#}");
        Counts::FAILED
    });
    let took = start.elapsed();
    println!(
        "== {}: {} passed, {} failed ({:.0} s)",
        part.name,
        counts.passed,
        counts.failed,
        took.as_secs_f64()
    );
    Outcome { name: part.name, took, counts }
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Part>> {
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (argument.as_str(), rest.next()) {
            ("--only", Some(list)) => names.extend(list.split([',', '|'])),
            _ => bail!("`test` takes `--only PART`, not `{argument}`"),
        }
    }
    if names.is_empty() {
        return Ok(PARTS.iter().collect());
    }
    let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no part `{unknown}`; there are {}", known.join(", "));
    }
    Ok(PARTS.iter().filter(|part| names.contains(&part.name)).collect())
}

fn report(outcomes: &[Outcome], took: Duration) -> ExitCode {
    println!("\npart           seconds   passed   failed  skipped");
    let mut sum = Counts::default();
    let parts: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    for Outcome { name, took, counts } in outcomes {
        println!(
            "{name:<14} {:>7.0} {:>8} {:>8} {:>8}",
            took.as_secs_f64(),
            counts.passed,
            counts.failed,
            counts.skipped
        );
        sum += *counts;
    }
    println!(
        "\nall of it took {:.0} s; the times above add up to {:.0} s",
        took.as_secs_f64(),
        parts.as_secs_f64()
    );
    println!("\n{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed == 0 && sum.passed + sum.skipped > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
