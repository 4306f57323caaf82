//! Sparse files: case T8.

use crate::layer_support::*;

/// An old GNU sparse header with these runs.
fn gnu_sparse(runs: &[(u64, u64)], more: bool, real: u64, stored: &[u8]) -> Vec<u8> {
    let mut head = Head::new("s", b'S').gnu().raw(345, &[0; 155]);
    for (at, (offset, len)) in runs.iter().enumerate() {
        head = head.raw(386 + 24 * at, format!("{offset:011o}\0{len:011o}\0").as_bytes());
    }
    let head = head.raw(482, &[u8::from(more)]).raw(483, format!("{real:011o}\0").as_bytes());
    head.size(stored.len() as u64).done()
}

#[test]
fn t8_sparse_files_in_the_old_format() {
    let stored = [b'd'; 600];
    let simple =
        [gnu_sparse(&[(1000, 600), (5000, 0)], false, 5000, &stored), padded(&stored)].concat();
    case(&[simple, file("b", "")], &["s file 5000", "b file 0"], &["tar.gnu-sparse"]);
    let mut block = vec![0; 512];
    block[..24].copy_from_slice(format!("{:011o}\0{:011o}\0", 3000, 100).as_bytes());
    let more = [
        gnu_sparse(&[(0, 200), (300, 200), (600, 50), (700, 50)], true, 9000, &stored),
        block.clone(),
        padded(&stored),
    ];
    case(&[more.concat(), file("b", "")], &["s file 9000", "b file 0"], &["tar.gnu-sparse"]);
    let cut = [gnu_sparse(&[(0, 600)], true, 9000, &stored), block].concat();
    raw_case(&cut, &["s file 9000"], &["tar.gnu-sparse", "tar.sparse", "tar.truncated"]);
    for (runs, real) in [
        (vec![(300, 300), (0, 300)], 5000),
        (vec![(0, 400), (300, 200)], 5000),
        (vec![(0, 600)], 500),
        (vec![(0, 500)], 5000),
        (vec![(0o77_777_777_777, 600)], 5000),
    ] {
        let bad = [gnu_sparse(&runs, false, real, &stored), padded(&stored)].concat();
        let line = format!("s file {real}");
        case(&[bad, file("b", "")], &[&line, "b file 0"], &["tar.gnu-sparse", "tar.sparse"]);
    }
    let not_gnu = Head::new("s", b'S').with(&stored);
    case(&[not_gnu, file("b", "")], &["s file 600", "b file 0"], &["tar.sparse"]);
}

#[test]
fn t8_sparse_files_in_pax_headers() {
    let stored = [b'd'; 600];
    let v00 = pax(&[
        ("GNU.sparse.size", b"5000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"100"),
        ("GNU.sparse.offset", b"1000"),
        ("GNU.sparse.numbytes", b"500"),
    ]);
    let v01 = |count: &[u8], map: &[u8], size: &[u8]| {
        pax(&[
            ("GNU.sparse.name", b"real"),
            ("GNU.sparse.size", size),
            ("GNU.sparse.numblocks", count),
            ("GNU.sparse.map", map),
        ])
    };
    let body = |name: &str| [Head::new(name, b'0').with(&stored), file("b", "")].concat();
    case(&[v00, body("s")], &["s file 5000", "b file 0"], &[]);
    case(&[v01(b"2", b"0,100,1000,500", b"5000"), body("x")], &["real file 5000", "b file 0"], &[]);
    for (count, map) in [
        (&b"3"[..], &b"0,100,1000,500"[..]),
        (b"2", b"0,100,1000"),
        (b"2", b"0,100,1000,x"),
        (b"2", b"1000,500,0,100"),
    ] {
        let summary = read(&tar(&[v01(count, map, b"5000"), body("x")]));
        assert_eq!(entries(&summary), ["real file 5000", "b file 0"]);
        assert!(rules(&summary).contains(&"tar.sparse".to_owned()), "{count:?} {map:?}");
    }
    let huge = v01(b"1", b"0,600", b"9223372036854775807");
    case(&[huge, body("x")], &["real file 9223372036854775807", "b file 0"], &[]);
    case(
        &[pax(&[("GNU.sparse.name", b"orphan")]), body("x")],
        &["orphan file 600", "b file 0"],
        &["tar.sparse"],
    );
    case(
        &[pax(&[("GNU.sparse.major", b"2"), ("GNU.sparse.minor", b"0")]), body("x")],
        &["x file 600", "b file 0"],
        &["tar.sparse"],
    );
}

#[test]
fn t8_sparse_files_with_a_map_in_front() {
    let stored = [b'd'; 600];
    let head = |real: &[u8]| {
        pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"real"),
            ("GNU.sparse.realsize", real),
        ])
    };
    let with_map = |map: &str| {
        let content = [padded(map.as_bytes()), stored.to_vec()].concat();
        [Head::new("s", b'0').with(&content), file("b", "")].concat()
    };
    let summary = case(
        &[head(b"5000"), with_map("2\n0\n100\n1000\n500\n")],
        &["real file 5000", "b file 0"],
        &[],
    );
    let index = summary.index.expect("index");
    let wanted = drydock::layer::content::Wanted::file(&index, 0).expect("a file");
    let runs: Vec<(u64, u64)> =
        wanted.segments().iter().map(|run| (run.file_offset, run.len)).collect();
    assert_eq!(runs, [(0, 100), (1000, 500)]);
    let long: String = (0..200u32).map(|at| format!("{}\n3\n", at * 20)).collect();
    case(&[head(b"5000"), with_map(&format!("200\n{long}"))], &["real file 5000", "b file 0"], &[]);
    for map in [
        "2\n0\n100\n",
        "x\n",
        "999999999\n",
        "2\n0\n100\n1000\n50000\n",
        "-1\n",
        "99999999999999999999999999\n",
    ] {
        let summary = read(&tar(&[head(b"5000"), with_map(map)]));
        assert_eq!(entries(&summary), ["real file 5000", "b file 0"], "{map}");
        assert_eq!(rules(&summary), ["tar.sparse"], "{map}");
    }
    case(&[head(b"5000"), Head::new("s", b'0').done()], &["real file 5000"], &["tar.sparse"]);
}
