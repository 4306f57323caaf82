//! What the page weighs, and what it may weigh.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::files::FIRST_META;

/// The limits, in the source tree. Whoever needs more says so there.
pub(crate) const LIMITS: &str = "www/weight.tsv";

/// Below this part of a limit the limit should follow.
const LOOSE: f64 = 0.97;

/// Bytes as they are, and as brotli sends them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) plain: usize,
    pub(crate) brotli: usize,
}

/// What the page is before it shows an image, and what else it loads to show one.
const FIRST: &str = "first view: all";
const IMAGE: &str = "image: all";

/// The weights of a folder with a page by what they are for.
pub(crate) fn of(page: &Path) -> Result<BTreeMap<String, Weight>> {
    let mut weights: BTreeMap<String, Weight> = BTreeMap::new();
    let html = fs::read_to_string(page.join("index.html")).unwrap_or_default();
    let needed = of_image(&html);
    let mut image = Weight::default();
    for entry in fs::read_dir(page).with_context(|| format!("can't list {}", page.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".br") || name.ends_with(".gz") {
            continue;
        }
        let twin = page.join(format!("{name}.br"));
        let plain = size(&path)?;
        // What is too small to have a twin goes over the network as it is.
        let weight = Weight { plain, brotli: size(&twin).unwrap_or(plain) };
        for row in rows(&name) {
            let sum = weights.entry(row).or_default();
            sum.plain += weight.plain;
            sum.brotli += weight.brotli;
        }
        if needed.iter().any(|file| *file == name) {
            image.plain += weight.plain;
            image.brotli += weight.brotli;
        }
    }
    let first = weights.get(FIRST).copied().unwrap_or_default();
    let all = Weight { plain: first.plain + image.plain, brotli: first.brotli + image.brotli };
    weights.insert(IMAGE.to_owned(), all);
    Ok(weights)
}

/// The files that an image needs besides, as `index.html` names them.
fn of_image(html: &str) -> Vec<&str> {
    let meta = html.split_once(&format!("{FIRST_META}\" content=\""));
    let content = meta.and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
    content.split_whitespace().filter_map(|link| link.rsplit('/').next()).collect()
}

/// The first page needs neither the worker nor what was cut out of the program.
fn rows(name: &str) -> [String; 2] {
    let is_part = ["app-split_", "app-chunk_"].iter().any(|start| name.starts_with(start));
    let phase = match is_part {
        true => "later",
        false if name.starts_with("worker") => "worker",
        false => "first view",
    };
    let kind = match name.rsplit_once('.') {
        Some((_, kind @ ("wasm" | "js"))) => kind,
        _ => "rest",
    };
    [format!("{phase}: {kind}"), format!("{phase}: all")]
}

fn size(path: &Path) -> Result<usize> {
    let length =
        fs::metadata(path).with_context(|| format!("can't read {}", path.display()))?.len();
    Ok(usize::try_from(length)?)
}

/// For people: one line per row.
pub(crate) fn table(weights: &BTreeMap<String, Weight>) -> String {
    let mut table = format!("{:<18} {:>11} {:>11}\n", "bytes", "plain", "brotli");
    for (row, Weight { plain, brotli }) in weights {
        table.push_str(&format!("{row:<18} {plain:>11} {brotli:>11}\n"));
    }
    table
}

/// For programs.
pub(crate) fn json(weights: &BTreeMap<String, Weight>) -> Value {
    let rows = weights.iter().map(|(row, Weight { plain, brotli })| {
        (row.clone(), json!({ "plain": plain, "brotli": brotli }))
    });
    Value::Object(rows.collect())
}

/// What came of comparing with the limits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// A sentence for each weight above its limit.
    pub(crate) over: Vec<String>,
    /// A sentence for each limit that is too far away to hold anything.
    pub(crate) loose: Vec<String>,
}

/// Compares weights with a table of `row<TAB>plain<TAB>brotli`.
pub(crate) fn judge(weights: &BTreeMap<String, Weight>, limits: &str) -> Result<Judgement> {
    let mut judgement = Judgement::default();
    for line in limits.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let (row, plain, brotli) = limit(line).with_context(|| {
            format!("expected `what<TAB>bytes<TAB>bytes` in {LIMITS}, not `{line}`")
        })?;
        let found = weights
            .get(row)
            .with_context(|| format!("{LIMITS} limits `{row}`, which the page does not have"))?;
        for (how, weight, limit) in
            [("plain", found.plain, plain), ("brotli", found.brotli, brotli)]
        {
            if weight > limit {
                judgement.over.push(format!(
                    "{row}, {how}: expected at most {limit} bytes, but they are {weight}, {} too many; make the page lighter, or raise the limit in {LIMITS} and say why in the commit",
                    weight - limit
                ));
            } else if (weight as f64) < LOOSE * limit as f64 {
                judgement.loose.push(format!(
                    "{row}, {how}: {weight} bytes, so the limit of {limit} in {LIMITS} can come down"
                ));
            }
        }
    }
    Ok(judgement)
}

fn limit(line: &str) -> Option<(&str, usize, usize)> {
    let mut columns = line.split('\t');
    let row = columns.next()?;
    Some((row, columns.next()?.trim().parse().ok()?, columns.next()?.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Weight, judge, of_image, rows};

    #[test]
    fn parts_and_worker_come_after_the_first_view() {
        assert_eq!(rows("app-split_edit-00.wasm"), ["later: wasm", "later: all"]);
        assert_eq!(rows("app-00_bg.wasm"), ["first view: wasm", "first view: all"]);
        assert_eq!(rows("index.html"), ["first view: rest", "first view: all"]);
        assert_eq!(rows("worker_start.js"), ["worker: js", "worker: all"]);
    }

    #[test]
    fn finds_the_files_that_an_image_needs() {
        let html =
            "<meta name=\"drydock-image\" content=\"/-/assets/a-1.wasm /-/assets/b-2.wasm\">";
        assert_eq!(of_image(html), ["a-1.wasm", "b-2.wasm"]);
        assert!(of_image("<html>").is_empty());
    }

    #[test]
    fn says_what_is_too_heavy_and_which_limit_is_too_far() {
        let weights =
            BTreeMap::from([("worker: all".to_owned(), Weight { plain: 101, brotli: 50 })]);
        let judged = judge(&weights, "# limits\nworker: all\t100\t60\n").expect("a table");
        assert_eq!((judged.over.len(), judged.loose.len()), (1, 1));
        assert!(judged.over[0].contains("expected at most 100 bytes"), "{:?}", judged.over);
        let held = judge(&weights, "worker: all\t101\t51\n").expect("a table");
        assert_eq!(held, Default::default());
    }

    #[test]
    fn a_limit_of_nothing_is_a_mistake() {
        for odd in ["worker: all 100 60", "worker: all\t100", "page\t1\t1"] {
            assert!(judge(&BTreeMap::new(), odd).is_err(), "{odd}");
        }
    }
}
