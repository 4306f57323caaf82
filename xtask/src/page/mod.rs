//! The page out of `www/index.html`: compiled, bound to JavaScript, named by digest, compressed.

mod bindgen;
mod files;
mod html;
mod split;
mod twins;
pub(crate) mod weight;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use self::bindgen::Bound;
use self::files::Files;
use self::html::{Asset, Line, Program};
use self::twins::Effort;
use crate::paths;
use crate::process::Run;
use crate::setup::wasm;
use crate::steps::{self, Step};

const TARGET: &str = "wasm32-unknown-unknown";

/// What writes the page, so that a change of it writes the page anew.
const WRITER: [&str; 5] = [
    include_str!("bindgen.rs"),
    include_str!("files.rs"),
    include_str!("html.rs"),
    include_str!("split.rs"),
    include_str!("twins.rs"),
];

const COMPILE_QUICK: Step =
    Step { name: "page", does: "compile page and worker, not optimised for size", first: 300 };
const COMPILE: Step =
    Step { name: "page", does: "compile page and worker, optimised as a whole", first: 660 };
const WRITE: Step = Step { name: "page", does: "write scripts, styles and index.html", first: 10 };

/// What a page is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// A look on the same machine: built soon, not compressed.
    Look,
    /// What users get, compressed in a hurry.
    Tests,
    /// What users get.
    Network,
}

impl For {
    fn place(self) -> PathBuf {
        paths::target().join(if self == Self::Look { "look/page" } else { "dist/page" })
    }

    fn profile(self, program: &Program) -> &str {
        if self == Self::Look { &program.quick } else { &program.release }
    }

    /// Whether what the first view does not need lies in files of its own.
    fn is_split(self, program: &Program) -> bool {
        self != Self::Look && !program.is_worker
    }

    fn effort(self) -> Option<Effort> {
        match self {
            Self::Look => None,
            Self::Tests => Some(Effort::Quick),
            Self::Network => Some(Effort::Smallest),
        }
    }
}

/// Builds the page and returns the folder with it.
pub(crate) fn build(made: For) -> Result<PathBuf> {
    let lines = html::parse(&read(&source().join("index.html"))?)?;
    let programs: Vec<&Program> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Asset { asset: Asset::Program(program), .. } => Some(program),
            _ => None,
        })
        .collect();
    match made {
        For::Look => COMPILE_QUICK.run(|| compile_together(&programs, made))?,
        For::Tests | For::Network => COMPILE.run(|| compile_side_by_side(&programs, made))?,
    }
    let place = made.place();
    let stamp = place.with_extension("stamp");
    let inputs = digest_of_inputs(&lines, made)?;
    if fs::read_to_string(&stamp).is_ok_and(|old| old == inputs) && place.is_dir() {
        steps::say("page", "nothing has changed since it was written");
    } else {
        fs::remove_file(&stamp).ok();
        WRITE.run(|| write(&lines, made, &place))?;
        fs::write(&stamp, inputs)?;
    }
    Ok(place)
}

/// One profile, so one cargo: what both need is compiled once.
fn compile_together(programs: &[&Program], made: For) -> Result<()> {
    let Some(profile) = programs.first().map(|program| made.profile(program)) else {
        return Ok(());
    };
    if let Some(other) = programs.iter().find(|program| made.profile(program) != profile) {
        bail!(
            "expected data-cargo-profile-dev=\"{profile}\" in www/index.html for {} too",
            other.name
        );
    }
    let names: Vec<&str> = programs.iter().map(|program| program.name.as_str()).collect();
    cargo("build", &names, profile)?.show().context("the page could not be compiled")
}

/// Optimising a whole program keeps one core busy, so each program has its own cargo.
fn compile_side_by_side(programs: &[&Program], made: For) -> Result<()> {
    thread::scope(|scope| {
        let started: Vec<_> = programs
            .iter()
            .map(|program| {
                let log = paths::target().join(format!("log/{}.log", program.name));
                scope.spawn(move || {
                    compile_one(program, made)?
                        .log(&log)
                        .with_context(|| format!("{} could not be compiled", program.name))
                })
            })
            .collect();
        started.into_iter().try_for_each(|program| {
            program.join().unwrap_or_else(|_| bail!("the thread that compiled the page ended"))
        })
    })
}

fn compile_one(program: &Program, made: For) -> Result<Run> {
    let run = cargo("rustc", &[&program.name], made.profile(program))?;
    // Where functions name each other can't be told without the linker's notes.
    Ok(if made.is_split(program) {
        run.args(["--features", "split", "--", "-C", "link-arg=--emit-relocs"])
    } else if program.is_worker {
        run.arg("--no-default-features")
    } else {
        run
    })
}

fn cargo(command: &str, programs: &[&str], profile: &str) -> Result<Run> {
    let toolchain = wasm::Toolchain::found()
        .context("no compiler here has the wasm32 target: run `cargo xtask setup`")?;
    let mut run = Run::new("cargo").args([command, "--locked", "--package", "drydock-www"]);
    for program in programs {
        run = run.args(["--bin", program]);
    }
    Ok(toolchain.choose(run.args(["--profile", profile, "--target", TARGET])))
}

fn compiled(program: &Program, made: For) -> PathBuf {
    let folder = paths::target().join(TARGET).join(made.profile(program));
    folder.join(&program.name).with_extension("wasm")
}

/// Everything that the written page follows from.
fn digest_of_inputs(lines: &[Line], made: For) -> Result<String> {
    let mut inputs = vec![source().join("index.html")];
    inputs.extend(lines.iter().filter_map(|line| match line {
        Line::Text(_) => None,
        Line::Asset { asset: Asset::Program(program), .. } => Some(compiled(program, made)),
        Line::Asset {
            asset: Asset::Icon(path) | Asset::Style(path) | Asset::Script(path) | Asset::File(path),
            ..
        } => Some(source().join(path)),
    }));
    let mut digest = Sha256::new();
    WRITER.iter().for_each(|part| digest.update(Sha256::digest(part)));
    for input in inputs {
        let bytes = fs::read(&input).with_context(|| format!("can't read {}", input.display()))?;
        digest.update(Sha256::digest(&bytes));
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{made:?} {digest}\n"))
}

fn write(lines: &[Line], made: For, place: &Path) -> Result<()> {
    let work = paths::target().join("bindgen");
    let files = Files::of(lines, |program| bound(program, made, &work))?;
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    fs::create_dir_all(place)?;
    for (name, bytes) in &files.0 {
        fs::write(place.join(name), bytes)?;
        let Some(effort) = made.effort() else { continue };
        for (suffix, packed) in twins::of(bytes, effort)? {
            fs::write(place.join(format!("{name}.{suffix}")), packed)?;
        }
    }
    Ok(())
}

/// Cuts a program where that is asked for, and binds it to JavaScript.
fn bound(program: &Program, made: For, work: &Path) -> Result<Bound> {
    let compiled = compiled(program, made);
    if !made.is_split(program) {
        return bindgen::bind(&compiled, &program.name, false, work);
    }
    let (work, main) = (work.join("parts"), work.join(&program.name).with_extension("wasm"));
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let cut = split::cut(&compiled, &program.name, &main, &work)?;
    Ok(Bound { parts: Some(cut), ..bindgen::bind(&main, &program.name, true, &work)? })
}

fn source() -> PathBuf {
    paths::root().join("www")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}
