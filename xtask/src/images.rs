//! The images that tests and measurements open, made once by the scripts in tests/images and kept in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::paths;
use crate::process::Run;
use crate::setup;

/// Sets of images, one script each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// What every run of the browser tests opens.
    Tests,
    /// A layer of more than 1 GiB.
    Big,
    /// What is measured.
    Bench,
}

impl Set {
    fn script(self) -> &'static str {
        match self {
            Self::Tests => "make.sh",
            Self::Big => "big.sh",
            Self::Bench => "bench.sh",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tests => "images",
            Self::Big => "images-big",
            Self::Bench => "images-bench",
        }
    }

    /// Unpacking with the owners and devices that an image names is root's to do.
    fn needs_root(self) -> bool {
        self == Self::Tests
    }
}

/// `cargo xtask images [big|bench]`.
pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let set = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Set::Tests,
        ["big"] => Set::Big,
        ["bench"] => Set::Bench,
        _ => bail!("`images` takes nothing, `big` or `bench`, not `{}`", arguments.join(" ")),
    };
    println!("{}", ensure(set)?.display());
    Ok(())
}

/// Makes the images if this version of them is not there, and returns their directory:
/// `registry` (storage of docker-registry), `images.tsv` (what there is) and `rootfs` (trees as unpacked).
pub(crate) fn ensure(set: Set) -> Result<PathBuf> {
    let version = version(set)?;
    let place = paths::cache().join(format!("{}-{version}", set.name()));
    if place.join("images.tsv").is_file() {
        return Ok(place);
    }
    if set.needs_root() && !setup::is_root() {
        bail!(
            "the test images are made with debootstrap, BuildKit and umoci, which need root. \
             Run once: sudo -E env PATH=\"$PATH\" cargo xtask images"
        );
    }
    println!("images: making {}; this takes some minutes, once", place.display());
    let start = Instant::now();
    discard_old(set)?;
    let part = paths::cache().join(format!("{}-{version}.part", set.name()));
    fs::create_dir_all(&part)?;
    Run::new("bash")
        .arg(scripts().join(set.script()))
        .arg(&part)
        .path(&setup::tool_path())
        .show()
        .context("the images could not be made")?;
    fs::rename(&part, &place)?;
    println!("images: made ({:.0} s)", start.elapsed().as_secs_f64());
    Ok(place)
}

/// Names the images by the bytes that decide what they are.
fn version(set: Set) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut files = Vec::new();
    match set {
        Set::Tests => list(&scripts(), &mut files)?,
        Set::Big | Set::Bench => {
            files.extend(["lib.sh", "registry.yml", set.script()].map(|name| scripts().join(name)))
        }
    }
    files.retain(|file| {
        set != Set::Tests || !file.ends_with("big.sh") && !file.ends_with("bench.sh")
    });
    files.sort();
    for file in files {
        hasher.update(file.strip_prefix(scripts())?.to_string_lossy().as_bytes());
        hasher.update([0]);
        hasher.update(fs::read(&file).with_context(|| format!("can't read {}", file.display()))?);
    }
    Ok(hasher.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => list(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

/// Images of older versions, and halves of images, only take space.
fn discard_old(set: Set) -> Result<()> {
    let Ok(entries) = fs::read_dir(paths::cache()) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let version = name.strip_prefix(set.name()).and_then(|rest| rest.strip_prefix('-'));
        let is_ours = version.is_some_and(|version| {
            version.trim_end_matches(".part").bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if is_ours {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn scripts() -> PathBuf {
    paths::root().join("tests/images")
}
