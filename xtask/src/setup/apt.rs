//! Packages of Debian and Ubuntu.

use std::path::Path;

use anyhow::{Result, bail};

use super::wasm::Toolchain;
use super::{Step, log};
use crate::paths;
use crate::process::Run;

/// A program, its package, and what the tests do with it.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("docker-registry", "docker-registry", "a registry that people run, to test against"),
    ("skopeo", "skopeo", "copies images; a peer in tests and measurements"),
    ("debootstrap", "debootstrap", "makes the real Debian tree inside the test images"),
    ("runc", "runc", "runs the RUN lines of the test images' Dockerfiles"),
    ("zstd", "zstd", "compresses layers of test images"),
    ("pigz", "pigz", "compresses layers of test images"),
    ("git", "git", "part of how Go tools stamp what they build"),
];

/// Lints come with a compiler, and this one belongs to Debian's.
const DEBIAN_CLIPPY: (&str, &str, &str) = (
    "/usr/bin/cargo-clippy",
    "rust-web-clippy",
    "lints of the page, which Debian's Rust builds here",
);

pub(super) fn for_tests() -> Result<Vec<Step>> {
    let mut missing: Vec<_> =
        PROGRAMS.iter().filter(|(program, ..)| paths::program(program).is_none()).collect();
    if Toolchain::found() == Some(Toolchain::Debian) && !Path::new(DEBIAN_CLIPPY.0).is_file() {
        missing.push(&DEBIAN_CLIPPY);
    }
    let packages: Vec<&'static str> = missing.iter().map(|(_, package, _)| *package).collect();
    for (_, package, why) in missing {
        println!("setup: {package}: {why}");
    }
    Ok(vec![Step::new(
        format!("packages {}", packages.join(" ")),
        "real tools for the browser tests, from apt",
        packages.is_empty(),
        move || install(&packages),
    )])
}

/// Installs packages, or says what a person must do.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if paths::program("apt-get").is_none() {
        bail!("there is no apt-get here. On Debian or Ubuntu: {by_hand}");
    }
    if !is_root() {
        bail!("only root can install packages. Run once: sudo {by_hand}");
    }
    let apt = || Run::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    let arguments = ["install", "-y", "--no-install-recommends"];
    let first = apt().args(arguments).args(packages).limit(900).log(&log("apt"));
    if first.is_err() {
        // Lists of packages grow old, and images of machines come without any.
        apt().arg("update").limit(300).log(&log("apt-update"))?;
        apt().args(arguments).args(packages).limit(900).log(&log("apt"))?;
    }
    Ok(())
}

/// Whether this program runs as root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|metadata| metadata.uid() == 0)
}
