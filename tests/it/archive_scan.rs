//! Where the files of a tar lie, without reading the tar.

use std::collections::BTreeMap;

use bytes::Bytes;
use drydock::archive::{Error, Files, Scan, Sniffed, UnpackError, Unpacker, scan, sniff};
use drydock::media_type::Compression;
use proptest::prelude::*;

use crate::archive_support::{Disk, contents, rules, scanned, tarred};
use crate::layer_support::{
    self as support, Head, dir, file, gzip, hardlink, long, member, pax, symlink, zstd,
};
use crate::registry_script::run;

fn names(tar: &[u8]) -> Vec<String> {
    let (files, disk) = scanned(tar.to_vec());
    let files = files.expect("a tar");
    contents(&files, &disk)
        .into_iter()
        .map(|(path, bytes)| format!("{path}={}", String::from_utf8_lossy(&bytes)))
        .collect()
}

fn found(parts: &[Vec<u8>]) -> (Vec<String>, Vec<String>) {
    let tar = support::tar(parts);
    let (files, _) = scanned(tar.clone());
    (names(&tar), rules(files.expect("a tar").findings()))
}

#[test]
fn every_way_to_write_a_name() {
    let deep = format!("{}/layer.tar", "d".repeat(64));
    let longer = format!("{}/{}", "blobs/sha512", "a".repeat(128));
    let (names, rules) = found(&[
        dir("blobs/"),
        file("./index.json", "a"),
        pax(&[("path", longer.as_bytes())]),
        file("blobs/short", "b"),
        long(b'L', deep.as_bytes()),
        file("dddd", "c"),
        file("blobs//sha256/./x", "d"),
    ]);
    let expected = [
        "blobs/sha256/x=d".to_owned(),
        format!("{longer}=b"),
        format!("{deep}=c"),
        "index.json=a".to_owned(),
    ];
    assert_eq!(names, expected);
    assert_eq!(rules, Vec::<String>::new());
}

#[test]
fn links_of_docker_save_lead_to_their_files() {
    let (names, rules) = found(&[
        file("a/layer.tar", "layer"),
        symlink("b/layer.tar", "../a/layer.tar"),
        symlink("c/layer.tar", "../b/layer.tar"),
        hardlink("d/layer.tar", "a/layer.tar"),
        hardlink("e/layer.tar", "./c/layer.tar"),
    ]);
    let all: Vec<String> =
        ["a", "b", "c", "d", "e"].map(|id| format!("{id}/layer.tar=layer")).into();
    assert_eq!(names, all);
    assert_eq!(rules, Vec::<String>::new());
}

#[test]
fn hostile_names_and_links_are_left_out() {
    let rows: [(&str, Vec<u8>, &str); 12] = [
        ("absolute", file("/index.json", "x"), "archive.path"),
        ("up", file("../index.json", "x"), "archive.path"),
        ("up inside", file("a/../../index.json", "x"), "archive.path"),
        ("up and back", file("a/../index.json", "x"), "archive.path"),
        ("not UTF-8", file(b"\xff\xfe", "x"), "archive.path"),
        ("only dots", file("./.", "x"), "archive.path"),
        ("link up", symlink("a/l", "../../etc/passwd"), "archive.link"),
        ("absolute link", symlink("a/l", "/etc/passwd"), "archive.link"),
        ("link to nothing", symlink("a/l", "b"), "archive.link"),
        ("link to itself", symlink("a/l", "l"), "archive.link"),
        ("hardlink up", hardlink("a/l", "../x"), "archive.link"),
        ("hardlink to nothing", hardlink("a/l", "x"), "archive.link"),
    ];
    for (what, entry, rule) in rows {
        let (names, rules) = found(&[entry, file("good", "g")]);
        assert_eq!(names, ["good=g"], "{what}");
        assert!(rules.contains(&rule.to_owned()), "{what}: {rules:?}");
    }
    let circle = found(&[symlink("a", "b"), symlink("b", "c"), symlink("c", "a")]);
    assert_eq!(circle.0, Vec::<String>::new());
}

#[test]
fn of_two_files_with_one_name_the_last_counts() {
    let (names, rules) = found(&[file("index.json", "old"), file("./index.json", "new")]);
    assert_eq!(names, ["index.json=new"]);
    assert_eq!(rules, ["archive.duplicate-path"]);
    let (files, _) =
        scanned(support::tar(&[file("blobs/sha256/a", "x"), file("blobs/sha256/a", "x")]));
    let severities: Vec<_> =
        files.expect("a tar").findings().iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [drydock::finding::Severity::Warning], "a blob is what its digest says");
    let (names, _) = found(&[file("a", "old"), file("b", "b"), symlink("a", "b")]);
    assert_eq!(names, ["a=b", "b=b"]);
}

#[test]
fn files_with_holes_are_not_read_in_place() {
    let sparse: &[(&str, &[u8])] = &[
        ("GNU.sparse.major", b"0"),
        ("GNU.sparse.minor", b"1"),
        ("GNU.sparse.realsize", b"5000"),
        ("GNU.sparse.numblocks", b"1"),
        ("GNU.sparse.map", b"0,3"),
    ];
    let (names, rules) = found(&[pax(sparse), file("layer.tar", "abc"), file("good", "g")]);
    assert_eq!(names, ["good=g"]);
    assert!(rules.contains(&"archive.sparse".to_owned()), "{rules:?}");
}

#[test]
fn what_is_no_tar_is_said_to_be_none() {
    let no_tar = |bytes: Vec<u8>| matches!(scanned(bytes).0, Err(Error::NotATar));
    assert!(no_tar(Vec::new()));
    assert!(no_tar(b"PK\x03\x04 this is a zip".to_vec()));
    assert!(no_tar(vec![b'x'; 2000]));
    assert!(no_tar(gzip(&support::tar(&[file("a", "b")]))));
    assert_eq!(names(&[0; 1024]), Vec::<String>::new(), "an empty tar is one");
}

#[test]
fn a_tar_that_is_cut_off_gives_what_is_whole_and_says_so() {
    let parts =
        [file("a", "1".repeat(600)), pax(&[("path", b"bb")]), file("b", "22"), file("c", "3")];
    let whole = support::tar(&parts);
    for cut in 0..whole.len() {
        let (files, disk) = scanned(whole[..cut].to_vec());
        let Ok(files) = files else {
            assert!(cut < 512, "cut at {cut}");
            continue;
        };
        let found = contents(&files, &disk);
        let expected = [("a", 1112, 600), ("bb", 3074, 2), ("c", 4097, 1)];
        for (name, end, len) in expected {
            let content = found.get(name).map(Bytes::len);
            assert_eq!(content, (cut >= end).then_some(len), "{name} of a tar cut at {cut}");
        }
        let rules = rules(files.findings());
        assert!(
            cut >= whole.len() - 1024 || rules.iter().any(|rule| rule.starts_with("tar.")),
            "cut at {cut}: {rules:?}"
        );
    }
}

/// A tar of two layers of 3 GiB, of which only the headers and the lists are stored.
#[test]
fn a_tar_of_gigabytes_is_scanned_by_its_headers() {
    let layer = 3 << 30;
    let head = |name: &str| Bytes::from(Head::new(name, b'0').size(layer).done());
    let list = Bytes::from(file("manifest.json", "[]"));
    let second = 512 + layer;
    let last = second + 512 + layer;
    let size = last + 1024 + 1024;
    let disk = Disk::new()
        .sparse(size, vec![(0, head("a/layer.tar")), (second, head("b/layer.tar")), (last, list)]);
    let files = run(scan(&disk, 0, size)).expect("a tar");
    let found: Vec<_> = files.iter().map(|(path, place)| (path, place.range.clone())).collect();
    assert_eq!(
        found,
        [
            ("a/layer.tar", 512..second),
            ("b/layer.tar", second + 512..last),
            ("manifest.json", last + 512..last + 514)
        ]
    );
    assert!(disk.read.get() <= 3 * (8 << 10), "{} bytes were read", disk.read.get());
    assert_eq!(disk.reads.get(), 3);
}

#[test]
fn a_tar_of_too_many_entries_is_given_up() {
    struct Endless(Vec<u8>);
    impl drydock::archive::ReadAt for Endless {
        async fn read(
            &self,
            _: usize,
            range: std::ops::Range<u64>,
        ) -> Result<Bytes, drydock::archive::ReadError> {
            Ok(self.0.repeat(((range.end - range.start) / 512) as usize).into())
        }
    }
    let result = run(scan(&Endless(Head::new("a", b'0').done()), 0, 1 << 40));
    assert_eq!(result, Err(Error::TooManyEntries));
}

#[test]
fn folders_are_lists_of_paths() {
    let list = [("x/oci-layout", 3), ("x/blobs/sha256/a", 7), ("x/../up", 1)];
    let files = Files::folder(list.map(|(path, size)| (path.to_owned(), size))).expect("files");
    let found: Vec<_> = files.iter().map(|(path, place)| (path, place.file, place.len())).collect();
    assert_eq!(found, [("x/blobs/sha256/a", 1, 7), ("x/oci-layout", 0, 3)]);
    assert_eq!(rules(files.findings()), ["archive.path"]);
}

#[test]
fn the_first_bytes_say_what_a_file_is() {
    let tar = support::tar(&[file("index.json", "{}")]);
    let rows: [(&str, Vec<u8>, Sniffed); 9] = [
        ("tar", tar.clone(), Sniffed::Tar),
        ("v7 tar", Head::new("a", b'0').v7().done(), Sniffed::Tar),
        ("empty tar", vec![0; 1024], Sniffed::Tar),
        ("gzip", gzip(&tar), Sniffed::Packed(Compression::Gzip)),
        ("zstd", zstd(&tar), Sniffed::Packed(Compression::Zstd)),
        ("xz", b"\xfd7zXZ\0\0\x04".to_vec(), Sniffed::Unsupported("xz")),
        ("bzip2", b"BZh91AY&SY".to_vec(), Sniffed::Unsupported("bzip2")),
        ("zip", b"PK\x03\x04".repeat(200), Sniffed::Unknown),
        ("nothing", Vec::new(), Sniffed::Unknown),
    ];
    for (what, bytes, expected) in rows {
        assert_eq!(sniff(&bytes[..bytes.len().min(512)]), expected, "{what}");
    }
}

fn unpack(packed: &[u8], piece: usize, limit: u64) -> Result<(Vec<u8>, Vec<String>), UnpackError> {
    let (mut unpacker, mut out) = (Unpacker::new(limit), Vec::new());
    for piece in packed.chunks(piece.max(1)) {
        unpacker.push(piece, |bytes| out.extend_from_slice(bytes))?;
    }
    let unpacked = unpacker.finish(|bytes| out.extend_from_slice(bytes))?;
    assert_eq!(unpacked.size, out.len() as u64);
    Ok((out, rules(&unpacked.findings)))
}

#[test]
fn packed_archives_come_out_whole_or_not_at_all() {
    let tar = support::tar(&[file("index.json", "x".repeat(5000))]);
    let half = tar.len() / 2;
    let members = [member(0, &[], &tar[..half]), member(0, &[], &tar[half..])].concat();
    for packed in [gzip(&tar), zstd(&tar), members, tar.clone()] {
        for piece in [1, 7, 4096] {
            let (out, rules) = unpack(&packed, piece, 1 << 20).expect("whole");
            assert_eq!((out == tar, rules), (true, Vec::new()), "in pieces of {piece}");
        }
    }
    let garbage = [gzip(&tar), b"garbage".repeat(3)].concat();
    for piece in [1, 10, 4096] {
        let (out, rules) = unpack(&garbage, piece, 1 << 20).expect("the tar is whole");
        assert_eq!((out == tar, rules), (true, vec!["gzip.trailing-garbage".to_owned()]));
    }
    for packed in [gzip(&tar), zstd(&tar)] {
        let cut = unpack(&packed[..packed.len() - 5], 100, 1 << 20);
        let message = cut.expect_err("cut off").to_string();
        assert!(message.contains("a part is missing"), "{message}");
        let bomb = unpack(&packed, 100, tar.len() as u64 - 1);
        assert_eq!(bomb, Err(UnpackError::TooLarge(tar.len() as u64 - 1)));
        assert!(unpack(&packed, 100, tar.len() as u64).is_ok());
    }
}

fn any_files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = "[a-z]{1,8}(/[a-z0-9]{1,70}){0,3}";
    proptest::collection::vec((name, proptest::collection::vec(any::<u8>(), 0..3000)), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn where_pieces_end_changes_nothing(files in any_files(), pieces in proptest::collection::vec(1usize..6000, 1..20)) {
        let list: Vec<(&str, Bytes)> =
            files.iter().map(|(path, bytes)| (path.as_str(), Bytes::from(bytes.clone()))).collect();
        let tar = tarred(&list);
        let last: BTreeMap<String, Bytes> =
            list.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.clone())).collect();
        let mut pieces = pieces.into_iter().cycle();
        let mut scan = Scan::new(0, tar.len() as u64);
        while let Some(range) = scan.want() {
            prop_assert_eq!(scan.want(), Some(range.clone()));
            let start = range.start as usize;
            let len = pieces.next().expect("a piece").min(tar.len() - start);
            scan.supply(&tar[start..start + len]);
        }
        let pieced = scan.finish().expect("a tar");
        let (whole, disk) = scanned(tar);
        let whole = whole.expect("a tar");
        prop_assert_eq!(&pieced, &whole);
        prop_assert_eq!(contents(&whole, &disk), last);
    }

    #[test]
    fn bytes_that_are_changed_never_panic(at in proptest::collection::vec((0usize..9000, any::<u8>()), 1..8)) {
        let mut tar = support::tar(&[
            file("index.json", "x".repeat(700)),
            pax(&[("path", b"blobs/sha256/a"), ("size", b"3")]),
            file("b", "abc"),
            symlink("c", "b"),
            long(b'L', b"long"),
            file("d", "d"),
        ]);
        for (at, byte) in at {
            let len = tar.len();
            tar[at % len] = byte;
        }
        let (files, disk) = scanned(tar);
        if let Ok(files) = files {
            contents(&files, &disk);
        }
    }
}
