//! Blobs of new layers: the same everywhere, whatever the pieces, and readable by others.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use drydock::digest::{DiffId, Digest};
use drydock::layer::write::{
    Block, BuiltLayer, GivenLayer, GzipLevel, Inline, LayerWriter, MakeError, Method, PackedBlock,
    Packers,
};
use drydock::media_type::Compression;
use proptest::prelude::*;

use crate::layer_support::*;
use crate::write_support::now;

/// Bytes of the tar that are compressed by themselves.
const BLOCK: usize = 1 << 20;

/// Noise, text and runs by turns, the same each time.
fn sample(len: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = [
        "layer",
        "digest ",
        "manifest\n",
        "whiteout",
        " the ",
        "0000644\0",
        "/usr/lib/",
        "\x7fELF",
    ];
    let (mut bytes, mut state) = (Vec::with_capacity(len + 1000), 1u64);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    while bytes.len() < len {
        let random = next();
        match random % 23 {
            0 => bytes.extend((0..1 + random / 32 % 900).map(|_| next() as u8)),
            1 => bytes.resize(bytes.len() + (random / 32 % 2000) as usize, random as u8),
            2 if bytes.len() > 300 => {
                let from = (next() % (bytes.len() as u64 - 300)) as usize;
                bytes.extend_from_within(from..from + 20 + (random / 32 % 280) as usize);
            }
            _ => bytes.extend_from_slice(WORDS[(random / 32 % 8) as usize].as_bytes()),
        }
    }
    bytes.truncate(len);
    bytes
}

fn write(method: Method, tar: &[u8], chunk: usize) -> (BuiltLayer, Vec<u8>) {
    let (mut inline, mut blob) = (Inline::default(), Vec::new());
    let mut writer = LayerWriter::new(method, &mut inline);
    for chunk in tar.chunks(chunk.max(1)) {
        now(writer.push::<MakeError>(chunk, &mut blob)).expect("bytes that are taken");
    }
    assert_eq!(writer.uncompressed_size(), tar.len() as u64);
    let built = now(writer.finish::<MakeError>(&mut blob)).expect("a layer");
    assert_eq!(built.digest, Digest::sha256(&blob));
    assert_eq!(built.diff_id, DiffId(Digest::sha256(tar)));
    assert_eq!((built.size, built.uncompressed_size), (blob.len() as u64, tar.len() as u64));
    (built, blob)
}

fn gzip_at(level: u8) -> Method {
    Method::Gzip { level: level.try_into().expect("a level") }
}

fn methods() -> Vec<Method> {
    [Method::None, Method::Zstd].into_iter().chain((1..=9).map(gzip_at)).collect()
}

/// What a command makes of its standard input.
fn pipe(command: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs {command}: {error}"));
    let mut stdin = child.stdin.take().expect("standard input");
    let mut output = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.stdout.take().expect("standard output").read_to_end(&mut output).expect("output");
    });
    assert!(child.wait().expect("it ends").success(), "{command}");
    output
}

/// The same edits must give the same digests on every machine and in every browser. When this
/// fails after an update of a library, layers would be built anew under other digests.
#[test]
fn blobs_are_the_same_everywhere() {
    let tar = sample((3 << 20) + 12_345);
    assert_eq!(Digest::sha256(&tar).short(), "d75f5d37bd5c", "of what is compressed");
    let digests: Vec<String> = methods()
        .into_iter()
        .map(|method| {
            let (built, _) = write(method, &tar, 1 << 16);
            format!("{} {}", built.size, built.digest.short())
        })
        .collect();
    insta::assert_snapshot!(digests.join("\n"), @r"
    3158073 d75f5d37bd5c
    913314 19d52fb0460b
    1025094 8e41e954bda4
    977944 f93484a91eb7
    967096 1c3c1ff4ef4d
    954721 cf9ee60b4e57
    952492 03b0a0245e0d
    949863 e4fc6f0ce869
    950103 cfbf9019197e
    949576 a75861ecb9dd
    949935 3a87c8ca5f69
    ");
}

#[test]
fn others_read_what_is_written() {
    for len in [0, 1, 512, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + (32 << 10) + 1] {
        let tar = sample(len);
        for method in methods() {
            let (built, blob) = write(method, &tar, 100_000);
            let decoded = match built.compression {
                Compression::None => blob.clone(),
                Compression::Gzip => gunzip(&blob),
                Compression::Zstd => pipe("zstd", &["-dc"], &blob),
            };
            assert!(decoded == tar, "{method:?} {len}");
        }
    }
}

/// What a gzip blob holds, which must be one member: by gzip and by a reader that stops behind the
/// first one.
fn gunzip(blob: &[u8]) -> Vec<u8> {
    assert!(pipe("gzip", &["-t"], blob).is_empty());
    let mut decoded = Vec::new();
    let mut first = flate2::read::GzDecoder::new(blob);
    first.read_to_end(&mut decoded).expect("a gzip member");
    assert!(first.into_inner().is_empty(), "bytes behind the first member");
    assert!(pipe("zcat", &[], blob) == decoded);
    decoded
}

/// Content without any repeats, and with nothing else: blocks become larger than they were, or as
/// good as nothing.
#[test]
fn odd_content_survives_gzip() {
    let mut state = 1u64;
    let noise: Vec<u8> = (0..3 * BLOCK / 8 + 1)
        .flat_map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state ^ state >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd).to_le_bytes()
        })
        .collect();
    // What is found in the bytes before a block, and nowhere else.
    let again = [&noise[..BLOCK], &noise[BLOCK - (16 << 10)..BLOCK], &noise[..9]].concat();
    for level in 1..=9 {
        let (built, blob) = write(gzip_at(level), &noise, 1 << 18);
        assert!(gunzip(&blob) == noise, "{level}");
        // Level 1 of zlib-rs knows no stored blocks.
        let (more, most) = if level == 1 { (60, 70_000) } else { (1, 2_500) };
        let bound = noise.len() as u64 * (1000 + more) / 1000;
        assert!(built.size < bound, "{level}: {}", built.size);
        let (built, blob) = write(gzip_at(level), &again, again.len());
        assert!(gunzip(&blob) == again, "{level}");
        assert!(built.size < BLOCK as u64 + most, "{level}: {}", built.size);
        let zeros = vec![0; 2 * BLOCK];
        let (built, blob) = write(gzip_at(level), &zeros, 1 << 18);
        assert!(gunzip(&blob) == zeros, "{level}");
        assert!(built.size < 25_000, "{level}: {}", built.size);
    }
}

/// Packers that have so many blocks at once, of which any may be done next.
struct Several {
    room: usize,
    order: u64,
    given: Vec<Block>,
    /// Most blocks at once so far.
    most: usize,
    /// How many blocks are packed before one of them ends.
    left: usize,
}

impl Several {
    fn new(room: usize, order: u64) -> Self {
        Self { room, order, given: Vec::new(), most: 0, left: usize::MAX }
    }
}

impl Packers<MakeError> for Several {
    fn room(&self) -> usize {
        self.room
    }

    fn give(&mut self, block: Block) {
        // On its way to a worker it is data.
        let text = serde_json::to_string(&block).expect("JSON");
        let copy: Block = serde_json::from_str(&text).expect("a block");
        self.given.push(Block { bytes: block.bytes, ..copy });
        self.most = self.most.max(self.given.len());
    }

    async fn take(&mut self) -> Result<PackedBlock, MakeError> {
        self.left = self.left.checked_sub(1).ok_or(MakeError::Short)?;
        self.order = self.order.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(11);
        let at = (self.order >> 33) as usize % self.given.len();
        Ok(self.given.swap_remove(at).pack())
    }
}

/// The layer as packers make it, from chunks of these sizes by turns.
fn write_by<P: Packers<MakeError>>(
    packers: &mut P,
    method: Method,
    tar: &[u8],
    chunks: &[usize],
) -> Result<(BuiltLayer, Vec<u8>), MakeError> {
    let (mut writer, mut blob, mut piece) =
        (LayerWriter::new(method, packers), Vec::new(), Vec::new());
    let mut rest = tar;
    for chunk in chunks.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (head, tail) = rest.split_at(rest.len().min(*chunk));
        now(writer.push(head, &mut piece))?;
        blob.append(&mut piece);
        rest = tail;
    }
    let built = now(writer.finish(&mut piece))?;
    blob.append(&mut piece);
    Ok((built, blob))
}

#[test]
fn no_more_blocks_are_out_than_there_is_room_for() {
    let tar = sample(9 * BLOCK + 5);
    let expected = write(Method::Zstd, &tar, tar.len());
    for room in [0, 1, 2, 3, 8, 100] {
        let mut packers = Several::new(room, 7);
        assert_eq!(write_by(&mut packers, Method::Zstd, &tar, &[tar.len()]), Ok(expected.clone()));
        assert_eq!(packers.most, room.clamp(1, 10));
        assert!(packers.given.is_empty());
    }
}

#[test]
fn a_packer_that_ends_ends_the_work() {
    let tar = sample(4 * BLOCK);
    for left in 0..4 {
        let mut packers = Several { left, ..Several::new(2, 7) };
        assert_eq!(
            write_by(&mut packers, Method::GZIP, &tar, &[1 << 16]),
            Err(MakeError::Short),
            "{left}"
        );
    }
}

/// Content that asks the encoders for their longest repeats, and for none.
#[test]
fn odd_content_survives_zstd() {
    let noise: Vec<u8> = sample(400_000)
        .iter()
        .zip(sample(400_001)[1..].iter())
        .map(|(a, b)| a.wrapping_mul(31) ^ b)
        .collect();
    let mut contents =
        vec![vec![7; (1 << 20) + 9], noise[..300_000].to_vec(), noise[..1 << 17].repeat(3)];
    contents.push([&noise[..1 << 17], &noise[8..1 << 17], &noise[..9]].concat());
    // Blocks that repeat others with nothing between, or always the same byte.
    let strings = &noise[..1 << 17].iter().map(|byte| byte & 0x7f).collect::<Vec<_>>();
    let again = strings.chunks(100).rev().flat_map(|string| [b"\xff", string].concat());
    contents.push(strings.iter().copied().chain(again).collect());
    for period in [1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 65_537] {
        contents.push(noise[..period].iter().copied().cycle().take(200_000).collect());
    }
    for alphabet in [2, 3, 15, 16, 127, 128, 129, 250] {
        contents.push(noise[..150_000].iter().map(|byte| byte % alphabet).collect());
    }
    for content in contents {
        let (built, blob) = write(Method::Zstd, &content, content.len());
        assert!(pipe("zstd", &["-dc"], &blob) == content);
        assert!(built.size < content.len() as u64 + 1000, "{} of {}", built.size, content.len());
    }
}

#[test]
fn a_gzip_member_says_nothing_about_the_machine() {
    for (level, extra) in [(1, 4), (6, 0), (9, 2)] {
        let (_, blob) = write(gzip_at(level), b"tar", 9);
        assert_eq!(blob[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extra, 255]);
    }
    assert_eq!(
        GzipLevel::try_from(0).map_err(|error| error.to_string()).unwrap_err(),
        "0 is no level of gzip: expected 1 (fast) to 9 (small)"
    );
    assert!(GzipLevel::try_from(10).is_err());
}

#[test]
fn methods_survive_as_data() {
    for method in methods() {
        let text = serde_json::to_string(&method).expect("JSON");
        assert_eq!(serde_json::from_str::<Method>(&text).expect("a method"), method);
    }
    assert_eq!(
        serde_json::to_string(&Method::GZIP).expect("JSON"),
        r#"{"method":"gzip","level":6}"#
    );
    assert!(serde_json::from_str::<Method>(r#"{"method":"gzip","level":0}"#).is_err());
}

fn give(
    blob: &[u8],
    method: Method,
    chunk: usize,
) -> (drydock::layer::write::GivenSummary, Vec<u8>) {
    let (mut inline, mut written) = (Inline::default(), Vec::new());
    let mut given = GivenLayer::new("layer.tar", method, &mut inline);
    for chunk in blob.chunks(chunk.max(1)) {
        now(given.push::<MakeError>(chunk, &mut written)).expect("bytes that are taken");
    }
    (now(given.finish::<MakeError>(&mut written)).expect("what it is"), written)
}

#[test]
fn a_supplied_layer_keeps_its_bytes() {
    let tar = tar(&[dir("d"), file("d/a", vec![b'a'; 100_000])]);
    for blob in [gzip(&tar), zstd(&tar), [gzip(&tar[..1000]), gzip(&tar[1000..])].concat()] {
        let (summary, written) = give(&blob, Method::Zstd, 999);
        assert!(summary.kept && written.is_empty());
        let built = summary.layer.expect("a layer");
        assert_eq!((built.digest, built.size), (Digest::sha256(&blob), blob.len() as u64));
        assert_eq!(
            (built.diff_id.0, built.uncompressed_size),
            (Digest::sha256(&tar), tar.len() as u64)
        );
        assert_eq!(summary.index.len(), 2);
        assert_eq!(summary.findings, []);
    }
    let (summary, written) = give(&tar, Method::None, 999);
    let built = summary.layer.expect("a layer");
    assert!(summary.kept && written.is_empty());
    assert_eq!(built.compression, Compression::None);
    assert_eq!((&built.digest, built.size), (&built.diff_id.0, tar.len() as u64));
}

#[test]
fn a_supplied_plain_tar_is_compressed() {
    let tar = tar(&[dir("d"), file("d/a", vec![b'a'; 300_000])]);
    for method in [Method::GZIP, Method::Zstd] {
        let expected = write(method, &tar, tar.len());
        for chunk in [1, 5, 6, 7, 100_000, tar.len()] {
            let (summary, written) = give(&tar, method, chunk);
            assert!(!summary.kept);
            assert_eq!(summary.layer, Some(expected.0.clone()));
            assert!(written == expected.1, "{chunk}");
        }
    }
}

/// As `tar cf x.tar -T /dev/null` writes it, and tars of directories alone.
#[test]
fn tars_without_files_are_layers() {
    let empty = vec![0; 10_240];
    let directories = tar(&[dir("./"), dir("a"), dir("a/b")]);
    for tar in [&empty, &directories, &vec![0; 1024]] {
        let diff_id = DiffId(Digest::sha256(tar));
        for (given, method) in
            [(tar.clone(), Method::None), (tar.clone(), Method::GZIP), (gzip(tar), Method::GZIP)]
        {
            for chunk in [1, 511, given.len()] {
                let (summary, written) = give(&given, method, chunk);
                let layer = summary.layer.expect("a layer");
                assert_eq!((layer.diff_id, summary.findings), (diff_id.clone(), Vec::new()));
                let blob = if summary.kept { &given } else { &written };
                assert_eq!(layer.digest, Digest::sha256(blob));
            }
        }
    }
}

#[test]
fn what_is_no_layer_is_refused_and_says_why() {
    let tar = tar(&[file("a", vec![b'a'; 5000])]);
    let mut bad_sum = tar.clone();
    bad_sum[0] ^= 1;
    let compressed = gzip(&tar);
    for (blob, rule) in [
        (&b""[..], "layer.empty"),
        (b"short", "tar.truncated"),
        (&bad_sum, "tar.checksum"),
        (&tar[..3000], "tar.truncated"),
        (&compressed[..compressed.len() - 1], "gzip.truncated"),
        (b"\xfd7zXZ\0 and much more of it", "layer.compression"),
        (&b"plain text, and more than one block of it. ".repeat(20), "tar.checksum"),
    ] {
        for chunk in [1, 1000] {
            let (summary, _) = give(blob, Method::GZIP, chunk);
            assert_eq!(summary.layer, None, "{rule}");
            assert!(
                summary.findings.iter().any(|finding| finding.rule == rule),
                "{:?}",
                summary.findings
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neither_pieces_nor_packers_change_a_blob(
        len in 0usize..5 * BLOCK,
        chunks in prop::collection::vec(1usize..300_000, 1..8),
        method in prop::sample::select(methods()),
        order in any::<u64>(),
    ) {
        let tar = sample(len);
        let expected = write(method, &tar, len.max(1));
        prop_assert_eq!(read(&expected.1).diff_id, Some(DiffId(Digest::sha256(&tar))));
        for room in [1, 2, 3, 8] {
            let written = write_by(&mut Several::new(room, order), method, &tar, &chunks);
            prop_assert!(written.is_ok_and(|written| written == expected), "{} at once", room);
        }
    }
}
