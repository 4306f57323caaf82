//! Several layers as one: the tree stays what it was, on any number of layers below and above.

use std::sync::Arc;

use drydock::finding::Severity;
use drydock::layer::write::{Flattened, Part, export, flatten, folder};
use drydock::layer::{Index, NodeId, Overlay};
use proptest::prelude::*;

use crate::layer_support::*;
use crate::write_support::*;

/// The layers `from..to` as one, and the tar of it.
fn flatten_range(
    indexes: &[Arc<Index>],
    tars: &[&[u8]],
    from: usize,
    to: usize,
) -> (Flattened, Vec<u8>) {
    let flat = flatten(&Overlay::build(&indexes[..from]), &Overlay::build(&indexes[..to]));
    let tar = execute(&flat.plan, tars, &Files::default());
    (flat, tar)
}

/// Names of the entries of the layers above the first as one.
#[track_caller]
fn names_above(layers: &[&[Vec<u8>]]) -> Vec<String> {
    let tars: Vec<Vec<u8>> = layers.iter().map(|parts| tar(parts)).collect();
    let (indexes, slices) = stack(&tars);
    let (flat, flat_tar) = flatten_range(&indexes, &slices, 1, layers.len());
    assert_eq!(flat.findings, []);
    let index = clean_index(&flat_tar);
    let together = Overlay::build(&[Arc::clone(&indexes[0]), Arc::clone(&index)]);
    assert_eq!(
        describe_all(&together, &[slices[0], &flat_tar]),
        describe_all(&Overlay::build(&indexes), &slices)
    );
    index.entries().map(|entry| entry.name().escape_ascii().to_string()).collect()
}

fn empty(name: &str) -> Vec<u8> {
    file(name, "")
}

#[test]
fn whiteouts_that_matter_below_are_kept_and_no_others() {
    let base = [
        dir("d"),
        empty("d/a"),
        empty("d/b"),
        dir("e"),
        empty("e/x"),
        empty("f"),
        symlink("l", "d"),
    ];
    for (above, expected) in [
        // What comes and goes in between leaves no trace.
        (&[&[empty("tmp")][..], &[empty(".wh.tmp")]][..], &[][..]),
        (&[&[empty(".wh.none"), empty("d/.wh.none")]], &[]),
        (&[&[empty("d/.wh.a")], &[empty("new")]], &["d/.wh.a", "new"]),
        // A file that is replaced needs no whiteout.
        (&[&[empty("d/.wh.a")], &[empty("d/a")]], &["d/a"]),
        // A directory that is removed and made again is opaque.
        (&[&[empty(".wh.d")], &[dir("d"), empty("d/c")]], &["d/", "d/.wh..wh..opq", "d/c"]),
        (&[&[empty(".wh.d")], &[empty("d/a")]], &["d/", "d/.wh..wh..opq", "d/a"]),
        (&[&[empty("d/.wh..wh..opq")], &[empty("d/c")]], &["d/.wh..wh..opq", "d/c"]),
        // So is one that was a file in between.
        (&[&[empty("d")], &[dir("d"), empty("d/c")]], &["d/", "d/.wh..wh..opq", "d/c"]),
        (&[&[empty("d")], &[empty(".wh.d")]], &[".wh.d"]),
        // If all of its files are written again it need not be.
        (&[&[empty(".wh.d")], &[dir("d"), empty("d/a"), empty("d/b")]], &["d/", "d/a", "d/b"]),
        (&[&[empty("d/.wh.a"), empty("d/.wh.b")]], &["d/.wh..wh..opq"]),
        (
            &[&[empty(".wh.d"), empty(".wh.e"), empty(".wh.f"), empty(".wh.l")]],
            &[".wh.d", ".wh.e", ".wh.f", ".wh.l"],
        ),
        // A file becomes a directory and the other way round.
        (&[&[dir("f"), empty("f/x")]], &["f/", "f/x"]),
        (&[&[dir("f"), empty("f/x")], &[empty("f/.wh.x")]], &["f/"]),
        (&[&[dir("f"), empty("f/x")], &[empty(".wh.f")]], &[".wh.f"]),
        (&[&[empty("e")]], &["e"]),
        // Symlinks below are followed, so names are the real ones.
        (&[&[empty("l/c")], &[empty("d/.wh.c")]], &[]),
        (&[&[empty("l/.wh.a")], &[empty("l/c")]], &["d/.wh.a", "d/c"]),
        (&[&[empty(".wh.l")], &[empty("l/c")]], &["l/", "l/c"]),
        // A directory that no entry names is there all the same.
        (&[&[empty("x/y/z")], &[empty("x/y/.wh.z")]], &["x/", "x/y/"]),
        (&[&[Head::new("./", b'5').mode(0o700).done()]], &["./"]),
    ] {
        let layers: Vec<&[Vec<u8>]> =
            [&base[..]].into_iter().chain(above.iter().copied()).collect();
        assert_eq!(names_above(&layers), *expected, "{expected:?}");
    }
}

#[test]
fn hardlinks_keep_the_file_that_they_were_made_to() {
    let base = [file("a", "original"), hardlink("z", "a")];
    // The base's name is gone, and so is the other one: the file is written anew.
    let above: [&[Vec<u8>]; 2] = [&[hardlink("b", "a")], &[file("a", "replaced"), empty(".wh.z")]];
    assert_eq!(names_above(&[&base, above[0], above[1]]), [".wh.z", "b", "a"]);
    // One name is left in the base.
    assert_eq!(names_above(&[&base, above[0], &[empty(".wh.a")]]), [".wh.a", "b"]);
    // Links among the layers, the file replaced by one that is listed before.
    let layers: [&[Vec<u8>]; 3] = [
        &[],
        &[file("m", "original"), hardlink("n", "m"), hardlink("c", "m")],
        &[file("m", "new")],
    ];
    assert_eq!(names_above(&layers), ["c", "m", "n"]);
}

#[test]
fn a_hardlink_without_a_target_is_left_out_and_named() {
    let image = overlay(&[&[dir("d"), hardlink("d/h", "missing"), file("d/f", "1")]]);
    for flat in [export(&image), folder(&image, image.find(b"d").expect("d")).expect("a folder")] {
        let said: Vec<(&str, &str)> =
            flat.findings.iter().map(|finding| (&*finding.rule, &*finding.subject)).collect();
        assert_eq!(said, [("flatten.hardlink-target", "d/h")]);
    }
    let image = overlay(&[&[empty(".wh.d/x"), empty("e")]]);
    let flat = export(&image);
    assert_eq!(flat.plan.entries(), 1);
    assert_eq!(flat.findings[0].rule, "flatten.whiteout-name");
}

#[test]
fn what_is_copied_keeps_its_headers_and_its_order() {
    let odd = [
        pax(&[
            ("mtime", b"1.5"),
            ("atime", b"9"),
            ("uname", b"joe"),
            ("SCHILY.acl.access", b"user::rw-"),
        ]),
        file("b", "in pax"),
        long(b'L', &[b'n'; 150]),
        Head::new("n", b'0').gnu().raw(265, b"joe").with(b"in GNU"),
        Head::new("a", b'0').v7().with(b"in v7"),
        symlink("./s", "b"),
    ];
    let tars = [tar(&[&odd[..2], &[dir("d")], &odd[2..]].concat()), tar(&[file("0", "top")])];
    let (indexes, slices) = stack(&tars);
    let flat = export(&Overlay::build(&indexes));
    let runs: Vec<(usize, bool)> = flat
        .plan
        .parts()
        .filter_map(|part| match part {
            Part::Layer { layer, range } => Some((layer, range.start > 0)),
            _ => None,
        })
        .collect();
    assert_eq!(
        runs,
        [(0, false), (0, true), (1, false)],
        "entries that stand together are one run"
    );
    assert_eq!(flat.plan.layers(), [0, 1]);
    let written = execute(&flat.plan, &slices, &Files::default());
    // Around the header of the directory.
    let (before, behind) = written.split_at(odd[..2].concat().len());
    assert!([before, &behind[512..]].concat() == tar(&[odd.concat(), file("0", "top")]));
}

/// GNU tar gives a directory its mode as soon as something follows that lies outside of it.
#[test]
fn nothing_is_exported_into_a_directory_that_is_read_only_by_then() {
    let closed = |name: &str| Head::new(name, b'5').mode(0o555).done();
    let tars = [
        tar(&[
            closed("./"),
            closed("usr"),
            closed("usr/lib"),
            file("usr/lib/a", "1"),
            hardlink("usr/lib/b", "usr/lib/a"),
            closed("usr/once"),
            file("usr/once/c", "2"),
            closed("opt"),
        ]),
        tar(&[dir("etc"), file("etc/d", "3"), file("usr/lib/e", "4"), file("usr/lib/f", "5")]),
    ];
    let (indexes, slices) = stack(&tars);
    let image = Overlay::build(&indexes);
    let written = execute(&export(&image).plan, &slices, &Files::default());
    let index = read(&written).index.expect("an index");
    let line = |entry: drydock::layer::Entry<'_>| {
        format!("{} {:o} {}", entry.name().escape_ascii(), entry.mode, entry.link.escape_ascii())
    };
    let lines: Vec<String> = index.entries().map(|entry| line(entry).trim_end().into()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    usr/ 555
    usr/lib/ 755
    usr/lib/a 644
    usr/lib/b 644 usr/lib/a
    usr/once/ 555
    usr/once/c 644
    opt/ 555
    etc/ 755
    etc/d 644
    usr/lib/e 644
    usr/lib/f 644
    usr/lib/ 555
    ./ 555
    ");
}

/// Some tools set a directory's mode at once: who is not root can then reach nothing in it.
#[test]
fn d7_a_directory_stands_once_more_behind_what_is_in_it() {
    let at = |name: &str, mode: u64| Head::new(name, b'5').mode(mode).done();
    let lower =
        tar(&[at("a", 0), at("a/b", 0o500), file("a/b/1", "1"), dir("c"), file("c/1", "1")]);
    let upper = tar(&[file("a/2", "2"), file("c/2", "2"), file("a/b/2", "2")]);
    let tars = [lower, upper];
    let (indexes, slices) = stack(&tars);
    let written = execute(&export(&Overlay::build(&indexes)).plan, &slices, &Files::default());
    let index = read(&written).index.expect("an index");
    let names = index.entries().map(|entry| entry.name().escape_ascii().to_string());
    let names: Vec<String> = names.collect();
    let end = names.iter().rposition(|name| name == "a/b/2").expect("written");
    assert_eq!(names[end + 1..], ["c/", "a/b/", "a/"].map(str::to_owned));
}

#[test]
fn what_is_ambiguous_or_sparse_is_written_plainly() {
    let sparse = pax(&[
        ("GNU.sparse.name", b"sparse"),
        ("GNU.sparse.size", b"70000"),
        ("GNU.sparse.numblocks", b"1"),
        ("GNU.sparse.map", b"66000,300"),
    ]);
    let source = tar(&[
        sparse,
        file("x", vec![b's'; 300]),
        pax(&[("path", b"one")]),
        long(b'L', b"two"),
        Head::new("three", b'0').gnu().with(b"name"),
        Head::new("link", b'2').link("t").size(600).done(),
        file("/absolute", "1"),
        pax_of(b'g', &record("comment", b"global")),
        file("behind", "2"),
    ]);
    let (indexes, slices) = stack(std::slice::from_ref(&source));
    let image = Overlay::build(&indexes);
    let flat = export(&image);
    let written = execute(&flat.plan, &slices, &Files::default());
    let index = clean_index(&written);
    assert_eq!(describe_all(&Overlay::build(&[index]), &[&written]), describe_all(&image, &slices));
    let sparse = [vec![0; 66_000], vec![b's'; 300], vec![0; 3700]].concat();
    assert!(written.windows(sparse.len()).any(|bytes| bytes == sparse));
}

#[test]
fn names_that_are_no_text_survive() {
    let names = [
        b"\xff\xfe".to_vec(),
        b"latin1-\xe9".to_vec(),
        vec![0xff; 120],
        "\u{e9}".repeat(80).into_bytes(),
        "\u{2603}".as_bytes().to_vec(),
    ];
    let parts: Vec<Vec<u8>> = names
        .iter()
        .flat_map(|name| {
            [
                pax(&[("hdrcharset", b"BINARY"), ("path", &[b"d/", &name[..]].concat())]),
                file("x", "1"),
                pax(&[
                    ("hdrcharset", b"BINARY"),
                    ("path", &[b"s-", &name[..]].concat()),
                    ("linkpath", name),
                ]),
                symlink("s", "x"),
            ]
        })
        .collect();
    let source = tar(&parts);
    let (indexes, slices) = stack(std::slice::from_ref(&source));
    let image = Overlay::build(&indexes);
    // Names seen from the folder are made anew.
    let flat = folder(&image, image.find(b"d").expect("d")).expect("a folder");
    let written = execute(&flat.plan, &slices, &Files::default());
    let found: Vec<Vec<u8>> =
        clean_index(&written).entries().map(|entry| entry.name().into_owned()).collect();
    let mut expected = names.to_vec();
    assert_eq!(found, expected);
    // So are those that the crate `tar` reads.
    let peer: Vec<Vec<u8>> = tar::Archive::new(&written[..])
        .entries()
        .expect("entries")
        .map(|entry| entry.expect("an entry").path_bytes().into_owned())
        .collect();
    expected.sort();
    let mut peer_sorted = peer;
    peer_sorted.sort();
    assert_eq!(peer_sorted, expected);
}

#[test]
fn a_folder_is_seen_from_inside() {
    let parts = [
        dir("etc"),
        Head::new("etc/ssh", b'5').mode(0o700).done(),
        file("etc/ssh/key", "secret"),
        file("shared", "outside"),
        hardlink("etc/b", "shared"),
        hardlink("etc/a", "shared"),
        symlink("etc/up", "../shared"),
        file("etcetera", ""),
    ];
    let source = tar(&parts);
    let (indexes, slices) = stack(std::slice::from_ref(&source));
    let image = Overlay::build(&indexes);
    let find = |path: &[u8]| image.find(path).expect("a path");
    let flat = folder(&image, find(b"etc")).expect("a folder");
    assert_eq!(flat.findings, []);
    let written = execute(&flat.plan, &slices, &Files::default());
    let seen = Overlay::build(&[clean_index(&written)]);
    assert_eq!(
        tree(&seen),
        [
            "a file 1",
            "b hardlink 1 => a",
            "ssh dir 1",
            "ssh/key file 1",
            "up symlink 1 -> ../shared"
        ]
    );
    assert!(
        describe(&seen, &[&written], seen.find(b"b").expect("b"))
            .contains(drydock::digest::Digest::sha256(b"outside").short())
    );
    for path in [&b"shared"[..], b"etc/up", b"etc/a"] {
        assert!(folder(&image, find(path)).is_none());
    }
    let whole = folder(&image, NodeId::ROOT).expect("the root");
    assert_eq!(whole.plan, export(&image).plan);
}

#[test]
fn sizes_that_no_tar_can_have_are_planned_without_memory() {
    let hole = |name: &str| {
        pax(&[
            ("GNU.sparse.name", name.as_bytes()),
            ("GNU.sparse.size", b"9223372036854775807"),
            ("GNU.sparse.numblocks", b"0"),
            ("GNU.sparse.map", b""),
        ])
    };
    let image = overlay(&[&[
        hole("a"),
        file("x", ""),
        hole("b"),
        file("x", ""),
        hole("c"),
        file("x", ""),
        file("d", "1"),
    ]]);
    let plan = export(&image).plan;
    assert_eq!((plan.size(), plan.entries()), (u64::MAX, 4));
    assert_eq!(plan.parts().take(1000).filter(|part| matches!(part, Part::Bytes(_))).count(), 1000);
}

/// One entry among few names, with everything that an entry can have.
fn any_entry() -> impl Strategy<Value = Blocks> {
    let component = prop::sample::select(vec!["a", "b", "c"]);
    let path = prop::collection::vec(component, 1..4).prop_map(|parts| parts.join("/"));
    let target = prop_oneof![
        path.clone(),
        path.clone().prop_map(|path| format!("/{path}")),
        path.clone().prop_map(|path| format!("../{path}")),
        Just("..".to_owned()),
    ];
    let whiteout = path.clone().prop_map(|path| match path.rsplit_once('/') {
        Some((dir, base)) => format!("{dir}/.wh.{base}"),
        None => format!(".wh.{path}"),
    });
    let head = |path: String, flag: u8, seed: u64| {
        let prefix = ["", "./", "/"][(seed % 3) as usize];
        let head = Head::new(format!("{prefix}{path}"), flag);
        head.mode(0o600 | (seed % 64)).owner(seed % 3, seed % 5).mtime(seed % 7)
    };
    let entry = prop_oneof![
        5 => (path.clone(), any::<u64>()).prop_map(move |(path, seed)| head(path, b'0', seed).with(&vec![seed as u8; (seed % 700) as usize])),
        4 => (path.clone(), any::<u64>()).prop_map(move |(path, seed)| head(path, b'5', seed).done()),
        2 => (path.clone(), target).prop_map(|(path, target)| symlink(path, target)),
        3 => (path.clone(), path.clone()).prop_map(|(path, target)| hardlink(path, target)),
        1 => (path.clone(), any::<u64>()).prop_map(move |(path, seed)| head(path, b'3', seed).device(seed % 9, 1 + seed % 4).done()),
        3 => whiteout.prop_map(|path| file(path, "")),
        1 => path.clone().prop_map(|path| file(format!("{path}/.wh..wh..opq"), "")),
        1 => any::<u64>().prop_map(move |seed| head(".".to_owned(), b'5', seed).done()),
        1 => path.prop_map(|path| [pax(&[("GNU.sparse.name", path.as_bytes()), ("GNU.sparse.size", b"900"), ("GNU.sparse.numblocks", b"1"), ("GNU.sparse.map", b"600,3")]), file("x", "abc")].concat()),
    ];
    let extension = prop_oneof![
        6 => Just(Vec::new()),
        1 => Just(pax(&[("SCHILY.xattr.user.k", b"v")])),
        1 => Just(pax(&[("mtime", b"-3.25"), ("uname", b"joe"), ("uid", b"3000000")])),
    ];
    (extension, entry).prop_map(|(extension, entry)| {
        let is_extended = entry.starts_with(b"PaxHeaders");
        Blocks(if is_extended { entry } else { [extension, entry].concat() })
    })
}

fn root(merged: &Overlay) -> (u16, u32, u32, i64) {
    let root = merged.node(NodeId::ROOT).expect("the root");
    (root.mode, root.uid, root.gid, root.mtime)
}

fn is_broken(merged: &Overlay) -> bool {
    merged.findings().iter().any(|finding| finding.severity == Severity::Error)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flattened_range_changes_no_tree(
        layers in prop::collection::vec(prop::collection::vec(any_entry(), 0..7), 1..6),
        a in 0usize..6,
        b in 0usize..6,
    ) {
        let tars: Vec<Vec<u8>> = layers.iter().map(|parts| tar_of(parts)).collect();
        let (indexes, slices) = stack(&tars);
        let (from, to) = (a.min(b).min(layers.len() - 1), (a.max(b) + 1).min(layers.len()));
        let (flat, flat_tar) = flatten_range(&indexes, &slices, from, to);
        let index = clean_index(&flat_tar);
        if is_broken(&Overlay::build(&indexes)) {
            return Ok(());
        }
        prop_assert_eq!(&flat.findings, &[]);
        let used = flat.plan.layers();
        prop_assert!(used.is_sorted(), "each layer is read once: {:?}", used);
        if from == 0 {
            prop_assert!(index.entries().all(|entry| !entry.name().windows(4).any(|bytes| bytes == b".wh.")));
        }

        let mut new_indexes = indexes[..from].to_vec();
        new_indexes.push(index);
        new_indexes.extend_from_slice(&indexes[to..]);
        let mut new_slices = slices[..from].to_vec();
        new_slices.push(&flat_tar);
        new_slices.extend_from_slice(&slices[to..]);
        for layers_above in 0..=indexes.len() - to {
            let (old, new) = (&indexes[..to + layers_above], &new_indexes[..from + 1 + layers_above]);
            let (old, new) = (Overlay::build(old), Overlay::build(new));
            prop_assert!(!is_broken(&new));
            prop_assert_eq!(describe_all(&new, &new_slices), describe_all(&old, &slices));
            prop_assert_eq!(root(&new), root(&old));
        }
    }

    #[test]
    fn exported_trees_and_folders_are_those_of_the_image(
        layers in prop::collection::vec(prop::collection::vec(any_entry(), 0..9), 1..4),
    ) {
        let tars: Vec<Vec<u8>> = layers.iter().map(|parts| tar_of(parts)).collect();
        let (indexes, slices) = stack(&tars);
        let image = Overlay::build(&indexes);
        let flat = export(&image);
        let written = execute(&flat.plan, &slices, &Files::default());
        let seen = Overlay::build(&[clean_index(&written)]);
        if !is_broken(&image) {
            prop_assert_eq!(describe_all(&seen, &[&written]), describe_all(&image, &slices));
            prop_assert_eq!(root(&seen), root(&image));
        }
        for top in image.walk() {
            let Some(flat) = folder(&image, top) else { continue };
            let written = execute(&flat.plan, &slices, &Files::default());
            let seen = Overlay::build(&[clean_index(&written)]);
            if is_broken(&image) {
                continue;
            }
            let top = image.path(top);
            let inside: Vec<Vec<u8>> = image.walk().map(|id| image.path(id)).filter_map(|path| path.strip_prefix(&top[..])?.strip_prefix(b"/").map(<[u8]>::to_vec)).collect();
            prop_assert_eq!(seen.walk().map(|id| seen.path(id)).collect::<Vec<_>>(), inside);
            for id in seen.walk() {
                let same = image.find(&[&top[..], b"/", &seen.path(id)].concat()).expect("a path");
                let (new, old) = (describe(&seen, &[&written], id), describe(&image, &slices, same));
                // All but the path and the names that share the file.
                let facts = |text: &str| text.split(' ').skip(1).take_while(|word| !word.starts_with('[')).map(str::to_owned).collect::<Vec<_>>();
                prop_assert_eq!(facts(&new), facts(&old));
            }
        }
    }
}
