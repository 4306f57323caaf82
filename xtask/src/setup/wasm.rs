//! The wasm32 target: rustup's where it can be downloaded, else Debian's Rust with a standard library built from its source.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Step, apt, log};
use crate::paths;
use crate::process::Run;

const TARGET: &str = "wasm32-unknown-unknown";

/// The name under which rustup knows Debian's Rust.
const DEBIAN: &str = "debian-wasm";

/// Where Debian's Rust looks for the target.
const DEBIAN_TARGET: &str = "/usr/lib/rustlib/wasm32-unknown-unknown";

/// Its packages.
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];

/// How long a download of the target may take, in seconds.
const DOWNLOAD_LIMIT: u64 = 90;

/// Set to `debian` to try the second way on a machine where the first one works.
const FORCE: &str = "DRYDOCK_WASM_TOOLCHAIN";

/// Which compiler builds the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one that also builds everything else.
    Active,
    /// Debian's, linked into rustup.
    Debian,
}

impl Toolchain {
    /// The first one that has the target.
    pub(crate) fn found() -> Option<Self> {
        let active = !is_forced() && active_has_target();
        match active {
            true => Some(Self::Active),
            false => debian_has_target().then_some(Self::Debian),
        }
    }

    /// Makes a program that calls cargo use this compiler.
    pub(crate) fn choose(self, run: Run) -> Run {
        match self {
            Self::Active => run,
            Self::Debian => run.env("RUSTUP_TOOLCHAIN", DEBIAN).no_env("RUSTC").no_env("CARGO"),
        }
    }
}

pub(super) fn steps() -> Result<Vec<Step>> {
    Ok(vec![Step::new(
        TARGET,
        "the compilation target of the page and its workers",
        Toolchain::found().is_some(),
        install,
    )])
}

fn install() -> Result<()> {
    let download = match is_forced() {
        true => Err(anyhow::anyhow!("{FORCE} asks for Debian's")),
        false => download(),
    };
    let Err(problem) = download else { return Ok(()) };
    println!("setup: rustup has no {TARGET} to give ({problem:#}); Debian's Rust can build it");
    apt::install(PACKAGES).with_context(|| {
        format!(
            "Install it with `rustup target add {TARGET}` on a machine that reaches static.rust-lang.org, \
             or on Debian with `apt-get install {}`",
            PACKAGES.join(" ")
        )
    })?;
    build_standard_library()?;
    Run::new("rustup")
        .args(["toolchain", "link", DEBIAN, "/usr"])
        .log(&log("rustup-link"))
        .context("rustup must know Debian's Rust: rustup toolchain link debian-wasm /usr")?;
    if Toolchain::found().is_none() {
        bail!("Debian's Rust was set up, and yet it has no {TARGET}: see {DEBIAN_TARGET}/lib");
    }
    Ok(())
}

fn download() -> Result<()> {
    if paths::program("rustup").is_none() {
        bail!("there is no rustup; https://rustup.rs has it");
    }
    Run::new("rustup")
        .args(["target", "add", TARGET])
        .limit(DOWNLOAD_LIMIT)
        .log(&log("rustup-target"))?;
    match active_has_target() {
        true => Ok(()),
        false => bail!("rustup said that it is there, but it is not"),
    }
}

/// Debian packs the source of the standard library, not its build for this target.
fn build_standard_library() -> Result<()> {
    let directory = paths::cache().join("wasm-std");
    let source = directory.join("src");
    fs::create_dir_all(&source)?;
    fs::write(
        directory.join("Cargo.toml"),
        "[package]\nname = \"wasm-std\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
         [profile.release]\npanic = \"abort\"\n\n[workspace]\n",
    )?;
    fs::write(source.join("lib.rs"), "#![no_std]\n")?;
    Run::new("/usr/bin/cargo")
        .args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET])
        .dir(&directory)
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        // Without bitcode in it, link-time optimisation can't use it.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .no_env("RUSTUP_TOOLCHAIN")
        .log(&log("wasm-std"))?;

    let library = Path::new(DEBIAN_TARGET).join("lib");
    fs::create_dir_all(&library)
        .with_context(|| format!("{} is root's: run this once as root", library.display()))?;
    for old in fs::read_dir(&library)? {
        fs::remove_file(old?.path())?;
    }
    let built = directory.join("target").join(TARGET).join("release/deps");
    for entry in fs::read_dir(built)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libwasm_std-") {
            fs::copy(entry.path(), library.join(name))?;
        }
    }
    fs::write(Path::new(DEBIAN_TARGET).join("built-for"), debian_version().unwrap_or_default())?;
    fs::remove_dir_all(directory)?;
    Ok(())
}

fn is_forced() -> bool {
    env::var(FORCE).is_ok_and(|value| value == "debian")
}

fn active_has_target() -> bool {
    let printed =
        Run::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).capture();
    printed.is_ok_and(|directory| has_standard_library(Path::new(directory.trim())))
}

fn debian_has_target() -> bool {
    let directory = Path::new(DEBIAN_TARGET);
    let built_for = fs::read_to_string(directory.join("built-for")).ok();
    has_standard_library(&directory.join("lib"))
        && built_for.is_some()
        && built_for == debian_version()
        && is_linked()
}

fn is_linked() -> bool {
    let listed = Run::new("rustup").args(["toolchain", "list"]).capture();
    listed.is_ok_and(|list| list.lines().any(|line| line.split_whitespace().next() == Some(DEBIAN)))
}

fn debian_version() -> Option<String> {
    Run::new("/usr/bin/rustc").arg("--version").capture().ok()
}

fn has_standard_library(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}
