//! Programs that make and judge images. One that is missing fails the test that wants it.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

/// Runs a program to its end, which must be a good one; what it printed.
#[track_caller]
pub(crate) fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> String {
    let (command, output) = output(program, arguments);
    assert!(output.status.success(), "{command} failed: {}", said(&output.stderr));
    said(&output.stdout)
}

/// Runs a program that must refuse to do what it is asked for; its reason.
#[track_caller]
pub(crate) fn refused<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> String {
    let (command, output) = output(program, arguments);
    assert!(!output.status.success(), "{command} did not fail: {}", said(&output.stdout));
    said(&output.stderr)
}

/// crane, which is told that registries speak plain HTTP.
#[track_caller]
pub(crate) fn crane(arguments: &[&str]) -> String {
    run("crane", ["--insecure"].iter().chain(arguments)).trim_end().to_owned()
}

/// Why a program can't be used.
pub(crate) fn missing(program: &str, why: &str) -> String {
    format!(
        "{program}, which these tests need, {why}. `cargo xtask test --only oracle` sets it up and \
         finds it; by hand run `cargo xtask setup --for test` and put the `bin` directories of \
         its tools on PATH."
    )
}

#[track_caller]
fn output<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> (String, Output) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    match command.output() {
        Ok(output) => (format!("{command:?}"), output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{}", missing(program, "is not on PATH"))
        }
        Err(error) => panic!("{}", missing(program, &format!("can't be run ({error})"))),
    }
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
