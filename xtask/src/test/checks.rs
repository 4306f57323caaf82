//! Format, dependencies, and the tests of each crate.

use anyhow::{Context, Result};

use super::counts::Counts;
use super::programs::{
    self,
    Which::{LibraryOf, Named, Of},
};
use crate::fuzz;
use crate::process::Run;
use crate::setup::{self, wasm};

const WASM: &str = "wasm32-unknown-unknown";
/// How long each target is fuzzed.
const FUZZ_SECONDS: u64 = 10;

pub(super) fn format() -> Result<Counts> {
    Run::new("cargo")
        .args(["fmt", "--all", "--check"])
        .show()
        .context("by hand: cargo fmt --all")?;
    Run::new("cargo")
        .args(["fmt", "--manifest-path", "fuzz/programs/Cargo.toml", "--check"])
        .show()
        .context("by hand: cargo fmt --manifest-path fuzz/programs/Cargo.toml")?;
    Ok(Counts::PASSED)
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
    let mut counts = programs::run(&[LibraryOf("")], &[])?;
    counts += programs::run_examples()?;
    counts += programs::run_xtask()?;
    Ok(counts)
}

pub(super) fn integration_tests() -> Result<Counts> {
    programs::run(&[Named("it")], &[])
}

/// What the library makes, judged by the tools of the field.
pub(super) fn oracle_tests() -> Result<Counts> {
    programs::run(&[Named("oracle")], &setup::tool_path())
}

pub(super) fn registry_tests() -> Result<Counts> {
    programs::run(&[Of("registry")], &[])
}

pub(super) fn proxy_tests() -> Result<Counts> {
    programs::run(&[Of("proxy"), Of("native")], &[])
}

/// Each target over its corpus, and for a while beyond it where there is a fuzzer.
pub(super) fn fuzz_targets() -> Result<Counts> {
    let mut counts = programs::run(&[Of("fuzz")], &[])?;
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
    programs::run(&[Of("www")], &[])
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

fn check(run: Run) -> Counts {
    match run.show() {
        Ok(()) => Counts::PASSED,
        Err(error) => {
            println!("error: {error:#}");
            Counts::FAILED
        }
    }
}
