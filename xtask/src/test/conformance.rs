//! The distribution-spec's own program against the scratch registry, inside the server as people run it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use super::programs;
use crate::paths;
use crate::process::Run;
use crate::setup;

pub(super) fn run() -> Result<Counts> {
    programs::servers(&[], None)?;
    let directory = paths::target().join("conformance");
    fs::create_dir_all(&directory)?;
    let port = free_port()?;
    let log = directory.join("server.log");
    let mut server = Run::new(paths::target().join("debug/drydock"))
        .args(["serve", "--port", &port.to_string()])
        .background(&log)?;
    for _ in 0..200 {
        if server.has_ended() || TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    if server.has_ended() {
        bail!("the server ended by itself:\n{}", fs::read_to_string(&log)?);
    }
    let results = directory.join("results");
    let (_, output) = Run::new("conformance")
        .path(&setup::tool_path())
        .env("OCI_REGISTRY", format!("127.0.0.1:{port}"))
        .env("OCI_TLS", "disabled")
        .env("OCI_RESULTS_DIR", &results)
        .limit(300)
        .log_and_read(&directory.join("conformance.log"))?;
    let summary = output.find("API conformance:").map_or(output.as_str(), |start| &output[start..]);
    println!("{}", summary.trim_end());
    let report =
        fs::read_to_string(results.join("junit.xml")).context("the program wrote no report")?;
    let counts = Counts::of_junit(&report)?;
    for test in report.split("<testcase ").skip(1).filter(|test| is_failed(test)) {
        let name =
            test.split("name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("?");
        println!("failed: {name}");
    }
    Ok(counts)
}

fn is_failed(test: &str) -> bool {
    test.split('>').next().is_some_and(|element| {
        element.contains("status=\"failed\"") || element.contains("status=\"error\"")
    })
}

/// A port that nothing listens on at the moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
