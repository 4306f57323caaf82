//! The tree of an image as one tar: `crane export`. The truth is what umoci unpacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::layer::write::export;
use drydock::layer::{Index, Overlay};

use crate::cases::{Case, cases};
use crate::images::{Made, Packed, Whole};
use crate::judges::trees;
use crate::layer_support::{Head, dir, file, read, tar};
use crate::peers;
use crate::tools::crane;
use crate::trees::{
    Tree, assert_same, differences, extracted, extracted_by_somebody, extracted_plainly,
};
use crate::write_support::{Files, execute};

pub(crate) fn exported(image: &Whole) -> Vec<u8> {
    let tars = image.tars();
    let indexes: Vec<Arc<Index>> =
        tars.iter().map(|tar| Arc::new(read(tar).index.expect("an index"))).collect();
    let exported = export(&Overlay::build(&indexes));
    assert_eq!(exported.findings, []);
    let slices: Vec<&[u8]> = tars.iter().map(Vec::as_slice).collect();
    execute(&exported.plan, &slices, &Files::default())
}

fn ours(image: &Whole) -> Tree {
    extracted(&exported(image)).expect("a tar")
}

fn theirs(repository: &str) -> Result<Tree, String> {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("crane.tar").display().to_string();
    crane(&["export", &peers::debian().name(repository, "base"), &path]);
    extracted(&std::fs::read(&path).expect("written"))
}

#[test]
fn the_tar_extracts_to_the_same_tree() {
    let peer = peers::debian();
    for case in cases() {
        let name = case.name;
        let repository = format!("export/{name}");
        let base = Made::new(&case.layers).make();
        base.push(peer, &repository, "base");
        let truth = &trees(peer, &repository, "base")["linux/amd64"];
        assert_same(truth, &ours(&base), name);
        assert_same(truth, &extracted_plainly(&exported(&base)).expect("a tar"), name);
        let crane = theirs(&repository).map(|tree| differences(truth, &tree));
        case.check_crane(crane);
    }
}

/// Images of some systems are full of directories that may not be written to. crane writes what is in
/// upper layers first, and lower layers into directories that GNU tar has closed by then.
#[test]
fn people_extract_it_too() {
    let peer = peers::debian();
    let closed = |name: &str| Head::new(name, b'5').mode(0o555).done();
    let lower = [closed("./"), closed("usr/"), closed("usr/bin/"), file("usr/bin/a", "1")];
    let upper = [dir("etc/"), file("etc/b", "2"), closed("usr/bin/"), file("usr/bin/c", "3")];
    let last = [file("usr/bin/d", "4")];
    let base = Made::new(&[tar(&lower), tar(&upper), tar(&last)]).make();
    base.push(peer, "export/closed", "base");
    let ours = extracted_by_somebody(&exported(&base)).expect("extracted");
    let names: Vec<(&str, &str)> = ours
        .iter()
        .map(|(path, line)| (&**path, line.split(' ').nth(1).expect("a mode")))
        .collect();
    assert_eq!(
        names,
        [
            ("etc", "755"),
            ("etc/b", "644"),
            ("usr", "555"),
            ("usr/bin", "555"),
            ("usr/bin/a", "644"),
            ("usr/bin/c", "644"),
            ("usr/bin/d", "644"),
        ]
    );
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("crane.tar").display().to_string();
    crane(&["export", &peer.name("export/closed", "base"), &path]);
    let crane = extracted_by_somebody(&std::fs::read(&path).expect("written"));
    let why = crane.expect_err("crane is right now");
    assert!(why.contains("Permission denied"), "{why}");
}

/// Times of last change as plain `tar -x` leaves them, of every directory.
fn times(tar: &[u8]) -> BTreeMap<String, i64> {
    let tree = extracted_plainly(tar).expect("a tar");
    let directories = tree.into_iter().filter(|(_, line)| line.starts_with("dir "));
    let time = |line: &str| match line.split(' ').nth(3).expect("a time") {
        "now" => i64::MAX,
        time => time.parse().expect("a number"),
    };
    directories.map(|(name, line)| (name, time(&line))).collect()
}

/// What is written into a directory changes its time, so that a tar has to hold its entries together,
/// or to say the time once more.
#[test]
fn d7_plain_tar_leaves_directories_their_times() {
    let at = |name: &str, time: u64| Head::new(name, b'5').mode(0o755).mtime(time).done();
    let lower = [
        at("a/", 1_000_000_001),
        at("a/deep/", 1_000_000_002),
        file("a/deep/1", "1"),
        at("b/", 1_000_000_003),
        file("b/1", "1"),
        file("a/1", "1"),
        at("c/", 1_000_000_004),
    ];
    let upper = [file("a/deep/2", "2"), at("b/", 1_000_000_013), file("b/2", "2")];
    let last = [file("c/3", "3"), file("a/3", "3"), file(".wh.b", ""), at("b/", 1_000_000_023)];
    let expected: BTreeMap<String, i64> = [("a", 1), ("a/deep", 2), ("b", 23), ("c", 4)]
        .map(|(name, time)| (name.to_owned(), 1_000_000_000 + time))
        .into();
    let base = Made::new(&[tar(&lower), tar(&upper), tar(&last)]).make();
    assert_eq!(times(&exported(&base)), expected);
    let one = Made::new(&[tar(&lower)]).make();
    let first = times(&exported(&one));
    assert_eq!((first["a"], first["b"]), (1_000_000_001, 1_000_000_003));
    // The layer as it lies there, extracted in the same way, does not.
    assert_ne!(times(&tar(&lower))["a"], 1_000_000_001);
}

#[test]
fn whatever_the_layers_are_packed_with() {
    let Some(Case { layers, .. }) = cases().into_iter().find(|case| case.name == "whiteouts")
    else {
        panic!("no such case")
    };
    let expected = ours(&Made::new(&layers).make());
    for packed in [Packed::Zstd, Packed::Plain] {
        let image = Made { packed, ..Made::new(&layers) }.make();
        assert_same(&expected, &ours(&image), &format!("{packed:?}"));
    }
}
