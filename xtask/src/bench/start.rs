//! How long it takes from `cargo xtask run` to a server that answers, and from a change of the page to the page.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::median;
use crate::page::{self, For};
use crate::paths;
use crate::process::Run;

/// A source file of the page that gets a comment while a rebuild is measured.
const CHANGED: &str = "www/src/lib.rs";

/// How long a start may take before it counts as failed.
const LIMIT: Duration = Duration::from_secs(3600);

/// Seconds of the first start of this run, of later ones, and of a rebuild.
pub(super) fn measure(runs: u32) -> Result<Value> {
    let first = start()?;
    let again = (0..runs).map(|_| start()).collect::<Result<Vec<f64>>>()?;
    let again = median(again).context("--runs takes a number above 0")?;
    let rebuild = rebuild()?;
    println!("\n{:<44} {:>8}", "seconds", "");
    for (what, seconds) in [
        ("`cargo xtask run`, as the tree was found", first),
        ("the same again, nothing changed", again),
        ("the page after a change in one of its files", rebuild),
    ] {
        println!("{what:<44} {seconds:>8.1}");
    }
    Ok(json!({ "found": round(first), "again": round(again), "rebuild": round(rebuild) }))
}

/// Seconds until a server answers; it is stopped then.
fn start() -> Result<f64> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let log = paths::target().join("log/start.log");
    fs::create_dir_all(paths::target().join("log"))?;
    let begin = Instant::now();
    let mut server = Run::new("cargo")
        .args(["xtask", "run", "--", "--port", &port.to_string()])
        .background(&log)?;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if server.has_ended() || begin.elapsed() > LIMIT {
            bail!(
                "expected a server on port {port}, but it did not start:\n{}",
                fs::read_to_string(&log)?
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(begin.elapsed().as_secs_f64())
}

fn rebuild() -> Result<f64> {
    let changed = Changed::new()?;
    let begin = Instant::now();
    Run::new("cargo").args(["xtask", "page"]).log(&paths::target().join("log/rebuild.log"))?;
    let took = begin.elapsed().as_secs_f64();
    let (path, modified) = (changed.path.clone(), changed.modified);
    drop(changed);
    page::build(For::Look)?;
    // With its old time nothing else that was built from it is built again.
    File::options().write(true).open(path)?.set_modified(modified)?;
    Ok(took)
}

/// A source file with one line more, until it is dropped.
struct Changed {
    path: PathBuf,
    before: Vec<u8>,
    modified: SystemTime,
}

impl Changed {
    fn new() -> Result<Self> {
        let path = paths::root().join(CHANGED);
        let before = fs::read(&path).with_context(|| format!("can't read {CHANGED}"))?;
        let modified = fs::metadata(&path)?.modified()?;
        fs::write(&path, [&before, b"\n// A rebuild is being measured.\n".as_slice()].concat())?;
        Ok(Self { path, before, modified })
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if let Err(error) = fs::write(&self.path, &self.before) {
            eprintln!("error: {CHANGED} has a line too many at its end: {error}");
        }
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
