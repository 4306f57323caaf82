//! Compression: cases D1 to D9.

use drydock::digest::{Algorithm, Digest, Hashed, Hasher};
use drydock::finding::Severity;
use drydock::layer::{LayerReader, LayerSummary, ReadOptions, Sink};
use drydock::media_type::{Compression, MediaType};
use proptest::prelude::*;

use crate::layer_support::*;

fn sample() -> Vec<u8> {
    let noise: Vec<u8> =
        (0..40_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    tar(&[
        dir("etc/"),
        file("etc/os-release", "ID=debian\n"),
        file("noise", &noise),
        file("zeros", vec![0; 400_000]),
    ])
}

/// What must hold of every blob whose tar is `tar`.
fn assert_whole(blob: &[u8], tar: &[u8]) -> LayerSummary {
    let summary = read(blob);
    assert_eq!(rules(&summary), [""; 0], "{:?}", summary.findings);
    assert!(summary.complete);
    assert_eq!(summary.digest, Digest::sha256(blob));
    assert_eq!(summary.diff_id.as_ref().map(|id| &id.0), Some(&Digest::sha256(tar)));
    assert_eq!((summary.size, summary.uncompressed_size), (blob.len() as u64, tar.len() as u64));
    summary
}

/// What must hold of every blob that can't be decoded.
fn assert_broken(blob: &[u8], rule: &str) -> LayerSummary {
    let summary = read(blob);
    assert!(!summary.complete, "{rule}");
    let finding = summary.findings.iter().find(|finding| finding.rule == rule);
    let finding = finding.unwrap_or_else(|| panic!("{rule} in {:?}", summary.findings));
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(summary.digest, Digest::sha256(blob), "the digest is over all bytes");
    assert_eq!(summary.size, blob.len() as u64);
    summary
}

#[test]
fn d1_d2_bombs_run_through_in_constant_memory() {
    let zeros = vec![0u8; 64 << 20];
    let blob = gzip(&zeros);
    assert!(blob.len() < 100_000);
    let summary = assert_whole(&blob, &zeros);
    assert_eq!(summary.index.map(|index| index.len()), Some(0));
}

#[test]
fn d3_every_gzip_member_counts() {
    let tar = sample();
    let pieces: Vec<Vec<u8>> = tar.chunks(7_000).map(gzip).collect();
    let summary = assert_whole(&pieces.concat(), &tar);
    assert_eq!(summary.members, pieces.len() as u64);
    let with_empty = [gzip(&[]), gzip(&tar), gzip(&[])].concat();
    assert_eq!(assert_whole(&with_empty, &tar).members, 3);
    let bytes = tar.iter().take(10_000).map(|byte| gzip(&[*byte])).collect::<Vec<_>>().concat();
    let rest = gzip(&tar[10_000..]);
    assert_eq!(assert_whole(&[bytes, rest].concat(), &tar).members, 10_001);
}

#[test]
fn d4_gzip_header_fields() {
    let tar = sample();
    let crc16 = |flags: u8, fields: &[u8]| {
        let header = [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255], fields].concat();
        crc32fast::hash(&header).to_le_bytes()[..2].to_vec()
    };
    let long_name = [vec![b'n'; 1 << 20], vec![0]].concat();
    for (flags, fields) in [
        (4, vec![3, 0, 1, 2, 3]),
        (4, vec![0, 0]),
        (8, b"layer.tar\0".to_vec()),
        (16, b"comment\0".to_vec()),
        (8, long_name),
        (1, vec![]),
        (2, crc16(2, &[])),
        (30, {
            let fields = b"\x02\x00ab\x6e\x00c\x00".to_vec();
            let crc = crc16(30, &fields);
            [fields, crc].concat()
        }),
    ] {
        assert_whole(&member(flags, &fields, &tar), &tar);
    }
    let summary = read(&member(2, &[0, 0], &tar));
    assert_eq!(rules(&summary), ["gzip.header-crc"]);
    assert_broken(&member(0x20, &[], &tar), "gzip.header");
    assert_broken(&member(8, &[vec![b'n'; 3 << 20], vec![0]].concat(), &tar), "gzip.header");
    let mut method = gzip(&tar);
    method[2] = 7;
    assert_broken(&method, "gzip.header");
}

#[test]
fn d4_what_stands_behind_the_last_member() {
    let tar = sample();
    let blob = gzip(&tar);
    let zeros = read(&[&blob[..], &[0; 700]].concat());
    assert!(zeros.complete);
    assert_eq!(rules(&zeros), ["gzip.trailing-zeros"]);
    assert_eq!(zeros.findings[0].severity, Severity::Warning);
    for garbage in
        [&b"garbage"[..], b"\x1f", b"\x1fgarbage", b"\0\0\0x", b"PK\x03\x04 and more than ten"]
    {
        let summary = assert_broken(&[&blob[..], garbage].concat(), "gzip.trailing-garbage");
        assert_eq!(rules(&summary), ["gzip.trailing-garbage"], "{garbage:?}");
        assert!(summary.findings[0].message.contains(&format!("offset {}", blob.len())));
        assert_eq!(summary.diff_id.map(|id| id.0), Some(Digest::sha256(&tar)), "the tar is whole");
    }
    let second = gzip(b"more");
    for len in 2..second.len() {
        assert_broken(&[&blob[..], &second[..len]].concat(), "gzip.truncated");
    }
}

#[test]
fn d4_checksum_and_size_of_a_member() {
    let tar = sample();
    let blob = gzip(&tar);
    let mut crc = blob.clone();
    crc[blob.len() - 8] ^= 1;
    assert_eq!(rules(&read(&crc)), ["gzip.crc"]);
    let mut size = blob.clone();
    size[blob.len() - 1] ^= 1;
    assert_eq!(rules(&read(&size)), ["gzip.size"]);
    let mut data = blob;
    data[20..60].fill(0xff);
    assert_broken(&data, "gzip.data");
}

#[test]
fn d5_a_gzip_layer_cut_at_any_byte() {
    let blob = gzip(&sample()[..3_000]);
    for len in 2..blob.len() {
        let summary = read(&blob[..len]);
        assert!(!summary.complete, "{len}");
        assert!(
            summary.findings.iter().any(|finding| finding.severity == Severity::Error),
            "{len}"
        );
        assert_eq!(summary.diff_id, None, "{len}");
    }
}

#[test]
fn d5_a_zstd_layer_cut_at_any_byte() {
    let blob = zstd(&sample()[..3_000]);
    for len in 4..blob.len() {
        let summary = assert_broken(&blob[..len], "zstd.truncated");
        assert_eq!(summary.diff_id, None, "{len}");
    }
}

fn skippable(number: u8, content: &[u8]) -> Vec<u8> {
    [&[0x50 + number, 0x2a, 0x4d, 0x18], &(content.len() as u32).to_le_bytes()[..], content]
        .concat()
}

#[test]
fn d6_zstd_frames() {
    let tar = sample();
    assert_eq!(assert_whole(&zstd(&tar), &tar).compression, Some(Compression::Zstd));
    let (first, second) = tar.split_at(20_000);
    for blob in [
        [zstd(first), zstd(second)].concat(),
        [
            skippable(0, b"first"),
            zstd(first),
            skippable(15, b""),
            zstd(second),
            skippable(1, &[7; 300]),
        ]
        .concat(),
        [zstd(first), zstd(&[]), zstd(second)].concat(),
    ] {
        assert_whole(&blob, &tar);
    }
    let raw_block = |last: bool, data: &[u8]| {
        let header = (data.len() as u32) << 3 | u32::from(last);
        [&header.to_le_bytes()[..3], data].concat()
    };
    let frame =
        |descriptor: &[u8], blocks: &[u8]| [b"\x28\xb5\x2f\xfd", descriptor, blocks].concat();
    let hello = raw_block(true, b"hello");
    let hash = |text: &[u8]| {
        let mut decoded = ruzstd::decoding::FrameDecoder::new();
        let blob = frame(&[0b100, 0], &[raw_block(true, text), vec![0; 4]].concat());
        decoded.init(&blob[..]).expect("a frame");
        let rest = &blob[6..];
        decoded.decode_blocks(rest, ruzstd::decoding::BlockDecodingStrategy::All).expect("blocks");
        decoded.collect();
        decoded.get_calculated_checksum().expect("a checksum").to_le_bytes()
    };
    let checked = [hello.clone(), hash(b"hello").to_vec()].concat();
    assert_eq!(read(&frame(&[0b100, 0], &checked)).uncompressed_size, 5);
    for (blob, expected) in [
        (frame(&[0b100, 0], &checked), ""),
        (frame(&[0b100, 0], &[hello.clone(), vec![1, 2, 3, 4]].concat()), "zstd.checksum"),
        (frame(&[0b10_0000, 5], &hello), ""),
        (frame(&[0b10_0000, 6], &hello), "zstd.content-size"),
        (frame(&[0b1000, 0], &hello), "zstd.header"),
        (frame(&[0b1, 0, 9], &hello), "zstd.dictionary"),
        (frame(&[0, 17 << 3], &hello), ""),
        (frame(&[0, 17 << 3 | 1], &hello), "zstd.window"),
        (frame(&[0, 0xff], &hello), "zstd.window"),
        (frame(&[0b1110_0000, 0, 0, 0, 0, 0, 4, 0, 0], &hello), "zstd.window"),
        (frame(&[0, 0], b"\x07\x00\x00"), "zstd.data"),
        (frame(&[0, 0], b"\xfd\xff\xff"), "zstd.data"),
        ([frame(&[0, 0], &hello), b"garbage".to_vec()].concat(), "zstd.trailing-garbage"),
    ] {
        let summary = read(&blob);
        let found: Vec<String> =
            rules(&summary).into_iter().filter(|rule| rule.starts_with("zstd")).collect();
        assert_eq!(found.join(" "), expected, "{blob:x?}");
        assert_eq!(summary.digest, Digest::sha256(&blob));
    }
}

#[test]
fn d6_a_zstd_bomb_of_one_repeated_byte() {
    let block = [(128u32 << 10 << 3 | 2).to_le_bytes()[..3].to_vec(), vec![0]].concat();
    let last = [(8u32 << 3 | 3).to_le_bytes()[..3].to_vec(), vec![0]].concat();
    let blob = [b"\x28\xb5\x2f\xfd\0\x38".to_vec(), block.repeat(800), last].concat();
    assert_whole(&blob, &vec![0; (128 << 10) * 800 + 8]);
}

#[test]
fn d7_the_magic_decides_and_a_wrong_media_type_is_said() {
    let tar = sample();
    let blobs = [
        (tar.clone(), Compression::None, MediaType::LAYER),
        (gzip(&tar), Compression::Gzip, MediaType::LAYER_GZIP),
        (zstd(&tar), Compression::Zstd, MediaType::LAYER_ZSTD),
    ];
    for (blob, compression, own) in &blobs {
        for (_, _, claimed) in &blobs {
            let options =
                ReadOptions { media_type: Some(MediaType::new(claimed)), ..ReadOptions::default() };
            let summary = read_with(blob, options, usize::MAX);
            assert!(summary.complete);
            assert_eq!(summary.compression, Some(*compression));
            let expected: &[&str] = if claimed == own { &[] } else { &["layer.media-type"] };
            assert_eq!(rules(&summary), expected);
        }
    }
    for magic in
        [&b"\xfd7zXZ\0 and so on"[..], b"BZh91AY&SY and so on", b"\x04\x22\x4d\x18 and so on"]
    {
        assert_broken(magic, "layer.compression");
    }
}

#[test]
fn d9_empty_layers() {
    let summary = read(&[]);
    assert_eq!(
        summary.digest.as_str(),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(rules(&summary), ["tar.no-end"]);
    let options = ReadOptions {
        media_type: Some(MediaType::new(MediaType::LAYER_GZIP)),
        ..ReadOptions::default()
    };
    assert_eq!(rules(&read_with(&[], options, 1)), ["layer.media-type", "tar.no-end"]);
    let canonical = read(&[0; 1024]);
    assert_eq!(
        canonical.diff_id.map(|id| id.to_string()).as_deref(),
        Some("sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")
    );
    assert!(canonical.complete);
    assert_eq!(canonical.findings, []);
    for len in 1..6 {
        assert_eq!(read(&vec![b'x'; len]).size, len as u64);
    }
}

#[test]
fn the_diff_id_may_be_another_algorithm_or_left_out() {
    use drydock::digest::Algorithm::Sha512;
    let tar = sample();
    for blob in [tar.clone(), gzip(&tar)] {
        let options = ReadOptions { diff_id: Some(Sha512), ..ReadOptions::default() };
        let summary = read_with(&blob, options, 1000);
        assert_eq!(summary.diff_id.map(|id| id.0), Some(Digest::of(Sha512, &tar)));
        let options = ReadOptions { diff_id: None, digest: Sha512, ..ReadOptions::default() };
        let summary = read_with(&blob, options, 1000);
        assert_eq!((summary.diff_id, summary.digest), (None, Digest::of(Sha512, &blob)));
    }
}

/// Takes a tar and computes its digest, by itself when it is asked to.
struct Tar {
    bytes: Vec<u8>,
    hasher: Hasher,
    /// Bytes that it has room for, of which so many are taken.
    room: usize,
    taken: usize,
}

impl Sink for Tar {
    fn tar(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.taken += bytes.len();
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn hashed(&mut self) -> Option<Hashed> {
        Some(self.hasher.clone().finish_with_states())
    }

    fn is_full(&self) -> bool {
        self.taken >= self.room
    }
}

/// Everything that a reader says, in one text; also when it has room for little and another computes
/// the digest of the tar.
fn outcome(blob: &[u8], sizes: &[usize], room: Option<usize>) -> String {
    let hasher = Hasher::new(Algorithm::Sha256);
    let mut sink = Tar { bytes: Vec::new(), hasher, room: room.unwrap_or(usize::MAX), taken: 0 };
    let options = ReadOptions {
        tar: true,
        apart: room.is_some(),
        file_digests: true,
        ..ReadOptions::default()
    };
    let mut reader = LayerReader::new(options);
    let (mut rest, mut turn) = (blob, 0);
    while !rest.is_empty() {
        let (mut chunk, left) = rest.split_at(sizes[turn % sizes.len()].clamp(1, rest.len()));
        while !chunk.is_empty() || reader.holds() {
            sink.taken = 0;
            let count = reader.push_while_room(chunk, &mut sink);
            assert!(count > 0 || sink.taken > 0, "it goes on");
            chunk = &chunk[count..];
        }
        (rest, turn) = (left, turn + 1);
    }
    sink.room = usize::MAX;
    let summary = reader.finish(&mut sink);
    if let Some(diff_id) = &summary.diff_id {
        assert_eq!(diff_id.0, Digest::sha256(&sink.bytes));
    }
    format!("{} {summary:?}", Digest::sha256(&sink.bytes))
}

#[test]
fn a_reader_takes_no_more_than_there_is_room_for() {
    let blob = gzip(&vec![b'x'; 4 << 20]);
    let hasher = Hasher::new(Algorithm::Sha256);
    let mut sink = Tar { bytes: Vec::new(), hasher, room: 1, taken: 0 };
    let mut reader = LayerReader::new(ReadOptions { tar: true, ..ReadOptions::default() });
    let (mut rest, mut turns) = (&*blob, 0);
    while !rest.is_empty() || reader.holds() {
        sink.taken = 0;
        let count = reader.push_while_room(rest, &mut sink);
        assert!(sink.taken <= 128 << 10, "{} bytes at once", sink.taken);
        (rest, turns) = (&rest[count..], turns + 1);
    }
    assert!(turns >= 32, "{turns}");
    assert_eq!(reader.finish(&mut sink).uncompressed_size, 4 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn borders_of_chunks_change_nothing(
        kind in 0..5,
        sizes in prop::collection::vec(prop_oneof![Just(1usize), 1usize..700, 1usize..200_000], 1..6),
        flip in prop::option::of((any::<prop::sample::Index>(), 1u8..)),
        cut in prop::option::of(any::<prop::sample::Index>()),
        room in 1usize..300_000,
    ) {
        let tar = sample();
        let mut blob = match kind {
            0 => tar,
            1 => gzip(&tar),
            2 => tar.chunks(9_000).map(gzip).collect::<Vec<_>>().concat(),
            3 => zstd(&tar),
            _ => [skippable(3, b"x"), zstd(&tar[..30_000]), zstd(&tar[30_000..])].concat(),
        };
        if let Some((at, bits)) = flip {
            let at = at.index(blob.len());
            blob[at] ^= bits;
        }
        if let Some(at) = cut {
            blob.truncate(at.index(blob.len()));
        }
        let whole = outcome(&blob, &[usize::MAX], None);
        prop_assert_eq!(&outcome(&blob, &sizes, None), &whole);
        prop_assert_eq!(&outcome(&blob, &[1], None), &whole);
        prop_assert_eq!(&outcome(&blob, &sizes, Some(room)), &whole);
    }
}
