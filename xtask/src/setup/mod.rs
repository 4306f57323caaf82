//! What the other commands need, installed where it is missing and left alone where it is there.

mod apt;
pub(crate) mod browser;
pub(crate) mod cargo_tools;
mod go_tools;
mod node;
pub(crate) mod wasm;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

pub(crate) use self::apt::is_root;
use crate::paths;

/// What the machine is set up for. Each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Build and serve.
    Run,
    /// The browser tests and their peers as well.
    Test,
    /// The same, and what comparisons need.
    Bench,
}

/// One thing to have.
struct Step {
    name: String,
    why: &'static str,
    is_there: bool,
    install: Box<dyn FnOnce() -> Result<()>>,
}

impl Step {
    fn new(
        name: impl Into<String>,
        why: &'static str,
        is_there: bool,
        install: impl FnOnce() -> Result<()> + 'static,
    ) -> Self {
        Self { name: name.into(), why, is_there, install: Box::new(install) }
    }
}

/// Installs what is missing. Everything is tried, then everything that failed is named.
pub(crate) fn setup(purpose: Purpose) -> Result<()> {
    let start = Instant::now();
    let tools = paths::tools();
    fs::create_dir_all(&tools).with_context(|| format!("can't make {}", tools.display()))?;

    let mut lock = None;
    let mut missing = Vec::new();
    let mut installed = 0;
    for stage in stages(purpose) {
        let mut steps = stage()?;
        if lock.is_none() && steps.iter().any(|step| !step.is_there) {
            lock = Some(only_one(&tools)?);
            // Another one may have installed it while this one waited.
            steps = stage()?;
        }
        for step in steps {
            if step.is_there {
                continue;
            }
            println!("setup: {}: {}", step.name, step.why);
            let begin = Instant::now();
            match (step.install)() {
                Ok(()) => {
                    installed += 1;
                    println!(
                        "setup: {} is there ({:.0} s)",
                        step.name,
                        begin.elapsed().as_secs_f64()
                    );
                }
                Err(error) => missing.push(format!("{} ({}):\n    {error:#}", step.name, step.why)),
            }
        }
    }
    if !missing.is_empty() {
        bail!("this is missing and could not be installed:\n\n  {}\n", missing.join("\n\n  "));
    }
    let done = if installed == 0 { "nothing to do" } else { "done" };
    println!("setup: {done} ({:.1} s)", start.elapsed().as_secs_f64());
    Ok(())
}

/// Waits until no other set-up installs anything.
fn only_one(tools: &Path) -> Result<File> {
    let file = File::create(tools.join(".lock"))?;
    if file.try_lock().is_err() {
        println!("setup: waiting for another set-up to end");
        file.lock().context("can't lock the directory of tools")?;
    }
    Ok(file)
}

/// Later stages look at what earlier ones have installed.
fn stages(purpose: Purpose) -> Vec<fn() -> Result<Vec<Step>>> {
    let mut stages: Vec<fn() -> Result<Vec<Step>>> = vec![wasm::steps];
    if purpose >= Purpose::Test {
        stages.extend([
            cargo_tools::for_tests as fn() -> _,
            apt::for_tests,
            go_tools::steps,
            node::steps,
            browser::steps,
        ]);
    }
    stages
}

/// `bin` of a tool of a pinned version.
fn bin(name: &str, version: &str) -> PathBuf {
    paths::tools().join(format!("{name}-{version}")).join("bin")
}

/// Where the output of an installation goes.
fn log(name: &str) -> PathBuf {
    paths::cache().join("log").join(format!("{name}.log"))
}

/// Builds a tool in a directory beside its place and moves it there when it is whole.
fn in_place(name: &str, version: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let place = paths::tools().join(format!("{name}-{version}"));
    let part = paths::tools().join(format!("{name}-{version}.part"));
    for old in [&part, &place] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    fs::create_dir_all(part.join("bin"))?;
    build(&part)?;
    fs::rename(&part, &place)?;
    Ok(())
}

/// The fuzzer, which is installed where it is missing.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    if let Some(program) = crate::fuzz::is_there() {
        return Ok(program);
    }
    let step = cargo_tools::fuzzer();
    println!("setup: {}: {}", step.name, step.why);
    (step.install)()?;
    installed_cargo_fuzz().context("cargo-fuzz was installed, but is not there")
}

/// The fuzzer of the pinned version.
pub(crate) fn installed_cargo_fuzz() -> Option<PathBuf> {
    let program = cargo_tools::fuzzer_bin().join("cargo-fuzz");
    program.is_file().then_some(program)
}

/// The directories with the pinned tools, for PATH.
pub(crate) fn tool_path() -> Vec<PathBuf> {
    cargo_tools::bins().into_iter().chain(go_tools::bins()).collect()
}
