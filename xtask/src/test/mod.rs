//! Everything that must hold, part after part, and how many tests that was.

mod browser;
mod checks;
mod conformance;
mod counts;
mod room;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::counts::Counts;
use crate::setup::{self, Purpose};

/// A part by name, what it does, and what it needs.
struct Part {
    name: &'static str,
    purpose: Purpose,
    run: fn() -> Result<Counts>,
}

/// Cheap ones first, so that a mistake is seen early.
const PARTS: &[Part] = &[
    Part { name: "fmt", purpose: Purpose::Test, run: checks::format },
    Part { name: "clippy", purpose: Purpose::Test, run: checks::lints },
    Part { name: "deny", purpose: Purpose::Test, run: checks::dependencies },
    Part { name: "unit", purpose: Purpose::Run, run: checks::unit_tests },
    Part { name: "it", purpose: Purpose::Run, run: checks::integration_tests },
    Part { name: "registry", purpose: Purpose::Run, run: checks::registry_tests },
    Part { name: "proxy", purpose: Purpose::Run, run: checks::proxy_tests },
    Part { name: "www", purpose: Purpose::Run, run: checks::www_tests },
    Part { name: "fuzz", purpose: Purpose::Run, run: checks::fuzz_targets },
    Part { name: "wasm", purpose: Purpose::Run, run: checks::wasm_build },
    Part { name: "oracle", purpose: Purpose::Test, run: checks::oracle_tests },
    Part { name: "conformance", purpose: Purpose::Test, run: conformance::run },
    Part { name: "e2e", purpose: Purpose::Test, run: browser::run },
];

/// What came of a part.
struct Outcome {
    name: &'static str,
    took: Duration,
    counts: Counts,
}

/// Runs all parts, or those named with `--only`; every part runs, whatever came of the ones before.
pub(crate) fn test(arguments: &[String]) -> Result<ExitCode> {
    let parts = chosen(arguments)?;
    let purpose = parts.iter().map(|part| part.purpose).max().unwrap_or(Purpose::Run);
    setup::setup(purpose)?;
    if purpose >= Purpose::Test {
        room::look();
    }
    let mut outcomes = Vec::new();
    for part in parts {
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
        outcomes.push(Outcome { name: part.name, took, counts });
    }
    Ok(report(&outcomes))
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

fn report(outcomes: &[Outcome]) -> ExitCode {
    println!("\npart           seconds   passed   failed  skipped");
    let mut sum = Counts::default();
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
    println!("\n{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed == 0 && sum.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
