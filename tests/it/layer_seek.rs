//! Parts of layers, read by what a full pass has recorded.

use std::process::{Command, Stdio};

use drydock::digest::{Algorithm, Digest, Hashed, Hasher};
use drydock::layer::content::{Trust, Wanted};
use drydock::layer::partial::{ReadError, Reading, Span};
use drydock::layer::seek::{STATE_EVERY, SeekError, SeekPoints, Spacing};
use drydock::layer::{Index, LayerReader, LayerSummary, ReadOptions, Sink};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Strategy as Matches};

use crate::layer_support::*;

const DENSE: Spacing = Spacing { points: 3000, states: 1024 };

/// A layer that was read, and what stayed of it.
struct Seen {
    blob: Vec<u8>,
    tar: Vec<u8>,
    index: Index,
    points: SeekPoints,
    windows: Vec<u8>,
}

#[derive(Default)]
struct Windows {
    bytes: Vec<u8>,
    hasher: Option<Hasher>,
}

impl Sink for Windows {
    fn window(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.hasher.as_mut().expect("asked for").update(bytes);
    }
}

fn pass(blob: &[u8], options: ReadOptions, chunk: usize, sink: &mut Windows) -> LayerSummary {
    let mut reader = LayerReader::new(options);
    blob.chunks(chunk.max(1)).for_each(|chunk| reader.push(chunk, sink));
    reader.finish(sink)
}

impl Seen {
    fn of(blob: Vec<u8>, tar: &[u8], spacing: Spacing, chunk: usize) -> Self {
        let mut sink = Windows::default();
        let options = ReadOptions { seek: Some(spacing), ..ReadOptions::default() };
        let summary = pass(&blob, options, chunk, &mut sink);
        assert!(summary.complete, "{:?}", summary.findings);
        let points = summary.seek.expect("points");
        assert_eq!(points.windows_len(), sink.bytes.len() as u64);
        let again = SeekPoints::from_bytes(&points.to_bytes()).expect("its own bytes");
        assert_eq!((&again, points.blob()), (&points, &Digest::sha256(&blob)));
        let index = summary.index.expect("index");
        Self { blob, tar: tar.to_vec(), index, points: again, windows: sink.bytes }
    }

    fn spans(&self, wanted: &Wanted) -> Result<Vec<Span>, SeekError> {
        let window = self.points.window(wanted);
        self.points.spans(wanted, &self.windows[window.start as usize..window.end as usize])
    }

    fn files(&self) -> Vec<Wanted> {
        let count = self.index.len() as u32;
        (0..count).filter_map(|entry| Wanted::file(&self.index, entry)).collect()
    }

    /// The runs of `wanted`, cut from the tar.
    fn expected(&self, wanted: &Wanted) -> Vec<u8> {
        let runs = wanted.segments().iter();
        runs.flat_map(|run| &self.tar[run.tar_offset as usize..][..run.len as usize])
            .copied()
            .collect()
    }

    #[track_caller]
    fn check(&self, wanted: &Wanted, piece: usize) {
        if wanted.segments().is_empty() {
            assert_eq!(self.spans(wanted), Ok(Vec::new()));
            return;
        }
        let spans = self.spans(wanted).expect("a good window");
        assert_eq!(spans.len(), 1, "{wanted:?}");
        assert_eq!(spans[0].blob, self.points.range(wanted));
        let (bytes, trust) = fetch(&self.blob, spans, wanted, piece).expect("it can be read");
        assert_eq!(trust, Trust::Recorded);
        assert!(bytes == self.expected(wanted), "other bytes of {wanted:?}");
    }
}

/// Gives a reading what it asks for, in pieces.
fn fetch(
    blob: &[u8],
    spans: Vec<Span>,
    wanted: &Wanted,
    piece: usize,
) -> Result<(Vec<u8>, Trust), ReadError> {
    let mut reading = Reading::new(spans, wanted.clone());
    let (mut bytes, mut end) = (Vec::new(), 0);
    while let Some(range) = reading.ask() {
        assert!(range.start < range.end && range.end <= blob.len() as u64, "{range:?}");
        for piece in blob[range.start as usize..range.end as usize].chunks(piece.max(1)) {
            reading.push(piece, &mut |offset, run| {
                assert!(offset >= end, "offsets rise");
                end = offset + run.len() as u64;
                bytes.extend_from_slice(run);
            })?;
        }
    }
    assert!(reading.is_whole(), "all of it came");
    Ok((bytes, reading.trust()))
}

/// Parts of files that are hard and easy to compress.
fn content(kind: u8, len: usize, seed: u32) -> Vec<u8> {
    let noise = (0..).map(|at: u32| {
        let mut x = at.wrapping_add(seed).wrapping_mul(2_654_435_761);
        x ^= x >> 15;
        (x.wrapping_mul(2_246_822_519) >> 13) as u8
    });
    match kind % 4 {
        0 => noise.take(len).collect(),
        1 => noise.map(|byte| b"etaoin shrdlu\n\0"[usize::from(byte % 15)]).take(len).collect(),
        2 => vec![seed as u8; len],
        _ => {
            let words = noise.map(|byte| format!("{} of {byte}, ", byte % 7).into_bytes());
            words.flatten().take(len).collect()
        }
    }
}

fn sample(files: &[(u8, usize)]) -> Vec<u8> {
    let parts = files
        .iter()
        .enumerate()
        .map(|(at, (kind, len))| file(format!("file-{at}"), content(*kind, *len, at as u32)));
    tar(&parts.collect::<Vec<_>>())
}

fn wrapped(deflated: &[u8], data: &[u8]) -> Vec<u8> {
    let sum = crc32fast::hash(data).to_le_bytes();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&head, deflated, &sum, &(data.len() as u32).to_le_bytes()].concat()
}

fn zlib(
    level: i32,
    strategy: Matches,
    mem_level: i32,
    flush: Option<usize>,
    data: &[u8],
) -> Vec<u8> {
    let config =
        DeflateConfig { level, strategy, mem_level, window_bits: -15, ..DeflateConfig::default() };
    let mut deflate = Deflate::new_with_config(config);
    let mut out = vec![0; data.len() * 2 + 4096 + data.len() / flush.unwrap_or(4096) * 16];
    for piece in data.chunks(flush.unwrap_or(usize::MAX)) {
        let at = deflate.total_out() as usize;
        deflate.compress(piece, &mut out[at..], DeflateFlush::SyncFlush).expect("compresses");
    }
    let at = deflate.total_out() as usize;
    deflate.compress(&[], &mut out[at..], DeflateFlush::Finish).expect("compresses");
    out.truncate(deflate.total_out() as usize);
    wrapped(&out, data)
}

const PACKINGS: u8 = 14;

fn packed(how: u8, data: &[u8]) -> Vec<u8> {
    let members = |len: usize| data.chunks(len).map(gzip).collect::<Vec<_>>().concat();
    match how {
        0 => data.to_vec(),
        1 => gzip(data),
        2 => zlib(0, Matches::Default, 8, None, data),
        3 => zlib(1, Matches::Default, 1, None, data),
        4 => zlib(9, Matches::Default, 9, None, data),
        5 => zlib(6, Matches::Fixed, 1, None, data),
        6 => zlib(6, Matches::HuffmanOnly, 2, None, data),
        7 => zlib(6, Matches::Rle, 8, Some(700), data),
        8 => zlib(6, Matches::Default, 8, Some(5000), data),
        9 => members(2500),
        10 => [members(40_000), gzip(&[])].concat(),
        11 => wrapped(&miniz_oxide::deflate::compress_to_vec(data, 6), data),
        12 => data.chunks(3000).map(zstd).collect::<Vec<_>>().concat(),
        _ => zstd(data),
    }
}

#[test]
fn every_file_of_every_packing() {
    let files =
        [(1, 100_000), (0, 30_000), (2, 200_000), (3, 150_000), (0, 0), (1, 1), (3, 40_000)];
    let tar = sample(&files);
    for how in 0..PACKINGS {
        let blob = packed(how, &tar);
        for chunk in [100, 10_000, usize::MAX] {
            let seen = Seen::of(blob.clone(), &tar, DENSE, chunk);
            for wanted in seen.files() {
                for piece in [1000, usize::MAX] {
                    seen.check(&wanted, piece);
                }
                seen.check(&wanted.clone().slice(10, 50), usize::MAX);
            }
            let file = &seen.files()[3].clone().slice(140_000, 140_010);
            let asked = seen.points.range(file);
            let size = blob.len() as u64;
            // Some packers make one block of all, and where a piece ends at a block's end, no point is
            // noted: of small pieces that is so often.
            let narrow = !matches!(how, 3 | 13) && (chunk > 100 || matches!(how, 0 | 9 | 10 | 12));
            let share = (asked.end - asked.start) as f64 / size as f64;
            assert!(!narrow || share < 0.4, "{how} in {chunk}: {asked:?} of {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_parts(
        files in prop::collection::vec((0u8..4, 0usize..60_000), 1..6),
        how in 0..PACKINGS,
        chunk in prop_oneof![1usize..50, 50usize..5000, Just(usize::MAX)],
        piece in prop_oneof![1usize..50, 50usize..5000, Just(usize::MAX)],
        points in 1u64..50_000,
        states in 1u64..300,
        cut in (0u64..60_000, 0u64..60_000),
    ) {
        let tar = sample(&files);
        let spacing = Spacing { points, states: states * 64 };
        let seen = Seen::of(packed(how, &tar), &tar, spacing, chunk);
        for wanted in seen.files() {
            seen.check(&wanted, piece);
            seen.check(&wanted.slice(cut.0.min(cut.1), cut.0.max(cut.1)), piece);
        }
    }

    #[test]
    fn damaged_parts_are_never_trusted(
        how in 0..PACKINGS,
        at in any::<prop::sample::Index>(),
        flip in 1u8..=255,
        what in 0u8..3,
    ) {
        let tar = sample(&[(1, 30_000), (3, 50_000), (0, 9000)]);
        let seen = Seen::of(packed(how, &tar), &tar, DENSE, 10_000);
        let wanted = seen.files().swap_remove(1).slice(20_000, 30_000);
        let mut blob = seen.blob.clone();
        let range = seen.points.window(&wanted);
        let mut window = seen.windows[range.start as usize..range.end as usize].to_vec();
        let mut points = seen.points.clone();
        match what {
            0 => {
                let range = seen.points.range(&wanted);
                blob[range.start as usize + at.index((range.end - range.start) as usize)] ^= flip;
            }
            1 if window.is_empty() => return Ok(()),
            1 => {
                let at = at.index(window.len());
                window[at] ^= flip;
                prop_assert_eq!(seen.points.spans(&wanted, &window), Err(SeekError::Window));
                return Ok(());
            }
            _ => {
                // The state right behind what is wanted.
                let end = wanted.tar_end().div_ceil(DENSE.states);
                let state = seen.points.to_bytes();
                let known = Digest::sha256(&tar);
                let start = state.windows(known.as_str().len())
                    .rposition(|it| it == known.as_str().as_bytes()).expect("the digest of the tar");
                // Behind it: four numbers and a length, each column with its own length.
                let place = start + known.as_str().len() + 8 + 32 + 8 + (end as usize - 1) * 32;
                let mut bytes = state[..state.len() - 32].to_vec();
                bytes[place + at.index(32)] ^= flip;
                points = SeekPoints::from_bytes(&sealed(bytes)).expect("in order");
            }
        }
        let spans = points.spans(&wanted, &window).expect("a good window");
        match fetch(&blob, spans, &wanted, 1000) {
            Err(_) => {}
            Ok((bytes, trust)) => {
                // Bits that nothing depends on: the header of a member, padding.
                prop_assert_eq!(trust, Trust::Recorded);
                prop_assert!(what == 0, "a state is compared");
                prop_assert!(bytes == seen.expected(&wanted));
            }
        }
    }
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

#[test]
fn points_are_kept_as_bytes() {
    let tar = sample(&[(1, 20_000), (3, 20_000)]);
    let seen = Seen::of(packed(3, &tar), &tar, DENSE, usize::MAX);
    let bytes = seen.points.to_bytes();
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(SeekPoints::from_bytes(&other).is_err(), "byte {at}");
        assert!(SeekPoints::from_bytes(&bytes[..at]).is_err(), "{at} bytes");
        // What somebody else sealed may say anything, but is not believed when it contradicts itself.
        let other = sealed(other[..bytes.len() - 32].to_vec());
        let Ok(points) = SeekPoints::from_bytes(&other) else { continue };
        for wanted in seen.files() {
            let window = points.window(&wanted);
            let window = seen.windows.get(window.start as usize..window.end as usize);
            let Ok(spans) = points.spans(&wanted, window.unwrap_or_default()) else { continue };
            assert!(spans.len() < 2);
        }
    }
    assert_eq!(SeekPoints::from_bytes(b"something else"), Err(SeekError::Magic));
    let mut newer = bytes;
    newer[8] += 1;
    let found = SeekPoints::from_bytes(&newer);
    assert_eq!(found, Err(SeekError::Version { expected: 1, found: 2 }));
}

/// What a reader says beside the points.
fn told(summary: LayerSummary) -> String {
    let index = summary.index.as_ref().map(Index::to_bytes);
    format!("{:?} {index:?}", LayerSummary { seek: None, index: None, ..summary })
}

#[test]
fn recording_changes_nothing_else() {
    let tar = sample(&[(1, 50_000), (0, 70_000), (3, 90_000)]);
    for how in 0..PACKINGS {
        let whole = packed(how, &tar);
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        for blob in [&whole, &damaged, &whole[..middle].to_vec()] {
            for chunk in [1, 777, usize::MAX] {
                let plain = pass(blob, ReadOptions::default(), chunk, &mut Windows::default());
                let options = ReadOptions { seek: Some(DENSE), ..ReadOptions::default() };
                let recorded = pass(blob, options, chunk, &mut Windows::default());
                assert_eq!(told(plain), told(recorded), "{how} in {chunk}");
            }
        }
        // Of what could not be read to its end nothing is kept.
        let options = || ReadOptions { seek: Some(DENSE), ..ReadOptions::default() };
        let cut = pass(&whole[..middle], options(), 1000, &mut Windows::default());
        assert_eq!(cut.seek.is_some(), how == 0, "{how}");
    }
}

#[test]
fn the_digest_of_the_tar_may_come_from_elsewhere() {
    let tar = sample(&[(1, 50_000), (3, 90_000)]);
    let blob = gzip(&tar);
    let here = Seen::of(blob.clone(), &tar, DENSE, 5000);
    let options = ReadOptions { seek: Some(DENSE), apart: true, ..ReadOptions::default() };
    let hasher = Some(Hasher::recording(Algorithm::Sha256, DENSE.states));
    let mut sink = Windows { hasher, ..Windows::default() };
    let mut summary = pass(&blob, options, 5000, &mut sink);
    assert!(!summary.seek.as_ref().expect("points").can_compare());
    summary.hashed(sink.hasher.take().expect("a hasher").finish_with_states());
    assert_eq!(summary.seek, Some(here.points));
    assert_eq!(summary.diff_id.map(|id| id.0), Some(Digest::sha256(&tar)));

    // Without states nothing can be compared, and nothing is trusted.
    let options = ReadOptions { seek: Some(DENSE), apart: true, ..ReadOptions::default() };
    let mut sink = Windows { hasher: Some(Hasher::new(Algorithm::Sha256)), ..Windows::default() };
    let mut summary = pass(&blob, options, 5000, &mut sink);
    summary.hashed(Hashed::from(Digest::sha256(&tar)));
    let points = summary.seek.expect("points");
    assert!(!points.can_compare());
    let wanted = Wanted::file(&summary.index.expect("index"), 0).expect("a file").slice(0, 10);
    let spans = points.spans(&wanted, &[]).expect("spans");
    let (bytes, trust) = fetch(&blob, spans, &wanted, 100).expect("read");
    assert_eq!((bytes, trust), (here.tar[512..522].to_vec(), Trust::None));
}

/// What this command makes of the bytes.
fn by(command: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    use std::io::{Read as _, Write as _};
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let (mut to, mut from) = (child.stdin.take()?, child.stdout.take()?);
    let mut output = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || to.write_all(input));
        from.read_to_end(&mut output).expect("its output");
    });
    child.wait().expect("it ends").success().then_some(output)
}

#[test]
fn a_small_file_of_a_large_layer_needs_little_of_it() {
    let mut files = vec![(3, 9_000_000), (0, 9_000_000), (1, 5_000_000)];
    files.extend((0..200).map(|at| (at % 4, 30_000)));
    let tar = sample(&files);
    let gzip_6 = by("gzip", &["-6", "-n"], &tar).expect("this test needs gzip");
    let mut blobs = vec![gzip_6];
    blobs.extend(by("pigz", &["-p", "2"], &tar));
    for blob in blobs {
        let seen = Seen::of(blob, &tar, Spacing::default(), 256 << 10);
        let head = seen.points.to_bytes().len() as u64;
        assert!(head < 4096, "{head}");
        for (at, wanted) in seen.files().into_iter().enumerate() {
            let part = if at < 3 { wanted.slice(4_000_000, 4_010_000) } else { wanted };
            let range = seen.points.range(&part);
            assert!(range.end - range.start < 7 << 20, "{range:?}");
            assert!(seen.points.window(&part).end <= seen.windows.len() as u64);
            if at % 10 < 3 {
                seen.check(&part, 100_000);
            }
        }
        assert_eq!(STATE_EVERY, Spacing::default().states);
    }
}
