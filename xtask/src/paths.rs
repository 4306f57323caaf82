//! Where things are: the source tree, what is built from it, and the cache of tools and images.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the source tree.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Cargo's target directory.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// What outlives `cargo clean`: tools and images.
pub(crate) fn cache() -> PathBuf {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .unwrap_or_else(|| root().join("target/cache"));
    base.join("drydock")
}

/// Tools of a pinned version, each in `<name>-<version>/bin`.
pub(crate) fn tools() -> PathBuf {
    env::var_os("DRYDOCK_TOOLS").map_or_else(|| cache().join("tools"), PathBuf::from)
}

/// The directory with the end-to-end tests.
pub(crate) fn e2e() -> PathBuf {
    root().join("tests/e2e")
}

/// A program on PATH.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}
