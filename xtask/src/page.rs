//! The page: Trunk builds it into `dist`, and here each file gets a brotli and a gzip twin in `target/dist/page`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::paths;
use crate::process::Run;
use crate::setup::{self, wasm};
use crate::wasm_names;

/// Below this many bytes a twin saves nothing.
const WORTH_COMPRESSING: usize = 512;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For a server on the same machine.
    Quick,
    /// For a network.
    Smallest,
}

/// Builds the page and returns the directory to embed.
pub(crate) fn build(effort: Effort) -> Result<PathBuf> {
    let toolchain = wasm::Toolchain::found()
        .context("no compiler here has the wasm32 target: run `cargo xtask setup`")?;
    // Trunk hands `--offline`, which it needs to let our tools alone, on to cargo.
    Run::new("cargo")
        .args(["fetch", "--locked"])
        .show()
        .context("the crates in Cargo.lock could not be downloaded")?;
    let trunk = Run::new("trunk")
        .args(["build", "--release", "--offline", "--locked"])
        .path(&setup::tool_path()?)
        // Trunk reads this as a switch of its own and wants `true` or `false`.
        .no_env("NO_COLOR");
    toolchain.choose(trunk).show().context("the page could not be built")?;

    let dist = paths::root().join("dist");
    let page = paths::target().join("dist/page");
    if page.exists() {
        fs::remove_dir_all(&page)?;
    }
    let mut sizes = Vec::new();
    compress_all(&dist, &page, effort, &mut sizes)?;
    sizes.sort();
    for (name, plain, packed) in sizes {
        println!("  {name:<44} {:>9} bytes, {packed:>9} over the network", plain);
    }
    Ok(page)
}

fn compress_all(
    from: &Path,
    to: &Path,
    effort: Effort,
    sizes: &mut Vec<(String, usize, usize)>,
) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("can't list {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let place = to.join(&name);
        if entry.file_type()?.is_dir() {
            compress_all(&entry.path(), &place, effort, sizes)?;
            continue;
        }
        let mut bytes = fs::read(entry.path())?;
        if name.ends_with(".wasm") {
            bytes = wasm_names::strip(&bytes);
        }
        fs::write(&place, &bytes)?;
        let mut smallest = bytes.len();
        if bytes.len() >= WORTH_COMPRESSING {
            for (suffix, packed) in [("br", brotli(&bytes, effort)?), ("gz", gzip(&bytes, effort)?)]
            {
                if packed.len() < bytes.len() {
                    fs::write(to.join(format!("{name}.{suffix}")), &packed)?;
                    smallest = smallest.min(packed.len());
                }
            }
        }
        sizes.push((name, bytes.len(), smallest));
    }
    Ok(())
}

fn brotli(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let quality = match effort {
        Effort::Quick => 5,
        Effort::Smallest => 11,
    };
    let parameters =
        BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Quick => Compression::new(6),
        Effort::Smallest => Compression::best(),
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
