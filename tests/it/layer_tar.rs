//! Tars: cases T1 to T20 (T8 is in `layer_sparse`; T9's numbers and T6's records have tests beside
//! their code).

use drydock::finding::Severity;
use drydock::layer::{Kind, Overlay, ReadOptions};
use std::sync::Arc;

use crate::layer_support::*;

/// Content that looks like an entry of its own.
fn smuggled() -> Vec<u8> {
    file("smuggled", "x")
}

#[test]
fn t1_the_size_of_a_pax_header_counts() {
    let body = smuggled();
    let size = body.len().to_string();
    let entry = |ustar: u64| [Head::new("a", b'0').size(ustar).done(), body.clone()].concat();
    case(&[pax(&[("size", size.as_bytes())]), entry(body.len() as u64)], &["a file 1024"], &[]);
    for ustar in [0, 512, 5] {
        case(
            &[pax(&[("size", size.as_bytes())]), entry(ustar), file("b", "")],
            &["a file 1024", "b file 0"],
            &["tar.size-conflict"],
        );
    }
    case(&[pax(&[("size", b"7"), ("size", size.as_bytes())]), entry(1024)], &["a file 1024"], &[]);
    case(&[pax(&[("size", b"")]), entry(1024)], &["a file 1024"], &[]);
    for bad in [&b"-5"[..], b"+5", b"0x5", b"5 ", b"1000000000000000000000000000000"] {
        let summary =
            case(&[file("a", ""), pax(&[("size", bad)]), entry(0)], &["a file 0"], &["tar.size"]);
        assert!(!summary.complete);
    }
}

#[test]
fn t1_a_pax_size_does_not_change_another_extension() {
    let size = b"1024";
    case(
        &[
            pax(&[("size", size)]),
            long(b'L', b"long"),
            Head::new("a", b'0').size(1024).done(),
            smuggled(),
        ],
        &["long file 1024"],
        &[],
    );
}

#[test]
fn t2_names_from_two_kinds_of_extension() {
    for parts in [
        [pax(&[("path", b"pax")]), long(b'L', b"gnu")],
        [long(b'L', b"gnu"), pax(&[("path", b"pax")])],
    ] {
        case(&[parts.concat(), file("a", "")], &["gnu file 0"], &["tar.name-conflict"]);
    }
    case(&[pax(&[("path", b"one"), ("path", b"two")]), file("a", "")], &["two file 0"], &[]);
    let summary = case(
        &[pax(&[("linkpath", b"pax")]), long(b'K', b"gnu"), symlink("a", "ustar")],
        &["a symlink 0"],
        &["tar.name-conflict"],
    );
    assert_eq!(summary.index.expect("index").entry(0).expect("entry").link, b"gnu");
}

#[test]
fn t3_long_names() {
    let name = [b"dir/".to_vec(), vec![b'n'; 300]].concat();
    let text = String::from_utf8(name.clone()).expect("ASCII");
    let line = format!("{text} file 2");
    case(&[long(b'L', &name), file("dir/nnn", "hi")], &[&line], &[]);
    case(&[pax(&[("path", &name)]), file("dir/nnn", "hi")], &[&line], &[]);
    case(&[long(b'L', b"cut\0here"), file("a", "")], &["cut file 0"], &["tar.long-name"]);
    case(
        &[long(b'L', &vec![b'n'; 65_535]), file("a", "")],
        &[&format!("{} file 0", "n".repeat(65_535))],
        &[],
    );
    case(
        &[long(b'L', &vec![b'n'; 65_536]), file("a", "")],
        &["a file 0"],
        &["tar.extension-too-large"],
    );
    case(
        &[long(b'L', &vec![b'n'; 4 << 20]), file("a", "")],
        &["a file 0"],
        &["tar.extension-too-large"],
    );
    case(
        &[pax(&[("path", &vec![b'n'; 70_000])]), file("a", "")],
        &["a file 0"],
        &["tar.name-too-long"],
    );
}

#[test]
fn t4_extensions_without_an_entry() {
    for extension in [pax(&[("path", b"x")]), long(b'L', b"x"), long(b'K', b"x")] {
        case(&[file("a", ""), extension.clone()], &["a file 0"], &["tar.dangling-extension"]);
        raw_case(
            &[file("a", ""), extension.clone()].concat(),
            &["a file 0"],
            &["tar.dangling-extension", "tar.no-end"],
        );
        let bytes = [file("a", ""), extension, vec![0; 512], file("b", ""), vec![0; 1024]].concat();
        raw_case(
            &bytes,
            &["a file 0"],
            &["tar.dangling-extension", "tar.data-after-end", "tar.lone-zero-block"],
        );
    }
}

#[test]
fn t5_stacked_and_global_headers() {
    case(
        &[pax(&[("path", b"one"), ("uid", b"7")]), pax(&[("path", b"two")]), file("a", "")],
        &["two file 0"],
        &["tar.stacked-extension"],
    );
    case(
        &[long(b'L', b"one"), long(b'L', b"two"), file("a", "")],
        &["two file 0"],
        &["tar.stacked-extension"],
    );
    let global = |records: &[u8]| pax_of(b'g', records);
    let summary = case(
        &[
            global(&record("uid", b"7")),
            file("a", ""),
            pax(&[("uid", b"8")]),
            file("b", ""),
            pax(&[("uid", b"")]),
            file("c", ""),
        ],
        &["a file 0", "b file 0", "c file 0"],
        &["tar.global-header"],
    );
    let index = summary.index.expect("index");
    assert_eq!(index.entries().map(|entry| entry.uid).collect::<Vec<_>>(), [7, 8, 0]);
    assert_eq!(summary.findings[0].severity, Severity::Warning);
    let summary = case(
        &[global(&record("path", b"same")), file("a", ""), file("b", "")],
        &["same file 0", "same file 0"],
        &["tar.global-header"],
    );
    assert_eq!(summary.findings[0].severity, Severity::Error);
    case(
        &[global(&record("comment", &vec![b'c'; 1 << 20])), file("a", "")],
        &["a file 0"],
        &["tar.global-header"],
    );
    case(
        &[global(&record("comment", &vec![b'c'; 3 << 20])), file("a", "")],
        &["a file 0"],
        &["tar.extension-too-large"],
    );
}

#[test]
fn t6_pax_records_that_break_the_grammar() {
    for body in [&b"99 path=x\n"[..], b"9 path=xy", b"7 =path\n", b"path", b"\0\0\0"] {
        case(&[pax_of(b'x', body), file("a", "")], &["a file 0"], &["tar.pax-record"]);
    }
    case(&[pax(&[("path", b"x\0y")]), file("a", "")], &["a file 0"], &["tar.pax-value"]);
    let summary = case(
        &[pax(&[("path", b"\xe9t\xe9")]), file("a", "")],
        &["\\xe9t\\xe9 file 0"],
        &["tar.pax-not-utf8"],
    );
    assert_eq!(summary.findings[0].severity, Severity::Warning);
    let body = [record("hdrcharset", b"BINARY"), record("path", b"\xe9")].concat();
    case(&[pax_of(b'x', &body), file("a", "")], &["\\xe9 file 0"], &[]);
}

#[test]
fn t7_extensions_in_headers_of_another_kind() {
    let body = record("path", b"x");
    let wrong = ["tar.extension-format"];
    case(&[Head::new("h", b'X').with(&body), file("a", "")], &["x file 0"], &[]);
    case(&[Head::new("h", b'X').gnu().with(&body), file("a", "")], &["x file 0"], &wrong);
    case(&[Head::new("h", b'x').gnu().with(&body), file("a", "")], &["x file 0"], &wrong);
    case(&[Head::new("h", b'x').v7().with(&body), file("a", "")], &["x file 0"], &wrong);
    case(&[Head::new("h", b'L').v7().with(b"long\0"), file("a", "")], &["long file 0"], &wrong);
    let no_version = Head::new("a", b'0').raw(263, &[0, 0]).done();
    case(&[no_version], &["a file 0"], &["tar.version"]);
}

#[test]
fn t9_sizes_that_do_not_fit() {
    let base256 = |bytes: &[u8]| Head::new("a", b'0').raw(124, bytes);
    let big = base256(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]).done();
    raw_case(&big, &["a file 8589934592"], &["tar.truncated"]);
    let largest = base256(&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).done();
    raw_case(&largest, &["a file 9223372036854775807"], &["tar.truncated"]);
    for bad in [
        &[0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0][..],
        &[0xff; 12],
        b"00000000089\0",
        b"-0000000001\0",
        b"99999999999\0",
    ] {
        let parts = [file("first", ""), base256(bad).done(), file("b", "")];
        let summary = case(&parts, &["first file 0"], &["tar.size"]);
        assert!(!summary.complete);
    }
    let spaces = Head::new("a", b'0').raw(124, b"      10 \0 \0").done();
    case(&[spaces, padded(b"12345678")], &["a file 8"], &[]);
    let mode = Head::new("a", b'0').raw(100, b"rw-r--r-").done();
    case(&[mode, file("b", "")], &["a file 0", "b file 0"], &["tar.number"]);
}

#[test]
fn t10_checksums_and_the_end_marker() {
    let mut bad = file("b", "");
    bad[148..156].copy_from_slice(b"0000001\0");
    let summary =
        case(&[file("a", ""), bad.clone(), file("c", "")], &["a file 0"], &["tar.checksum"]);
    assert!(!summary.complete);
    bad[148..156].fill(0);
    case(&[file("a", ""), bad], &["a file 0"], &["tar.checksum"]);
    let name = [0xffu8; 10];
    let mut signed = Head::new(name, b'0').done();
    let unsigned = u32::from_str_radix(std::str::from_utf8(&signed[148..154]).expect("digits"), 8);
    let sum = unsigned.expect("a number") - 10 * 256;
    signed[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
    case(&[signed], &[&format!("{} file 0", "\\xff".repeat(10))], &["tar.signed-checksum"]);
    let lone = [file("a", ""), vec![0; 512], file("b", ""), vec![0; 1024]].concat();
    raw_case(&lone, &["a file 0"], &["tar.data-after-end", "tar.lone-zero-block"]);
}

#[test]
fn t11_endings() {
    raw_case(&file("a", "x"), &["a file 1"], &["tar.no-end"]);
    raw_case(&[file("a", "x"), vec![0; 512]].concat(), &["a file 1"], &["tar.no-end"]);
    let whole = file("a", "content");
    assert!(raw_case(&whole[..512 + 7], &["a file 7"], &["tar.no-end"]).complete);
    assert!(!raw_case(&whole[..512 + 6], &["a file 7"], &["tar.truncated"]).complete);
    assert!(!raw_case(&whole[..500], &[], &["tar.truncated"]).complete);
    assert!(
        !raw_case(&[file("a", ""), vec![0; 700]].concat(), &["a file 0"], &["tar.truncated"])
            .complete
    );
    raw_case(&[tar(&[file("a", "")]), vec![0; 9000]].concat(), &["a file 0"], &[]);
}

#[test]
fn t12_what_stands_behind_the_end() {
    let two = [tar(&[file("a", "")]), tar(&[file("b", "")])].concat();
    let summary = raw_case(&two, &["a file 0"], &["tar.data-after-end"]);
    assert!(summary.complete);
    assert!(summary.findings[0].message.contains("1536 bytes"), "{:?}", summary.findings);
}

#[test]
fn t13_t14_spellings_of_one_path() {
    let parts: Vec<Vec<u8>> = ["a", "./a", "/a", "a/.", "x/../a", "../a", ".//a"]
        .map(|name| file(name, ""))
        .into_iter()
        .collect();
    let merged = overlay(&[&parts]);
    assert_eq!(tree(&merged), ["a file 1"]);
    assert_eq!(overlay_rules(&merged), ["layer.duplicate-path"]);
    assert_eq!(merged.findings().len(), 6);
    assert_eq!(
        tree(&overlay(&[&[dir("a/"), file("a//b", ""), file("a/./b", "")]])),
        ["a dir 1", "a/b file 1"]
    );
    let root = overlay(&[&[Head::new("./", b'5').mode(0o700).done(), dir("/"), file("x", "")]]);
    assert_eq!(tree(&root), ["x file 1"]);
    assert_eq!(overlay_rules(&overlay(&[&[symlink("/", "x")]])), ["layer.root"]);
    assert_eq!(overlay_rules(&overlay(&[&[file("a/..", "")]])), ["layer.root"]);
}

#[test]
fn t15_names_are_bytes() {
    let names: [&[u8]; 12] = [
        b"C:\\x",
        b"\\x",
        b"..\\..\\x",
        b"trail ",
        b"dot.",
        b"new\nline",
        b"\x1b[31mred",
        "\u{202e}rtl".as_bytes(),
        b"\xff\xfe",
        b"Case",
        b"case",
        "e\u{301}".as_bytes(),
    ];
    let parts: Vec<Vec<u8>> = names.iter().map(|name| file(name, "")).collect();
    let summary = read(&tar(&parts));
    assert_eq!(rules(&summary), [""; 0]);
    let index = Arc::new(summary.index.expect("index"));
    assert!(
        index
            .entries()
            .map(|entry| entry.name().into_owned())
            .eq(names.iter().map(|name| name.to_vec()))
    );
    let merged = Overlay::build(&[index]);
    let mut sorted: Vec<Vec<u8>> = names.iter().map(|name| name.to_vec()).collect();
    sorted.sort();
    assert!(merged.walk().map(|id| merged.path(id)).eq(sorted));
    for len in [100, 155, 256, 4096, 32_767] {
        let name = "n".repeat(len);
        case(
            &[pax(&[("path", name.as_bytes())]), file("n", "")],
            &[&format!("{name} file 0")],
            &[],
        );
    }
    let prefix = Head::new("base", b'0').raw(345, b"some/prefix").done();
    case(&[prefix], &["some/prefix/base file 0"], &[]);
    case(&[Head::new("base", b'0').raw(345, b"some/prefix").gnu().done()], &["base file 0"], &[]);
    case(&[Head::new("base", b'0').raw(345, b"some/prefix").v7().done()], &["base file 0"], &[]);
    case(
        &[Head::new("base", b'0').raw(345, b"p").raw(508, b"tar\0").raw(476, b"7").done()],
        &["p/base file 0"],
        &[],
    );
    case(&[file("/abs", "")], &["/abs file 0"], &["tar.absolute-name"]);
    case(&[file("a/../../b", "")], &["a/../../b file 0"], &["tar.parent-name"]);
    case(&[file("a..b/..c", "")], &["a..b/..c file 0"], &[]);
    case(&[file("", "")], &[" file 0"], &["tar.empty-name"]);
}

#[test]
fn t16_t17_links_have_no_content() {
    for (flag, kind) in [
        (b'1', "hardlink"),
        (b'2', "symlink"),
        (b'3', "char"),
        (b'4', "block"),
        (b'5', "dir"),
        (b'6', "fifo"),
    ] {
        let head = Head::new("a", flag).link("t").size(1024).done();
        case(
            &[head, smuggled()],
            &[&format!("a {kind} 0"), "smuggled file 1"],
            &["tar.size-without-content"],
        );
    }
    case(&[Head::new("a", b'2').done()], &["a symlink 0"], &["tar.empty-link"]);
}

#[test]
fn t18_devices_and_unknown_types() {
    let summary = case(
        &[
            Head::new("c", b'3').device(1, 3).done(),
            Head::new("b", b'4').device(8, 0).done(),
            Head::new("p", b'6').done(),
        ],
        &["c char 0", "b block 0", "p fifo 0"],
        &[],
    );
    let index = summary.index.expect("index");
    assert_eq!(
        [index.device(0), index.device(1), index.device(2)],
        [Some((1, 3)), Some((8, 0)), None]
    );
    case(&[Head::new("c", b'3').device(0o7_777_777, 0).done()], &["c char 0"], &["tar.device"]);
    case(
        &[Head::new("u", b'Q').with(b"content"), file("b", "")],
        &["u file 7", "b file 0"],
        &["tar.unknown-type"],
    );
    case(&[Head::new("v", b'V').done(), file("b", "")], &["b file 0"], &["tar.unknown-type"]);
    case(
        &[Head::new("d", b'D').with(b"Yfile\0\0"), file("b", "")],
        &["d dir 0", "b file 0"],
        &["tar.unknown-type"],
    );
    case(
        &[
            Head::new("7", b'7').with(b"hi"),
            Head::new("old", 0).v7().with(b"hi"),
            Head::new("dir/", 0).v7().done(),
        ],
        &["7 file 2", "old file 2", "dir/ dir 0"],
        &[],
    );
    // A file whose name ends in a slash is a directory, for GNU tar, bsdtar and Docker; what it
    // holds is skipped, its mode stays.
    case(
        &[Head::new("slash/", b'0').with(b"hi"), Head::new("seven/", b'7').done(), file("x", "x")],
        &["slash/ dir 0", "seven/ dir 0", "x file 1"],
        &["tar.file-with-slash"],
    );
}

#[test]
fn t19_owners_times_and_attributes() {
    let value = vec![7u8; 1 << 20];
    let body = [
        record("SCHILY.xattr.user.big", &value),
        record("SCHILY.xattr.security.selinux", b"system_u:object_r:bin_t:s0\0"),
        record("uid", b"2097152"),
        record("gid", b"2147483648"),
        record("mtime", b"-1.5"),
        record("uname", b"\xff"),
    ];
    let summary = case(
        &[pax_of(b'x', &body.concat()), file("a", ""), file("b", "")],
        &["a file 0", "b file 0"],
        &[],
    );
    let index = summary.index.expect("index");
    let entry = index.entry(0).expect("entry");
    assert_eq!((entry.uid, entry.gid, entry.mtime), (2_097_152, 2_147_483_648, -2));
    let xattrs: Vec<(&[u8], usize)> =
        index.xattrs(0).map(|(key, value)| (key, value.len())).collect();
    assert_eq!(xattrs, [(&b"user.big"[..], 1 << 20), (b"security.selinux", 27)]);
    assert_eq!(index.xattrs(1).count(), 0);
    case(&[pax(&[("uid", b"9223372036854775807")]), file("a", "")], &["a file 0"], &["tar.owner"]);
    case(&[pax(&[("uid", b"x")]), file("a", "")], &["a file 0"], &["tar.pax-value"]);
    case(&[pax(&[("mtime", b"1000000000000000000")]), file("a", "")], &["a file 0"], &[]);
    let mode = Head::new("a", b'0').mode(0o107_755).owner(1000, 100).mtime(1_700_000_000).done();
    let index = read(&tar(&[mode])).index.expect("index");
    let entry = index.entry(0).expect("entry");
    assert_eq!((entry.mode, entry.uid, entry.gid, entry.mtime), (0o7755, 1000, 100, 1_700_000_000));
}

#[test]
fn t20_a_very_deep_path_and_very_many_siblings() {
    let deep = "d/".repeat(32_000);
    let merged = overlay(&[&[pax(&[("path", deep.as_bytes())]), dir("d")]]);
    assert_eq!(merged.len(), 32_000);
    let last = merged.walk().last().expect("a node");
    assert_eq!(merged.path(last).len(), deep.len() - 1);
    let siblings: Vec<Vec<u8>> =
        (0..50_000).map(|at| file(format!("s/{}", at * 7919 % 50_000), "")).collect();
    let above = [file("s/.wh..wh..opq", ""), file("s/new", "")];
    let merged = overlay(&[&siblings, &above]);
    assert_eq!(tree(&merged), ["s dir 1", "s/new file 2"]);
    assert_eq!(merged.changes(1).len(), 50_001);
    // Each symlink goes deeper than the one before, so depth is not bounded by the length of names.
    let down = "d/".repeat(2_000);
    let hops: Vec<Vec<u8>> = (0..150)
        .flat_map(|at: u32| {
            let above = at.checked_sub(1).map_or_else(String::new, |above| format!("l{above}/"));
            [pax(&[("linkpath", down.as_bytes())]), symlink(format!("{above}l{at}"), "")]
        })
        .collect();
    let merged = overlay(&[&hops]);
    assert_eq!(overlay_rules(&merged), [""; 0]);
    assert!(merged.find(format!("{down}l1").as_bytes()).is_some());
}

#[test]
fn findings_of_one_rule_are_counted_when_they_are_many() {
    let parts: Vec<Vec<u8>> = (0..1000).map(|at| Head::new(format!("{at}"), b'Q').done()).collect();
    let summary = read(&tar(&parts));
    assert_eq!(summary.findings.len(), 101);
    assert!(summary.findings[100].message.starts_with("900 more"), "{:?}", summary.findings[100]);
    assert_eq!(summary.findings[100].severity, Severity::Error);
}

#[test]
fn digests_of_files_are_recorded() {
    let parts = [file("a", "hello"), dir("d"), file("empty", "")];
    let options = ReadOptions { file_digests: true, ..ReadOptions::default() };
    let index = read_with(&gzip(&tar(&parts)), options, 7).index.expect("index");
    let digests: Vec<Option<String>> =
        (0..3).map(|at| index.file_digest(at).map(|digest| digest.to_string())).collect();
    let of = |bytes: &[u8]| Some(drydock::digest::Digest::sha256(bytes).to_string());
    assert_eq!(digests, [of(b"hello"), None, of(b"")]);
    assert_eq!(index.entry(0).map(|entry| entry.kind), Some(Kind::File));
}
