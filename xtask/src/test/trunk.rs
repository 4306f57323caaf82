//! `trunk serve` is for those who work on the page: where Trunk is, it makes the same page as this program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use crate::page::{self, For};
use crate::paths;
use crate::process::Run;
use crate::setup::{cargo_tools, wasm};

/// What Trunk calls when it is there; of another version it would be downloaded.
const BINDGEN: &str = "wasm-bindgen";

const SCRIPT: &str = "worker.js";

pub(super) fn run() -> Result<Counts> {
    if let Some(reason) = missing()? {
        println!("not checked: {reason}, so `trunk serve` was not tried");
        return Ok(Counts { skipped: 1, ..Counts::default() });
    }
    let ours = page::build(For::Look)?;
    let theirs = paths::target().join("trunk");
    let toolchain = wasm::Toolchain::found()
        .context("no compiler here has the wasm32 target: run `cargo xtask setup`")?;
    let trunk = Run::new("trunk")
        .args(["build", "--offline", "--locked", "--dist"])
        .arg(&theirs)
        // Trunk reads this as a switch of its own and wants `true` or `false`.
        .no_env("NO_COLOR");
    toolchain.choose(trunk).show().context("Trunk can't build the page")?;
    // The one script that both write under the same name.
    if fs::read(ours.join(SCRIPT))? != fs::read(theirs.join(SCRIPT))? {
        bail!(
            "expected the same {SCRIPT} in {} as in {}; xtask/src/page/bindgen.rs must ask for what the program does by itself",
            ours.display(),
            theirs.display()
        );
    }
    let (ours, theirs) = (shape(&ours)?, shape(&theirs)?);
    if ours != theirs {
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
            a.difference(b).cloned().collect::<Vec<_>>().join(", ")
        };
        bail!(
            "expected the same files and links from Trunk as from `cargo xtask page`; only here: {}; only Trunk's: {}; xtask/src/page has to follow",
            only(&ours, &theirs),
            only(&theirs, &ours)
        );
    }
    Ok(Counts::PASSED)
}

fn missing() -> Result<Option<String>> {
    if paths::program("trunk").is_none() {
        return Ok(Some("there is no trunk on PATH".to_owned()));
    }
    let expected = cargo_tools::wasm_bindgen_version()?;
    let printed = Run::new(BINDGEN).arg("--version").capture().unwrap_or_default();
    Ok(match printed.split_whitespace().nth(1) {
        Some(version) if version == expected => None,
        Some(other) => Some(format!("{BINDGEN} on PATH is {other}, and Cargo.lock has {expected}")),
        None => Some(format!("there is no {BINDGEN} {expected} on PATH")),
    })
}

/// The names of files, and the links between them in `index.html`, without digests.
fn shape(page: &Path) -> Result<BTreeSet<String>> {
    let mut shape = BTreeSet::new();
    for entry in fs::read_dir(page).with_context(|| format!("can't list {}", page.display()))? {
        shape.insert(without_digest(&entry?.file_name().to_string_lossy()));
    }
    let html = fs::read_to_string(page.join("index.html"))?;
    let links = html.split(['"', '\'']).filter(|text| text.starts_with("/-/assets/"));
    shape.extend(links.map(without_digest));
    Ok(shape)
}

fn without_digest(name: &str) -> String {
    name.split_inclusive(['-', '_', '.'])
        .map(|part| {
            let digits = part.trim_end_matches(['-', '_', '.']);
            match digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                true => part.replace(digits, "#"),
                false => part.to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::without_digest;

    #[test]
    fn names_are_the_same_whoever_made_the_digest() {
        assert_eq!(without_digest("app-ac1059c62f316d24_bg.wasm"), "app-#_bg.wasm");
        assert_eq!(without_digest("/-/assets/base-c451fefa1ad63977.css"), "/-/assets/base-#.css");
        assert_eq!(without_digest("worker_start.js"), "worker_start.js");
    }
}
