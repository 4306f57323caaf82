//! Tables of contents that nobody should believe.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::layer::Kind;
use drydock::layer::content::Trust;
use drydock::layer::lazy::{LazyError, Lister, Promise, Toc};
use drydock::media_type::MediaType;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::layer_support::{file, gzip, tar, zstd};
use crate::lazy_support::{list, made, read};

/// An eStargz layer with one member for each payload, and where each of them begins.
pub(crate) fn estargz(payloads: &[&[u8]], table: impl Fn(&[usize]) -> String) -> Vec<u8> {
    let (mut blob, mut starts) = (gzip(&[0; 40_000]), Vec::new());
    // Long enough to be worth it.
    blob.extend((0..40_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8));
    for payload in payloads {
        starts.push(blob.len());
        blob.extend(gzip(payload));
    }
    let offset = blob.len();
    blob.extend(gzip(&tar(&[file("stargz.index.json", table(&starts))])));
    blob.extend(footer(&format!("{offset:016x}STARGZ")));
    blob
}

fn footer(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff];
    bytes.extend((text.len() as u16 + 4).to_le_bytes());
    bytes.extend(b"SG");
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

fn descriptor(blob: &[u8], media_type: &str) -> Descriptor {
    Descriptor::new(media_type, Digest::sha256(blob), blob.len() as u64)
}

fn listed(blob: &[u8]) -> Result<Toc, LazyError> {
    let lister = Lister::probing(&descriptor(blob, MediaType::LAYER_GZIP)).expect("a layer");
    list(lister, blob, usize::MAX).0
}

/// A table with these rows, of a layer with two members of 11 bytes.
fn rows(rows: impl Fn(&[usize]) -> Value) -> Result<Toc, LazyError> {
    let table = |starts: &[usize]| json!({"version": 1, "entries": rows(starts)}).to_string();
    listed(&estargz(&[b"hello world", b"HELLO WORLD"], table))
}

#[track_caller]
fn refused(toc: Result<Toc, LazyError>, expected: &str) {
    let message = toc.expect_err(expected).to_string();
    assert!(message.contains(expected), "{message}");
    assert!(message.ends_with("read the whole layer instead"), "{message}");
}

#[test]
fn files_that_share_a_member_are_told_apart() {
    let sum = |bytes: &[u8]| Digest::sha256(bytes).to_string();
    let toc = rows(|at| {
        json!([
            {"name": "d/", "type": "dir", "mode": 0o755},
            {"name": "d/a", "type": "reg", "size": 5, "offset": at[0], "chunkDigest": sum(b"hello")},
            {"name": "d/b", "type": "reg", "size": 6, "offset": at[0], "innerOffset": 5,
             "chunkDigest": sum(b" world")},
            {"name": "d/c", "type": "reg", "size": 11, "offset": at[1]},
            {"name": "d/e", "type": "reg"},
        ])
    })
    .expect("a table");
    let table = |starts: &[usize]| format!("{starts:?}");
    let blob = estargz(&[b"hello world", b"HELLO WORLD"], table);
    for (ordinal, content, worth) in [
        (1, &b"hello"[..], Trust::Promised),
        (2, b" world", Trust::Promised),
        (3, b"HELLO WORLD", Trust::None),
        (4, b"", Trust::None),
    ] {
        let reading = toc.reading(ordinal, 0..100).expect("a file");
        let (bytes, trust, _) = read(reading, &blob, content.len(), 3).expect("read");
        assert_eq!((&bytes[..], trust), (content, worth));
    }
    let reading = toc.reading(2, 1..4).expect("a file");
    let (bytes, trust, _) = read(reading, &blob, 6, 1).expect("read");
    assert_eq!((&bytes[..], trust), (&b"\0wor\0\0"[..], Trust::Promised));
    assert!(toc.reading(0, 0..1).is_none() && toc.reading(5, 0..1).is_none());
}

#[test]
fn numbers_that_contradict_each_other_are_refused() {
    let reg = |size: i64, more: Value| {
        let mut row = json!({"name": "a", "type": "reg", "size": size});
        for (key, value) in more.as_object().expect("an object") {
            row[key] = value.clone();
        }
        row
    };
    let at = 20_000;
    let cases = [
        (json!([reg(-1, json!({}))]), "a has a size of -1"),
        (json!([reg(5, json!({}))]), "nothing says where a lies"),
        (json!([reg(5, json!({"offset": -7}))]), "a has a part at -7"),
        (json!([reg(5, json!({"offset": i64::MAX}))]), "which are not its own"),
        (json!([reg(5, json!({"offset": at, "endOffset": i64::MAX}))]), "which are not its own"),
        (json!([reg(5, json!({"offset": at, "endOffset": 1}))]), "which are not its own"),
        (json!([reg(5, json!({"offset": at, "endOffset": -1}))]), "a ends at -1"),
        (json!([reg(5, json!({"offset": at, "chunkSize": 6}))]), "don't add up"),
        (json!([reg(5, json!({"offset": at, "chunkSize": 4}))]), "don't add up"),
        (json!([reg(5, json!({"offset": at, "chunkOffset": 1}))]), "don't add up"),
        (json!([reg(5, json!({"offset": at, "chunkSize": i64::MAX}))]), "don't add up"),
        (
            json!([
                reg(i64::MAX, json!({"offset": at, "innerOffset": i64::MAX})),
                {"name": "b", "type": "reg", "size": 1, "offset": at},
                {"name": "c", "type": "reg", "size": 1, "offset": at, "innerOffset": 1},
                {"name": "d", "type": "reg", "size": 2, "offset": at, "innerOffset": 1},
            ]),
            "two files lie in the same bytes",
        ),
        (
            json!([
                reg(5, json!({"offset": at, "chunkSize": 2})),
                {"name": "a", "type": "chunk", "offset": at + 1, "chunkOffset": 3},
            ]),
            "don't add up",
        ),
        (
            json!([
                reg(5, json!({"offset": at, "chunkSize": 2})),
                {"name": "b", "type": "chunk", "offset": at + 1, "chunkOffset": 2},
            ]),
            "a part of b follows a",
        ),
        (
            json!([
                reg(9, json!({"offset": at})),
                {"name": "a", "type": "chunk", "offset": at + 1, "chunkOffset": 4},
                {"name": "a", "type": "chunk", "offset": at + 2, "chunkOffset": 3},
            ]),
            "don't add up",
        ),
        (json!([{"name": "a", "type": "chunk", "offset": at}]), "a part of a follows no file"),
        (json!([reg(5, json!({"offset": at, "chunkType": "ones"}))]), "unknown type ones"),
        (json!([{"name": "a", "type": "socket"}]), "unknown type socket"),
        (json!([{"name": "a", "type": "dir", "modtime": "now"}]), "no valid time"),
        (json!([{"name": "a\u{0}b", "type": "dir"}]), "none that a tar has"),
        (json!([{"name": "a".repeat(70_000), "type": "dir"}]), "more than can be shown"),
        (json!([{"name": "a", "type": "dir", "xattrs": {"k": "!"}}]), "can't be read"),
        (json!([{"name": "a", "type": "dir", "uid": "0"}]), "is not JSON"),
        (json!([{"name": "a", "type": "dir", "uid": 1e3}]), "is not JSON"),
        (json!({"name": "a"}), "is not JSON"),
    ];
    for (table, expected) in cases {
        refused(rows(|_| table.clone()), expected);
    }
}

#[test]
fn tables_that_two_readers_see_differently_are_refused() {
    for (table, expected) in [
        (r#"{"version":1,"entries":[{"name":"a","name":"b","type":"dir"}]}"#, "stands twice"),
        (r#"{"version":1,"entries":[{"name":"a","Name":"b","type":"dir"}]}"#, "only in case"),
        (r#"{"version":1,"entries":[{"name":"a","type":"reg","ſize":4}]}"#, "only in case"),
        (r#"{"version":1,"entries":[],"entries":[]}"#, "stands twice"),
        (r#"{"version":1,"entries":[],"Entries":[]}"#, "only in case"),
        (
            r#"{"version":1,"entries":[{"type":"dir","xattrs":{"a":"","a":"eA=="}}]}"#,
            "stands twice",
        ),
        (r#"{"version":2,"entries":[]}"#, "its version is 2"),
        (r#"{"version":1}"#, "missing field"),
        (r#"{"version":1,"entries":[]} {}"#, "goes on behind its end"),
        ("[]", "is not JSON"),
        ("", "is not JSON"),
    ] {
        refused(listed(&estargz(&[], |_| table.to_owned())), expected);
    }
    let odd = r#"{"version":1,"more":{"a":1,"a":2},"entries":null}"#;
    assert!(listed(&estargz(&[], |_| odd.to_owned())).expect("a table").index().is_empty());
}

#[test]
fn owners_and_names_that_no_tar_has_are_listed_as_a_tar_is_read() {
    let toc = rows(|_| {
        json!([
            {"name": "a/", "type": "reg", "uid": -1, "gid": 4_294_967_296_i64, "mode": 0o100_777},
            {"name": "../x", "type": "char", "devMajor": -1, "devMinor": 7},
            {"name": "../x", "type": "symlink", "linkName": "/../.."},
            {"name": "l", "type": "hardlink", "linkName": "l"},
        ])
    })
    .expect("a table");
    let entries: Vec<_> = toc.index().entries().collect();
    let first = entries[0];
    assert_eq!((first.kind, first.uid, first.gid), (Kind::Directory, u32::MAX, u32::MAX));
    assert_eq!((first.mode, toc.index().device(1)), (0o777, Some((u32::MAX, 7))));
    assert_eq!(entries[3].link, b"l");
    let overlay = drydock::layer::Overlay::build(&[std::sync::Arc::clone(toc.index())]);
    // The root, a directory, and the last of what is called `x`: a link to itself is none.
    assert_eq!(overlay.walk().count(), 3);
}

#[test]
fn footers_that_lead_elsewhere_are_told() {
    let external = |blob: &mut Vec<u8>| blob.extend(footer("STARGZEXTERNALTOC"));
    let at = |offset: u64| {
        move |blob: &mut Vec<u8>| blob.extend(footer(&format!("{offset:016x}STARGZ")))
    };
    let mut blob = vec![7; 50_000];
    external(&mut blob);
    assert_eq!(listed(&blob), Err(LazyError::Elsewhere));
    for offset in [0, 50_000, 60_000, u64::MAX] {
        let mut blob = vec![7; 50_000];
        at(offset)(&mut blob);
        refused(listed(&blob), "it lies outside of the layer");
    }
    let mut blob = vec![7; 50_000];
    at(100)(&mut blob);
    refused(listed(&blob), "it is not compressed with gzip");
    let mut blob = gzip(&[7; 50_000]);
    blob.resize(50_000, 0);
    assert_eq!(listed(&blob), Err(LazyError::NoTable));
    // A layer can't have a table that is larger than any that is read.
    let huge = Descriptor { size: 1 << 40, ..descriptor(b"", MediaType::LAYER_GZIP) };
    let mut lister = Lister::probing(&huge).expect("a layer");
    let answer = [&[0; 21][..], &footer(&format!("{:016x}STARGZ", 5))].concat();
    let error = lister.push(&answer).expect_err("too large");
    assert!(matches!(error, LazyError::TooLarge { .. }), "{error}");
}

#[test]
fn positions_outside_of_a_zstd_layer_are_refused() {
    let blob = vec![0; 50_000];
    for position in ["49999:2:5:1", "50000:1:5:1", "18446744073709551615:9:5:1", "5:0:5:1"] {
        let mut layer = descriptor(&blob, MediaType::LAYER_ZSTD);
        let key = "io.github.containers.zstd-chunked.manifest-position".to_owned();
        layer.annotations.insert(key, position.to_owned());
        assert!(Lister::of(&layer).is_none(), "{position}");
    }
    let table = zstd(br#"{"version":1,"entries":[]}"#);
    for (unpacked, expected) in [(26, None), (25, Some("it has 26 bytes, expected 25"))] {
        let mut blob = vec![0; 50_000];
        blob.extend(&table);
        blob.extend([0x50, 0x2a, 0x4d, 0x18, 64, 0, 0, 0]);
        for number in [50_000, table.len() as u64, unpacked, 1, 0, 0, 0] {
            blob.extend(number.to_le_bytes());
        }
        blob.extend(b"GNUlInUx");
        let lister = Lister::probing(&descriptor(&blob, MediaType::LAYER_ZSTD)).expect("a layer");
        let (toc, asked) = list(lister, &blob, usize::MAX);
        assert_eq!(asked.len(), 2);
        match expected {
            None => assert_eq!(toc.expect("a table").promise(), Promise::Claimed),
            Some(expected) => refused(toc, expected),
        }
    }
}

#[test]
fn a_table_that_unpacks_to_more_than_is_read_is_given_up() {
    let mut blob = vec![7; 50_000];
    blob.extend(gzip(&vec![0; 16 << 20]).repeat(20));
    blob.extend(footer(&format!("{:016x}STARGZ", 50_000)));
    let error = listed(&blob).expect_err("too large");
    let most = 256 << 20;
    assert!(
        matches!(error, LazyError::TooLarge { most: m, found } if m == most && found <= most + (1 << 20)),
        "{error}"
    );
}

/// The zTOC after a change, as the one that is promised.
fn changed(change: impl Fn(&mut Vec<u8>)) -> Result<Toc, LazyError> {
    let [.., soci] = made();
    let mut ztoc = soci.table().to_vec();
    change(&mut ztoc);
    let descriptor = descriptor(&ztoc, "application/octet-stream");
    let lister = Lister::soci(&descriptor, &soci.descriptor, Promise::Manifest).expect("small");
    list(lister, &ztoc, usize::MAX).0
}

#[test]
fn ztocs_that_are_cut_off_or_lead_outside_are_refused() {
    for len in (0..10_000).step_by(7).chain([74_000]) {
        assert!(changed(|ztoc| ztoc.truncate(len)).is_err(), "{len}");
    }
    refused(changed(|ztoc| ztoc[..4].copy_from_slice(&[0; 4])), "an offset leads outside of it");
    let most = 64 << 20;
    let large = Descriptor { size: most + 1, ..descriptor(b"", "x/y") };
    let [.., soci] = made();
    let refused = Lister::soci(&large, &soci.descriptor, Promise::Manifest);
    assert_eq!(refused.expect_err("large"), LazyError::TooLarge { most, found: most + 1 });
}

/// Looks at everything that a table gives.
fn look(toc: &Toc, layer: &[u8]) {
    assert!(!toc.index().has_offsets());
    let overlay = drydock::layer::Overlay::build(&[std::sync::Arc::clone(toc.index())]);
    let _ = overlay.walk().take(1000).count();
    for entry in toc.index().entries().take(50) {
        let end = entry.size.min(1 << 20);
        if let Some(mut reading) = toc.reading(entry.ordinal, 0..end) {
            while let Some(range) = reading.ask() {
                assert!(range.start < range.end && range.end <= layer.len() as u64, "{range:?}");
                let answer = &layer[range.start as usize..range.end as usize];
                let checked =
                    &mut |offset: u64, run: &[u8]| assert!(offset + run.len() as u64 <= end);
                if reading.push(answer, checked).is_err() {
                    break;
                }
            }
        }
    }
    assert_eq!(Toc::from_bytes(&toc.to_bytes()).as_ref(), Ok(toc));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_ztoc_leads_outside_of_the_layer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        everywhere in any::<bool>(),
    ) {
        let [.., soci] = made();
        let toc = changed(|ztoc| {
            for (at, byte) in &changes {
                // Most of it are windows, in which no change matters.
                let len = if everywhere { ztoc.len() } else { 9000 };
                let at = at.index(len);
                ztoc[at] = *byte;
            }
        });
        if let Ok(toc) = toc {
            look(&toc, soci.layer);
        }
    }

    #[test]
    fn no_change_of_a_row_leads_outside_of_the_layer(
        row in any::<prop::sample::Index>(), key in 0usize..7, number in prop_oneof![
            any::<i64>(), 0i64..80_000, Just(0), Just(i64::MAX)
        ],
    ) {
        let [estargz, ..] = made();
        let key = [
            "size", "offset", "endOffset", "chunkOffset", "chunkSize", "innerOffset", "uid",
        ][key];
        let (blob, toc) = with_row(estargz.layer, row, key, number);
        if let Ok(toc) = toc {
            look(&toc, &blob);
        }
    }
}

/// A layer of the tools with another number in one row of its table.
fn with_row(
    layer: &[u8],
    row: prop::sample::Index,
    key: &str,
    number: i64,
) -> (Vec<u8>, Result<Toc, LazyError>) {
    const TABLE: usize = 75_154;
    let (_, tar) = crate::lazy_support::whole(&layer[TABLE..]);
    let end = tar.iter().rposition(|byte| *byte != 0).expect("a table");
    let mut table: Value = serde_json::from_slice(&tar[512..=end]).expect("JSON");
    let entries = table["entries"].as_array_mut().expect("rows");
    let at = row.index(entries.len());
    entries[at][key] = json!(number);
    let mut blob = layer[..TABLE].to_vec();
    blob.extend(gzip(&crate::layer_support::tar(&[file("stargz.index.json", table.to_string())])));
    blob.extend(footer(&format!("{TABLE:016x}STARGZ")));
    let toc = listed(&blob);
    (blob, toc)
}
