//! Tables of contents of layers.

use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::layer::Overlay;
use drydock::layer::lazy::{Lister, Promise, Toc};
use drydock::media_type::MediaType;

use crate::seeds::layer_support::{file, gzip, tar};

/// Most bytes of one input: the fuzzer learns nothing from more.
const LARGEST: usize = 256 << 10;
/// Bytes of a layer that are in front of its table.
pub(crate) const IN_FRONT: u64 = 80_000;
/// Bytes of the layer that the zTOC among the seeds is of.
const OF_ZTOC: u64 = 74_243;

/// The table of an eStargz layer, or a zTOC, as the first byte says.
pub fn toc(data: &[u8]) {
    let Some((kind, table)) = data.split_first() else { return };
    if table.len() > LARGEST {
        return;
    }
    let toc = match kind % 2 {
        0 => estargz(table),
        _ => ztoc(table),
    };
    if let Some(toc) = toc {
        look(&toc);
    }
}

fn estargz(table: &[u8]) -> Option<Toc> {
    let behind = [&gzip(&tar(&[file("stargz.index.json", table)])), &footer()[..]].concat();
    let size = IN_FRONT + behind.len() as u64;
    let layer = Descriptor::new(MediaType::LAYER_GZIP, Digest::sha256(b""), size);
    let mut lister = Lister::probing(&layer).expect("a layer");
    while let Some(range) = lister.ask() {
        let at = |offset: u64| (offset - IN_FRONT) as usize;
        lister.push(behind.get(at(range.start)..at(range.end))?).expect("the footer is right");
    }
    lister.finish().ok()
}

fn footer() -> Vec<u8> {
    let head = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 26, 0, b'S', b'G', 22, 0];
    let end = [1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
    [&head[..], format!("{IN_FRONT:016x}STARGZ").as_bytes(), &end].concat()
}

fn ztoc(table: &[u8]) -> Option<Toc> {
    let layer = Descriptor::new(MediaType::LAYER_GZIP, Digest::sha256(b""), OF_ZTOC);
    let ztoc = Descriptor::new("x/y", Digest::sha256(table), table.len() as u64);
    let mut lister = Lister::soci(&ztoc, &layer, Promise::Claimed).ok()?;
    if lister.ask().is_some() {
        lister.push(table).ok()?;
    }
    lister.finish().ok()
}

/// Nothing leads outside of the layer, and nothing is given that is not of the file.
fn look(toc: &Toc) {
    let index = toc.index();
    assert!(!index.has_offsets());
    let overlay = Overlay::raw(Arc::clone(index));
    let _ = overlay.walk().take(1000).count();
    for entry in index.entries().take(40) {
        let end = entry.size.min(100_000);
        let Some(mut reading) = toc.reading(entry.ordinal, 0..end) else { continue };
        while let Some(range) = reading.ask() {
            assert!(range.start < range.end && range.end <= toc.size(), "{range:?}");
            let answer = vec![0x4b; (range.end - range.start) as usize];
            let give = &mut |offset: u64, run: &[u8]| assert!(offset + run.len() as u64 <= end);
            if reading.push(&answer, give).is_err() {
                break;
            }
        }
    }
    let again = Toc::from_bytes(&toc.to_bytes()).expect("what was written is read");
    assert_eq!(&again, toc);
}
