//! Programs that make and judge images. One that is missing fails the test that wants it.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::{Command, Stdio};

/// Runs a program to its end, which must be a good one; what it printed.
#[track_caller]
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> String {
    attempt(program, arguments).unwrap_or_else(|why| panic!("{why}"))
}

/// Runs a program that may refuse to do what it is asked for, and then says why.
#[track_caller]
pub(crate) fn attempt<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{}", missing(program, "is not on PATH"))
        }
        Err(error) => panic!("{}", missing(program, &format!("can't be run ({error})"))),
    };
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(said(&output.stdout))
    } else {
        Err(format!("{command:?} failed: {}{}", said(&output.stderr), said(&output.stdout)))
    }
}

/// Runs a program that must refuse to do what it is asked for; its reason.
#[track_caller]
pub(crate) fn refused<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> String {
    attempt(program, arguments).expect_err("a program that refuses")
}

/// crane, which is told that registries speak plain HTTP.
#[track_caller]
pub(crate) fn crane(arguments: &[&str]) -> String {
    run("crane", ["--insecure"].iter().chain(arguments)).trim_end().to_owned()
}

/// crane, which must refuse; its reason.
#[track_caller]
pub(crate) fn crane_refuses(arguments: &[&str]) -> String {
    refused("crane", ["--insecure"].iter().chain(arguments))
}

/// Why a program can't be used.
pub(crate) fn missing(program: &str, why: &str) -> String {
    format!(
        "{program}, which these tests need, {why}. `cargo xtask test --only oracle` sets it up and \
         finds it; by hand run `cargo xtask setup --for test` and put the `bin` directories of \
         its tools on PATH."
    )
}
