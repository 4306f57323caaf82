//! Layers, the tree that they make, and archives.

use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use drydock::archive::{
    Archive, ArchiveSource, Files, ReadAt, ReadError, Sniffed, Unpacker, scan, sniff,
};
use drydock::digest::Digest;
use drydock::layer::content::{Trust, Wanted};
use drydock::layer::partial::{Check, Decode, Reading, Span};
use drydock::layer::seek::SeekPoints;
use drydock::layer::{Index, LayerReader, LayerSummary, NodeId, Overlay, ReadOptions};
use drydock::media_type::MediaType;
use sha2::{Digest as _, Sha256};

/// Most bytes of one input: the fuzzer learns nothing from more.
const LARGEST: usize = 1 << 20;

/// A layer in gzip. The magic bytes are added, so that mutations are spent behind them.
pub fn gzip(data: &[u8]) {
    layer(&[&[0x1f, 0x8b, 8], data].concat(), MediaType::LAYER_GZIP);
}

/// A layer in zstd.
pub fn zstd(data: &[u8]) {
    layer(&[&[0x28, 0xb5, 0x2f, 0xfd], data].concat(), MediaType::LAYER_ZSTD);
}

/// A plain tar. Checksums of headers are made right, which mutations never are.
pub fn tar(data: &[u8]) {
    layer(&with_checksums(data), MediaType::LAYER);
    layer(data, MediaType::LAYER);
}

/// The index of a layer as it is kept on disk, where it may have been changed.
pub fn index_format(data: &[u8]) {
    let sealed = [data, &Sha256::digest(data)[..]].concat();
    let _ = Index::from_bytes(data);
    let Ok(index) = Index::from_bytes(&sealed) else { return };
    for (number, entry) in index.entries().enumerate() {
        let ordinal = number as u32;
        let _ = (entry.name(), index.device(ordinal), index.file_digest(ordinal));
        index.xattrs(ordinal).count();
    }
    let again = Index::from_bytes(&index.to_bytes()).expect("what was written is read");
    assert_eq!(again.to_bytes(), index.to_bytes());
    // Its names may be such as no tar gives: they lead nowhere, but are gone through.
    let overlay = Overlay::raw(Arc::new(index));
    for id in overlay.walk().take(2000) {
        let _ = (overlay.node(id), overlay.find(&overlay.path(id)), overlay.children(id));
    }
}

/// Parts of a blob, and the points at which they begin, as they are kept on disk.
pub fn partial(data: &[u8]) {
    if data.len() > LARGEST {
        return;
    }
    points(data);
    let Some((&[kind, bits, window, low, high, cut], blob)) = data.split_first_chunk() else {
        return;
    };
    let window = blob.get(..usize::from(window) * 16).unwrap_or(blob).to_vec();
    let decode = match kind % 6 {
        0 => Decode::Plain,
        1 => Decode::Zeros,
        2 => Decode::Gzip,
        3 => Decode::Zstd,
        4 => Decode::Deflate { bits: Some(bits % 9), window },
        _ => Decode::Deflate { bits: None, window },
    };
    let check = || match kind / 6 % 3 {
        0 => Check::None,
        1 => Check::Content(Digest::sha256(blob)),
        _ => Check::Compressed(Digest::sha256(blob)),
    };
    let (size, len) = (blob.len() as u64, u64::from(u16::from_le_bytes([low, high])));
    let middle = size * u64::from(cut) / 256;
    // Two spans, which may share a byte.
    let shared = u64::from(bits & 1).min(middle);
    let spans = [
        Span { blob: 0..middle, decode: decode.clone(), skip: 0, offset: 0, len, check: check() },
        Span { blob: middle - shared..size, decode, skip: 0, offset: len, len, check: check() },
    ];
    let spans: &[Span] = if bits & 2 == 0 { &spans } else { &spans[..1] };
    let whole = part(blob, spans, len * 2, usize::MAX);
    assert_eq!(whole, part(blob, spans, len * 2, usize::from(cut) + 1));
    assert_eq!(whole, part(blob, spans, len * 2, 1));
}

/// What is given out, and what it is worth.
fn part(blob: &[u8], spans: &[Span], size: u64, piece: usize) -> (Vec<u8>, Result<Trust, String>) {
    let mut reading = Reading::new(spans.to_vec(), Wanted::stream(size));
    let (mut bytes, mut end) = (Vec::new(), 0);
    while let Some(range) = reading.ask() {
        let answer = &blob[range.start as usize..range.end as usize];
        assert!(!answer.is_empty());
        for piece in answer.chunks(piece) {
            let pushed = reading.push(piece, &mut |offset, run| {
                assert!(offset >= end && offset + run.len() as u64 <= size);
                end = offset + run.len() as u64;
                bytes.extend_from_slice(run);
            });
            if let Err(error) = pushed {
                assert_eq!(reading.trust(), Trust::Mismatch);
                return (bytes, Err(error.to_string()));
            }
        }
    }
    (bytes, Ok(reading.trust()))
}

fn points(data: &[u8]) {
    let sealed = [data, &Sha256::digest(data)[..]].concat();
    let _ = SeekPoints::from_bytes(data);
    let Ok(points) = SeekPoints::from_bytes(&sealed) else { return };
    assert_eq!(points.to_bytes(), sealed, "what was written is read");
    for at in [0, 1, 512, 1000, 100_000, 1 << 40, u64::MAX - 1] {
        let wanted = Wanted::stream(u64::MAX).slice(at, at.saturating_add(600));
        let (range, window) = (points.range(&wanted), points.window(&wanted));
        assert!(range.start <= range.end && window.end - window.start < 40_000);
        let window = vec![0; (window.end - window.start) as usize];
        let Ok(spans) = points.spans(&wanted, &window) else { continue };
        for span in spans {
            assert_eq!(span.blob, range);
            assert!(span.offset <= at && span.offset + span.len >= at + 600);
        }
    }
}

/// Several layers on top of each other, separated by a word.
pub fn overlay(data: &[u8]) {
    let mut layers = Vec::new();
    for part in split(data, b"LAYER").take(6) {
        let summary = read(&with_checksums(part), MediaType::LAYER, &[]);
        layers.extend(summary.index.map(Arc::new));
    }
    let overlay = Overlay::build(&layers);
    look(&overlay);
    for layer in 0..layers.len() {
        for change in overlay.changes(layer as u32) {
            let _ = overlay.path(change.node);
        }
    }
}

/// An archive of images: a tar that somebody dropped onto the page.
pub fn archive(data: &[u8]) {
    if data.len() > LARGEST {
        return;
    }
    let mut tar = with_checksums(data);
    if let Sniffed::Packed(_) = sniff(data) {
        let mut unpacker = Unpacker::new(LARGEST as u64);
        let mut out = Vec::new();
        if unpacker.push(data, |bytes| out.extend_from_slice(bytes)).is_err()
            || unpacker.finish(|bytes| out.extend_from_slice(bytes)).is_err()
        {
            return;
        }
        tar = out;
    }
    let disk = Disk(tar.into());
    let size = disk.0.len() as u64;
    let Ok(files) = now(scan(&disk, 0, size)) else { return };
    for (_, place) in files.iter() {
        assert!(place.range.start <= place.range.end && place.range.end <= size);
    }
    let Ok(source) = now(ArchiveSource::open(files, disk)) else { return };
    let archive: &Archive = source.archive();
    let files: &Files = archive.files();
    for root in archive.roots() {
        assert!(!root.descriptor.digest.as_str().is_empty());
        let _ = archive.place(&root.descriptor.digest);
    }
    assert!(files.iter().count() > 0);
}

/// However a layer is cut into pieces, the same comes out.
fn layer(data: &[u8], media_type: &str) {
    if data.len() > LARGEST {
        return;
    }
    let whole = read(data, media_type, &[]);
    assert_eq!(whole.digest, Digest::sha256(data));
    assert_eq!(whole.size, data.len() as u64);
    let cuts = [data.first().map_or(1, |byte| usize::from(*byte) + 1), 1, 511];
    let pieces = read(data, media_type, &cuts);
    assert_eq!(told(&pieces), told(&whole));
    let bytes = |summary: &LayerSummary| summary.index.as_ref().map(Index::to_bytes);
    assert_eq!(bytes(&pieces), bytes(&whole));
    if let Some(index) = whole.index {
        let written = index.to_bytes();
        let again = Index::from_bytes(&written).expect("what was written is read");
        assert_eq!(again.to_bytes(), written);
        look(&Overlay::raw(Arc::new(index)));
    }
}

fn told(summary: &LayerSummary) -> String {
    format!("{:?}", LayerSummary { index: None, ..summary.clone() })
}

/// Reads a layer in pieces of these sizes in turn, or at once.
fn read(data: &[u8], media_type: &str, sizes: &[usize]) -> LayerSummary {
    let options = ReadOptions {
        media_type: Some(MediaType::new(media_type)),
        file_digests: true,
        ..ReadOptions::default()
    };
    let mut reader = LayerReader::new(options);
    let mut rest = data;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(size);
        reader.push(piece, &mut ());
        rest = behind;
    }
    reader.finish(&mut ())
}

/// Every path is found where it says that it is.
fn look(overlay: &Overlay) {
    let mut count = 0;
    for id in overlay.walk() {
        let Some(node) = overlay.node(id) else { continue };
        assert_eq!(overlay.find(&overlay.path(id)), Some(id));
        if node.id != NodeId::ROOT {
            assert!(overlay.children(node.parent).contains(&node.id));
        }
        if let Some(target) = node.hardlink_to {
            assert!(overlay.node(target).is_some(), "a hard link leads to what is there");
        }
        count += 1;
        if count > 2000 {
            return;
        }
    }
}

pub(crate) fn with_checksums(data: &[u8]) -> Vec<u8> {
    let mut tar = data.to_vec();
    for block in tar.chunks_exact_mut(512) {
        if block.get(257..262) == Some(b"ustar") {
            let sum: u32 = block
                .iter()
                .enumerate()
                .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
                .sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    tar
}

fn split<'a>(data: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        match data.windows(word.len()).position(|window| window == word) {
            Some(at) => {
                rest = data.get(at + word.len()..);
                data.get(..at)
            }
            None => rest.take(),
        }
    })
}

struct Disk(Bytes);

impl ReadAt for Disk {
    async fn read(&self, file: usize, range: Range<u64>) -> Result<Bytes, ReadError> {
        assert_eq!(file, 0);
        assert!(range.start <= range.end && range.end <= self.0.len() as u64, "{range:?}");
        Ok(self.0.slice(range.start as usize..range.end as usize))
    }
}

/// Nothing waits here.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a disk in memory answers at once"),
    }
}
