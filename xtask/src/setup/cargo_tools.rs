//! Tools that cargo installs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Step, bin, in_place, log};
use crate::paths;
use crate::process::Run;

/// Judges dependencies by licence and source.
const CARGO_DENY: &str = "0.20.2";

/// Makes inputs for `fuzz/`.
const CARGO_FUZZ: &str = "0.13.2";

pub(super) fn for_tests() -> Result<Vec<Step>> {
    let components = Step::new(
        "rustfmt and clippy",
        "format and lints",
        paths::program("cargo-fmt").is_some() && paths::program("cargo-clippy").is_some(),
        || {
            Run::new("rustup")
                .args(["component", "add", "rustfmt", "clippy"])
                .log(&log("components"))
        },
    );
    let deny = tool(
        "cargo-deny",
        CARGO_DENY,
        "cargo-deny",
        &["--no-default-features"],
        "judges dependencies by licence and source",
    );
    Ok(vec![components, deny])
}

/// Only installed for `cargo xtask fuzz`: the tests do without it.
pub(super) fn fuzzer() -> Step {
    tool("cargo-fuzz", CARGO_FUZZ, "cargo-fuzz", &[], "builds and runs the fuzz targets")
}

pub(super) fn fuzzer_bin() -> PathBuf {
    bin("cargo-fuzz", CARGO_FUZZ)
}

/// Where they are.
pub(super) fn bins() -> Vec<PathBuf> {
    vec![bin("cargo-deny", CARGO_DENY)]
}

fn tool(
    package: &'static str,
    version: &str,
    program: &str,
    arguments: &'static [&str],
    why: &'static str,
) -> Step {
    let is_there = bin(package, version).join(program).is_file();
    let version = version.to_owned();
    Step::new(format!("{package} {version}"), why, is_there, move || {
        install(package, &version, arguments)
    })
}

fn install(package: &str, version: &str, arguments: &[&str]) -> Result<()> {
    in_place(package, version, |part| {
        let locked = cargo_install(package, version, arguments, part).arg("--locked");
        locked.log(&log(package)).or_else(|_| {
            // A lock file may name a version that a mirror of the registry does not hold.
            println!("setup: {package}: with the versions of its own lock file it can't be built; trying without");
            cargo_install(package, version, arguments, part).log(&log(package))
        })
    })
    .with_context(|| format!("by hand: cargo install {package} --version {version} {}", arguments.join(" ")))
}

fn cargo_install(package: &str, version: &str, arguments: &[&str], root: &Path) -> Run {
    Run::new("cargo")
        .args(["install", package, "--version", version, "--root"])
        .arg(root)
        .args(arguments)
        .dir(root)
        .no_env("CARGO_TARGET_DIR")
        // These programs run for seconds; building them fast counts for more.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "false")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
}

/// The version of wasm-bindgen in Cargo.lock.
pub(crate) fn wasm_bindgen_version() -> Result<String> {
    let lock =
        fs::read_to_string(paths::root().join("Cargo.lock")).context("can't read Cargo.lock")?;
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"wasm-bindgen\"");
    lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .context("Cargo.lock names no wasm-bindgen")
}
