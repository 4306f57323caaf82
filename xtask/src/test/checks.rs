//! Format, lints, dependencies, and everything that `cargo test` runs.

use anyhow::{Context, Result};

use super::conformance;
use super::counts::Counts;
use crate::fuzz;
use crate::process::Run;
use crate::setup::{self, wasm};

const WASM: &str = "wasm32-unknown-unknown";
const REGISTRY: &[&str] = &["--package", "drydock-registry"];
const PROXY: &[&str] = &["--package", "drydock-proxy", "--package", "drydock-native"];
/// How long each target is fuzzed.
const FUZZ_SECONDS: u64 = 10;

pub(super) fn format() -> Result<Counts> {
    Run::new("cargo")
        .args(["fmt", "--all", "--check"])
        .show()
        .context("by hand: cargo fmt --all")?;
    Run::new("cargo")
        .args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])
        .show()
        .context("by hand: cargo fmt --manifest-path fuzz/Cargo.toml")?;
    Ok(Counts::PASSED)
}

/// The page is linted as what it is, wasm; everything else natively.
pub(super) fn lints() -> Result<Counts> {
    let mut counts = Counts::default();
    let natively = [
        "clippy",
        "--workspace",
        "--exclude",
        "drydock-www",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    counts += check(Run::new("cargo").args(natively));
    let as_wasm = ["clippy", "--package", "drydock-www", "--target", WASM, "--", "-D", "warnings"];
    counts += check(wasm_toolchain()?.choose(Run::new("cargo").args(as_wasm)));
    Ok(counts)
}

pub(super) fn dependencies() -> Result<Counts> {
    let deny = || -> Result<Run> { Ok(Run::new("cargo-deny").path(&setup::tool_path())) };
    let mut counts =
        check(deny()?.args(["--all-features", "check", "bans", "licenses", "sources"]));
    // The advisories are a git repository, which not every network lets through.
    let database = deny()?.args(["fetch", "db"]).limit(60).capture();
    match database {
        Ok(_) => {
            counts +=
                check(deny()?.args(["--all-features", "check", "--disable-fetch", "advisories"]))
        }
        Err(_) => println!(
            "not checked: advisories (their database at github.com/rustsec can't be fetched here)"
        ),
    }
    Ok(counts)
}

pub(super) fn unit_tests() -> Result<Counts> {
    let mut counts = tests(&["--package", "drydock", "--lib"])?;
    counts += tests(&["--package", "drydock", "--doc"])?;
    counts += tests(&["--package", "xtask"])?;
    Ok(counts)
}

pub(super) fn integration_tests() -> Result<Counts> {
    tests(&["--package", "drydock", "--test", "it"])
}

/// What the library makes, judged by the tools of the field.
pub(super) fn oracle_tests() -> Result<Counts> {
    run(tests_of(&["--package", "drydock", "--test", "oracle"]).path(&setup::tool_path()))
}

pub(super) fn registry_tests() -> Result<Counts> {
    tests(REGISTRY)
}

pub(super) fn proxy_tests() -> Result<Counts> {
    tests(PROXY)
}

/// The tests that measure time, so that nothing is compiled beside them.
pub(super) fn compile() -> Result<Counts> {
    let compile = |arguments: &[&str]| check(tests_of(arguments).arg("--no-run"));
    let mut counts = compile(REGISTRY);
    counts += compile(PROXY);
    counts += check(conformance::server());
    Ok(counts)
}

/// Each target over its corpus, and for a while beyond it where there is a fuzzer.
pub(super) fn fuzz_targets() -> Result<Counts> {
    let mut counts = run(fuzz::corpora())?;
    match fuzz::is_there() {
        Some(cargo_fuzz) => {
            let (passed, failed) = fuzz::run(&cargo_fuzz, FUZZ_SECONDS, &[])?;
            counts += Counts { passed, failed, skipped: 0 };
        }
        None => println!(
            "not fuzzed: cargo-fuzz is not here, so each target ran over its corpus only (`cargo xtask fuzz` installs it)"
        ),
    }
    Ok(counts)
}

/// What of the page needs no browser, such as the grammar of its links.
pub(super) fn www_tests() -> Result<Counts> {
    tests(&["--package", "drydock-www", "--lib"])
}

/// The library alone: the page, which is compiled whole, asks more features of its crates.
pub(super) fn wasm_check() -> Result<Counts> {
    let build =
        Run::new("cargo").args(["check", "--package", "drydock", "--lib", "--target", WASM]);
    Ok(check(wasm_toolchain()?.choose(build)))
}

fn wasm_toolchain() -> Result<wasm::Toolchain> {
    wasm::Toolchain::found()
        .context("no compiler here has the wasm32 target: run `cargo xtask setup`")
}

fn tests(arguments: &[&str]) -> Result<Counts> {
    run(tests_of(arguments))
}

fn tests_of(arguments: &[&str]) -> Run {
    Run::new("cargo").args(["test", "--no-fail-fast"]).args(arguments)
}

fn run(tests: Run) -> Result<Counts> {
    let (succeeded, output) = tests.tee()?;
    Ok(Counts::of_cargo(&output).of_run(succeeded))
}

fn check(run: Run) -> Counts {
    match run.show() {
        Ok(()) => Counts::PASSED,
        Err(error) => {
            println!("error: {error:#}");
            Counts::FAILED
        }
    }
}
