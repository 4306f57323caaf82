//! The tree of an image as one tar: `crane export`. The truth is what umoci unpacks.

use std::sync::Arc;

use drydock::layer::write::export;
use drydock::layer::{Index, Overlay};

use crate::cases::{Case, cases};
use crate::images::{Made, Packed, Whole};
use crate::judges::trees;
use crate::layer_support::{Head, dir, file, read, tar};
use crate::peers;
use crate::tools::crane;
use crate::trees::{Tree, assert_same, differences, extracted, extracted_by_somebody};
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
