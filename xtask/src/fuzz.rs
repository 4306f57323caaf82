//! The fuzz targets: over their corpora, and for a while with inputs that nobody has thought of.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::paths;
use crate::process::Run;
use crate::setup;

/// What `cargo xtask fuzz` is asked to do.
struct Asked {
    seconds: u64,
    only: Vec<String>,
}

/// `cargo xtask fuzz [--seconds N] [--only TARGET,…]`.
pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let mut asked = Asked { seconds: 10, only: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (argument.as_str(), rest.next()) {
            ("--seconds", Some(number)) => {
                asked.seconds = number.parse().with_context(|| format!("`{number}` seconds"))?;
            }
            ("--only", Some(list)) => asked.only.extend(list.split(',').map(str::to_owned)),
            _ => bail!("`fuzz` takes `--seconds N` and `--only TARGET,…`, not `{argument}`"),
        }
    }
    let (_, failed) = run(&setup::cargo_fuzz()?, asked.seconds, &asked.only)?;
    match failed {
        0 => Ok(()),
        1 => bail!("1 target failed"),
        _ => bail!("{failed} targets failed"),
    }
}

/// Fuzzes every target for so long, as many at once as there are processors. Returns how many held
/// and how many did not.
pub(crate) fn run(cargo_fuzz: &Path, seconds: u64, only: &[String]) -> Result<(u64, u64)> {
    let seeds = paths::target().join("fuzz/seeds");
    Run::new("cargo")
        .args(["run", "--quiet", "--package", "drydock-fuzz", "--example", "seeds", "--"])
        .arg(&seeds)
        .show()?;
    let build = paths::target().join("fuzz");
    // Nothing here is unsafe, so that the sanitizers that need a nightly compiler would find nothing.
    Run::new(cargo_fuzz)
        .args(["fuzz", "build", "--sanitizer", "none", "--fuzz-dir", "fuzz/programs"])
        .arg("--target-dir")
        .arg(&build)
        .dir(paths::root())
        .show()?;
    let host = host()?;
    let targets: Vec<String> = fs::read_dir(&seeds)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| only.is_empty() || only.contains(name))
        .collect();
    if targets.is_empty() {
        bail!("there is no such target; there are those in fuzz/fuzz_targets");
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    let work = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let program = build.join(&host).join("release").join(target);
            match fuzz(target, &program, &seeds.join(target), seconds) {
                Ok(line) => println!("{target:<14} {line}"),
                Err(error) => {
                    failed.fetch_add(1, Ordering::Relaxed);
                    println!("{target:<14} FAILED: {error:#}");
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner() as u64;
    Ok((targets.len() as u64 - failed, failed))
}

/// Fuzzes one target, and returns what it did in one line.
fn fuzz(target: &str, program: &Path, seeds: &Path, seconds: u64) -> Result<String> {
    let place = paths::target().join("fuzz");
    let (found, artifacts) = (place.join("found").join(target), place.join("artifacts"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&artifacts)?;
    let mut arguments = vec![
        format!("-max_total_time={seconds}"),
        "-timeout=10".to_owned(),
        "-rss_limit_mb=2048".to_owned(),
        "-print_final_stats=1".to_owned(),
        format!("-artifact_prefix={}/{target}-", artifacts.display()),
    ];
    let kept = paths::root().join("fuzz/corpus").join(target);
    arguments.extend(
        [found, seeds.to_owned(), kept]
            .iter()
            .filter(|directory| directory.is_dir())
            .map(|directory| directory.display().to_string()),
    );
    let log = artifacts.join(format!("{target}.log"));
    Run::new(program).args(arguments).limit(seconds.saturating_mul(2) + 120).log(&log)?;
    let text = fs::read_to_string(&log)?;
    let stat = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("stat::{name}:")));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or("?").to_owned()
    };
    let coverage = text
        .lines()
        .rfind(|line| line.contains(" cov: "))
        .and_then(|line| line.split(" cov: ").nth(1)?.split_whitespace().next().map(str::to_owned));
    Ok(format!(
        "{seconds} s, {} inputs, coverage {}, {} MB",
        stat("number_of_executed_units"),
        coverage.as_deref().unwrap_or("?"),
        stat("peak_rss_mb")
    ))
}

/// The compiler's own platform, for which it builds.
fn host() -> Result<String> {
    let version = Run::new("rustc").arg("-vV").capture()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say which platform it is for")
}

/// Where the fuzzer is, if it is there.
pub(crate) fn is_there() -> Option<PathBuf> {
    setup::installed_cargo_fuzz().or_else(|| paths::program("cargo-fuzz"))
}
