//! Spans of blobs, decoded by themselves.

// What was asked for may be one range.
#![allow(clippy::single_range_in_vec_init)]

use drydock::digest::{Digest, Hasher, States};
use drydock::layer::content::{Trust, Wanted};
use drydock::layer::partial::{Check, Decode, ReadError, Reading, Run, Span};
use drydock::limits;

use crate::layer_support::*;

fn text(len: usize) -> Vec<u8> {
    (0..).flat_map(|at: u32| format!("line {}\n", at * at).into_bytes()).take(len).collect()
}

/// What comes of a reading whose questions are answered in pieces, and the questions.
struct Came {
    bytes: Vec<u8>,
    trust: Trust,
    asked: Vec<std::ops::Range<u64>>,
}

fn read_all(blob: &[u8], spans: &[Span], wanted: &Wanted, piece: usize) -> Result<Came, ReadError> {
    let mut reading = Reading::new(spans.to_vec(), wanted.clone());
    let (mut bytes, mut asked) = (Vec::new(), Vec::new());
    while let Some(range) = reading.ask() {
        asked.push(range.clone());
        for piece in blob[range.start as usize..range.end as usize].chunks(piece) {
            reading.push(piece, &mut |offset, run| {
                bytes.resize(offset as usize, 0);
                bytes.extend_from_slice(run);
            })?;
        }
    }
    Ok(Came { bytes, trust: reading.trust(), asked })
}

fn span(blob: std::ops::Range<u64>, decode: Decode, offset: u64, len: u64, check: Check) -> Span {
    Span { blob, decode, skip: 0, offset, len, check }
}

/// A file in chunks, as formats with a table of contents have them.
fn chunks(
    file: &[u8],
    len: usize,
    decode: &Decode,
    pack: impl Fn(&[u8]) -> Vec<u8>,
) -> (Vec<u8>, Vec<Span>) {
    let (mut blob, mut spans) = (b"something before".to_vec(), Vec::new());
    for (at, chunk) in file.chunks(len).enumerate() {
        let start = blob.len() as u64;
        blob.extend(pack(chunk));
        spans.push(span(
            start..blob.len() as u64,
            decode.clone(),
            (at * len) as u64,
            chunk.len() as u64,
            Check::Content(Digest::sha256(chunk)),
        ));
    }
    blob.extend_from_slice(b"something behind");
    (blob, spans)
}

/// How something is packed, and by what.
type Pack<'a> = (Decode, &'a dyn Fn(&[u8]) -> Vec<u8>);

#[test]
fn chunks_that_touch_are_asked_for_at_once() {
    let file = text(100_000);
    let wanted = Wanted::stream(100_000);
    let members = |data: &[u8]| data.chunks(999).map(gzip).collect::<Vec<_>>().concat();
    let packs: [Pack<'_>; 4] = [
        (Decode::Plain, &<[u8]>::to_vec),
        (Decode::Gzip, &gzip),
        (Decode::Gzip, &members),
        (Decode::Zstd, &zstd),
    ];
    for (decode, pack) in packs {
        let (blob, mut spans) = chunks(&file, 9000, &decode, pack);
        for piece in [1, 1000, usize::MAX] {
            let came = read_all(&blob, &spans, &wanted, piece).expect("read");
            assert!(came.bytes == file);
            assert_eq!(came.trust, Trust::Promised);
            assert_eq!(came.asked, [16..blob.len() as u64 - 16]);
        }
        // A part needs only its chunks; those of another place are asked for by themselves.
        let part = wanted.clone().slice(20_000, 30_000);
        let came = read_all(&blob, &spans[2..4], &part, 777).expect("read");
        assert!(came.bytes[20_000..] == file[20_000..30_000]);
        assert_eq!(came.asked, [spans[2].blob.start..spans[3].blob.end]);
        assert_eq!(came.trust, Trust::Promised);
        let apart = [spans[0].clone(), spans[2].clone()];
        assert_eq!(read_all(&blob, &apart, &part, 777).expect("read").asked.len(), 2);

        // Wrong bytes are noticed, wherever they are.
        let mut other = blob.clone();
        other[spans[5].blob.start as usize + 20] ^= 1;
        assert!(read_all(&other, &spans, &wanted, 1000).is_err());
        spans[1].len += 1;
        let at = spans[1].blob.start;
        let error = read_all(&blob, &spans, &wanted, 1000).map(|came| came.trust);
        assert_eq!(error, Err(ReadError::Short { at, missing: 1 }));
        // Nothing that is compared is worth nothing.
        spans[1].len -= 1;
        spans[1].check = Check::None;
        assert_eq!(read_all(&blob, &spans, &wanted, 1000).expect("read").trust, Trust::None);
    }
}

#[test]
fn after_a_mismatch_nothing_more_is_read() {
    let (blob, mut spans) = chunks(&text(3000), 1000, &Decode::Gzip, gzip);
    spans[1].check = Check::Content(Digest::sha256(b"something else"));
    let mut reading = Reading::new(spans.clone(), Wanted::stream(3000));
    let range = reading.ask().expect("a range");
    let answer = &blob[range.start as usize..range.end as usize];
    let at = spans[1].blob.start;
    assert_eq!(reading.push(answer, &mut |_, _| {}), Err(ReadError::Mismatch { at }));
    assert_eq!(reading.ask(), None);
    assert_eq!(reading.push(answer, &mut |_, _| panic!("nothing comes")), Ok(()));
    assert_eq!(reading.trust(), Trust::Mismatch);
}

#[test]
fn compressed_bytes_may_be_what_is_promised() {
    let file = text(50_000);
    let blob = gzip(&file);
    let size = blob.len() as u64;
    let part = Wanted::stream(50_000).slice(0, 100);
    let check = Check::Compressed(Digest::sha256(&blob));
    let spans = [span(0..size, Decode::Gzip, 0, 100, check)];
    let came = read_all(&blob, &spans, &part, 1000).expect("read");
    assert_eq!((came.bytes, came.trust), (file[..100].to_vec(), Trust::Promised));
    let mut other = blob.clone();
    other[blob.len() - 1] ^= 1;
    let error = read_all(&other, &spans, &part, 1000).map(|came| came.trust);
    assert_eq!(error, Err(ReadError::Mismatch { at: 0 }), "all of them are compared");
}

#[test]
fn holes_are_left_out() {
    let blob = b"abcdef".to_vec();
    let abc = || Check::Content(Digest::sha256(b"abc"));
    let spans = [
        span(0..3, Decode::Plain, 0, 3, abc()),
        span(0..0, Decode::Zeros, 3, 1 << 60, Check::None),
        span(0..3, Decode::Plain, 3 + (1 << 60), 3, abc()),
        span(9..9, Decode::Zeros, 6 + (1 << 60), 10, Check::None),
    ];
    let wanted = Wanted::stream(16 + (1 << 60));
    let mut reading = Reading::new(spans.to_vec(), wanted);
    let mut given = Vec::new();
    while let Some(range) = reading.ask() {
        let answer = &blob[range.start as usize..range.end as usize];
        reading.push(answer, &mut |at, run| given.push((at, run.to_vec()))).expect("read");
    }
    assert_eq!(given, [(0, b"abc".to_vec()), (3 + (1 << 60), b"abc".to_vec())]);
    assert!(reading.is_whole());
    assert_eq!(reading.trust(), Trust::Promised);

    let hole = span(0..0, Decode::Zeros, 0, 5, Check::None);
    let reading = Reading::new(vec![hole], Wanted::stream(5));
    assert_eq!(reading.ask(), None);
    assert_eq!(reading.trust(), Trust::None, "nothing was compared");
    let reading = Reading::new(Vec::new(), Wanted::stream(5));
    assert!(!reading.is_whole());
    assert_eq!((reading.ask(), reading.trust()), (None, Trust::None));
}

#[test]
fn long_spans_are_asked_for_in_parts() {
    let most = limits::RANGE_BYTES;
    let size = most * 2 + 5;
    let file = vec![7; size as usize];
    let check = Check::Content(Digest::sha256(&file));
    let spans = [span(0..size, Decode::Plain, 0, size, check)];
    let came = read_all(&file, &spans, &Wanted::stream(size), 1 << 20).expect("read");
    assert_eq!(came.asked, [0..most, most..most * 2, most * 2..size]);
    assert!(came.bytes == file);
    // What was asked for and not given is asked for again.
    let mut reading = Reading::new(spans.to_vec(), Wanted::stream(size));
    reading.push(&file[..10], &mut |_, _| {}).expect("read");
    assert_eq!(reading.ask(), Some(10..most));
}

/// A gzip member, and where blocks begin in it: the byte of the blob, how many bits of that belong to
/// what is before, and how many bytes came out until there.
fn blocks(data: &[u8], piece: usize) -> (Vec<u8>, Vec<(u64, u8, u64)>) {
    let mut deflate = zlib_rs::Deflate::new(6, false, 15);
    let mut out = vec![0; data.len() * 2 + 1000];
    let (mut at, mut places) = (0, Vec::new());
    for piece in data.chunks(piece) {
        let made = deflate.total_out() as usize;
        let flush = zlib_rs::DeflateFlush::PartialFlush;
        deflate.compress(piece, &mut out[made..], flush).expect("compresses");
        at += piece.len() as u64;
        places.push((deflate.total_out(), at));
    }
    let made = deflate.total_out() as usize;
    deflate.compress(&[], &mut out[made..], zlib_rs::DeflateFlush::Finish).expect("compresses");
    out.truncate(deflate.total_out() as usize);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let sum = crc32fast::hash(data).to_le_bytes();
    let blob = [&head, &*out, &sum, &(data.len() as u32).to_le_bytes()].concat();
    // Bits of the next byte may have been held back; how many is known by trying.
    let places = places.iter().filter_map(|(end, at)| {
        let start = 10 + end;
        let bits = (0..8).find(|bits| {
            let rest = &data[*at as usize..];
            let span = inside(&blob, start, *bits, data, *at, rest);
            let wanted = Wanted::stream(data.len() as u64).slice(*at, data.len() as u64);
            !rest.is_empty() && read_all(&blob, &[span], &wanted, usize::MAX).is_ok()
        })?;
        Some(if bits == 0 { (start - 1, 8, *at) } else { (start, bits, *at) })
    });
    let places = places.collect();
    (blob, places)
}

fn inside(blob: &[u8], start: u64, bits: u8, data: &[u8], at: u64, expected: &[u8]) -> Span {
    let window = data[(at as usize).saturating_sub(32 << 10)..at as usize].to_vec();
    let check = Check::Content(Digest::sha256(expected));
    let decode = Decode::Deflate { bits: Some(bits), window };
    span(start..blob.len() as u64, decode, at, expected.len() as u64, check)
}

#[test]
fn blocks_begin_at_every_bit() {
    let data = text(200_000);
    let (blob, places) = blocks(&data, 1234);
    assert!(places.len() > 150, "{}", places.len());
    let mut seen: Vec<u8> = places.iter().map(|place| place.1).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (1..=8).collect::<Vec<_>>());
    let size = data.len() as u64;
    for (start, bits, at) in places.into_iter().step_by(5) {
        for piece in [1, 100, usize::MAX] {
            let len = (size - at).min(3000) as usize;
            let expected = &data[at as usize..][..len];
            let mut span = inside(&blob, start, bits, &data, at, expected);
            let wanted = Wanted::stream(size).slice(at, at + len as u64);
            let came = read_all(&blob, std::slice::from_ref(&span), &wanted, piece).expect("read");
            assert!(came.bytes[at as usize..] == *expected);
            // Whole bytes belong to the block, or to what is before, and so may be given or not.
            if bits == 8 {
                span.blob.start += 1;
                if let Decode::Deflate { bits, .. } = &mut span.decode {
                    *bits = Some(0);
                }
                assert!(read_all(&blob, std::slice::from_ref(&span), &wanted, piece).is_ok());
                span.blob.start -= 1;
            }
            if let Decode::Deflate { bits, .. } = &mut span.decode {
                *bits = None;
            }
            assert!(read_all(&blob, &[span], &wanted, piece).is_ok());
        }
    }
}

#[test]
fn spans_that_share_a_byte_are_asked_for_at_once() {
    let data = text(60_000);
    let (blob, places) = blocks(&data, 5000);
    let places: Vec<_> = places.into_iter().filter(|place| place.1 < 8).collect();
    assert!(places.len() > 3);
    let ends = places.iter().skip(1).map(|place| (place.0 + 1, place.2));
    let spans: Vec<Span> = places
        .iter()
        .zip(ends)
        .map(|(place, (end, to))| {
            let expected = &data[place.2 as usize..to as usize];
            let mut span = inside(&blob, place.0, place.1, &data, place.2, expected);
            span.blob.end = end;
            span
        })
        .collect();
    let (from, to) = (places[0].2, spans.last().map_or(0, |last| last.offset + last.len));
    let wanted = Wanted::stream(data.len() as u64).slice(from, to);
    for piece in [1, 7, usize::MAX] {
        let came = read_all(&blob, &spans, &wanted, piece).expect("read");
        assert!(came.bytes[from as usize..] == data[from as usize..to as usize]);
        assert_eq!(came.asked.len(), 1);
        assert_eq!(came.trust, Trust::Promised);
    }
}

#[test]
fn states_vouch_only_for_what_is_behind_the_first_one() {
    let data = text(10_000);
    let mut hasher = Hasher::recording(Default::default(), 1024);
    hasher.update(&data);
    let states: States = hasher.finish_with_states().states.expect("states");
    let end = Digest::sha256(&data);
    let run = Run::of(&states, 2048, 4096, None).expect("states");
    assert_eq!(Run::of(&states, 2048, 4000, None), None, "no state stands there");
    assert_eq!(Run::of(&states, 2000, 4096, None), None);
    assert_eq!(Run::of(&states, 2048, 2048, None), None);
    assert_eq!(Run::of(&states, 2048, 20_480, None), None);
    let spans = |from: u64, to: u64, run: Run| {
        vec![span(from..to, Decode::Plain, from, to - from, Check::States(run))]
    };
    let size = data.len() as u64;
    let wanted = |from, to| Wanted::stream(size).slice(from, to);
    let came = |from, to, run: &Run, part: &Wanted| {
        read_all(&data, &spans(from, to, run.clone()), part, 100)
            .map(|came| (came.bytes.len(), came.trust))
    };
    assert_eq!(came(1000, 4096, &run, &wanted(2048, 3000)), Ok((3000, Trust::Recorded)));
    // Nothing vouches for what is before it, so that is not given out.
    assert_eq!(came(1000, 4096, &run, &wanted(2000, 2040)), Ok((0, Trust::None)));
    // What ends too early, goes on too long or begins too late can't be compared.
    let mismatch = |at| Err(ReadError::Mismatch { at });
    assert_eq!(came(1000, 3000, &run, &wanted(2048, 3000)), mismatch(1000));
    assert_eq!(came(1000, 5120, &run, &wanted(2048, 3000)), mismatch(1000));
    assert_eq!(came(2049, 4096, &run, &wanted(2500, 3000)), mismatch(2049));
    let run = Run::of(&states, 2048, size, Some(&end)).expect("states");
    assert_eq!(came(2048, size, &run, &wanted(9000, size)), Ok((10_000, Trust::Recorded)));
    let run = Run::of(&states, 2048, size, Some(&Digest::sha256(b""))).expect("states");
    assert_eq!(came(2048, size, &run, &wanted(9000, size)), mismatch(2048));
}
