//! Which files are read together, and how.

use std::ops::Range;

use futures_util::future::try_join_all;
use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;

use crate::chosen::{Chosen, gone};
use crate::net::problem::Problem;

/// Largest file in bytes that is read here, together with others.
const SMALL: u64 = 64 << 10;
/// Most bytes of files that are read together.
const PACK: u64 = 1 << 20;
/// Most files that are read together; more keep the page busy for longer than a frame.
const AT_ONCE: usize = 64;
/// Bytes of files that are held in memory for the worker.
const HELD: u64 = 8 << 20;
/// Most files that are given to the worker at once; a large one counts as [`AT_ONCE`] of them, as
/// handing it over takes as long.
const FILES: usize = 4096;

/// Files that are read together, by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pack {
    /// One, which the worker reads itself.
    Large(usize),
    /// Small ones that follow one another.
    Small(Range<usize>),
}

/// Files that are given to the worker at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Batch(pub(super) Vec<Pack>);

/// How files of these sizes are read.
pub(super) fn batches(sizes: &[u64]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let (mut held, mut files) = (0, 0);
    let mut packed = 0;
    for (at, size) in sizes.iter().copied().enumerate() {
        let is_small = size <= SMALL;
        let own = if is_small { size } else { 0 };
        let weight = if is_small { 1 } else { AT_ONCE };
        if batches.is_empty() || held + own > HELD || files + weight > FILES {
            batches.push(Batch::default());
            (held, files) = (0, 0);
        }
        held += own;
        files += weight;
        let Some(Batch(packs)) = batches.last_mut() else { continue };
        match packs.last_mut() {
            _ if !is_small => packs.push(Pack::Large(at)),
            Some(Pack::Small(range)) if packed + size <= PACK && range.len() < AT_ONCE => {
                range.end = at + 1;
                packed += size;
            }
            _ => {
                packs.push(Pack::Small(at..at + 1));
                packed = size;
            }
        }
    }
    batches
}

/// Reads small files: their bytes one behind the other, and how many each has.
///
/// # Errors
/// When one can't be read, or is not as long as it was when it was chosen.
pub(super) async fn read(files: &[Chosen]) -> Result<(Uint8Array, Vec<u64>), Problem> {
    let contents = try_join_all(files.iter().map(|file| JsFuture::from(file.blob.array_buffer())));
    let contents: Vec<Uint8Array> =
        contents.await.map_err(|_| gone())?.iter().map(Uint8Array::new).collect();
    let sizes: Vec<u64> = contents.iter().map(|bytes| u64::from(bytes.byte_length())).collect();
    let total = u32::try_from(sizes.iter().sum::<u64>()).map_err(|_| gone())?;
    let all = Uint8Array::new_with_length(total);
    let mut at = 0;
    for bytes in contents {
        all.set(&bytes, at);
        at += bytes.byte_length();
    }
    Ok((all, sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `L` for a large file, the number of files of a pack, `|` between batches.
    fn shape(sizes: &[u64]) -> String {
        let batches = batches(sizes);
        let places = batches.iter().flat_map(|Batch(packs)| packs).flat_map(|pack| match pack {
            Pack::Large(at) => *at..*at + 1,
            Pack::Small(range) => range.clone(),
        });
        assert!(places.eq(0..sizes.len()), "each file once, in order");
        let packs = |Batch(packs): &Batch| {
            let pack = |pack: &Pack| match pack {
                Pack::Large(_) => "L".to_owned(),
                Pack::Small(range) => range.len().to_string(),
            };
            packs.iter().map(pack).collect::<Vec<_>>().join(" ")
        };
        batches.iter().map(packs).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn small_files_are_read_together_and_large_ones_by_the_worker() {
        let pack = (PACK / SMALL) as usize;
        let held = (HELD / SMALL) as usize;
        for (sizes, expected) in [
            (vec![], ""),
            (vec![SMALL + 1], "L"),
            (vec![0, 1, SMALL + 1, 1], "2 L 1"),
            (vec![1; AT_ONCE + 2], "64 2"),
            (vec![SMALL; pack + 1], "16 1"),
            (vec![SMALL; held + 1], "16 16 16 16 16 16 16 16 | 1"),
        ] {
            assert_eq!(shape(&sizes), expected, "{} files", sizes.len());
        }
        let many = shape(&vec![1; FILES + 1]);
        assert!(many.ends_with("64 | 1"), "{many}");
        let large = shape(&[SMALL + 1; FILES / AT_ONCE + 1]);
        assert!(large.ends_with("L L | L"), "{large}");
    }
}
