//! Layers on top of each other: cases W1 to W18, and T16, T17 where they meet.

use std::sync::Arc;

use drydock::layer::{ChangeKind, Kind, Overlay};

use crate::layer_support::*;

#[track_caller]
fn case(layers: &[&[Vec<u8>]], expected: &[&str], broken: &[&str]) -> Overlay {
    let merged = overlay(layers);
    assert_eq!(
        (tree(&merged), overlay_rules(&merged)),
        (
            expected.iter().map(|line| (*line).to_owned()).collect(),
            broken.iter().map(|rule| (*rule).to_owned()).collect(),
        )
    );
    assert_eq!(merged.len(), expected.len());
    merged
}

fn empty(name: &str) -> Vec<u8> {
    file(name, "")
}

#[test]
fn w1_w2_whiteouts_that_name_nothing() {
    let base = [dir("etc"), empty("etc/a")];
    for name in [".wh.", "etc/.wh.", ".wh..", ".wh...", "etc/.wh..", "etc/.wh..."] {
        let unchanged = ["etc dir 1", "etc/a file 1"];
        case(&[&base, &[empty(name)]], &unchanged, &["layer.invalid-whiteout"]);
    }
}

#[test]
fn w3_reserved_names_delete_nothing() {
    let base = [empty("foo"), empty(".wh..wh.plnk")];
    for name in [".wh..wh.foo", ".wh..wh.plnk", ".wh..wh.aufs", ".wh..wh..opqx"] {
        case(&[&base[..1], &[empty(name)]], &["foo file 1"], &["layer.reserved-whiteout"]);
    }
}

#[test]
fn w4_a_whiteout_and_a_file_of_the_same_name() {
    let base = [empty("a")];
    case(&[&base, &[empty(".wh.a"), empty("a")]], &["a file 2"], &[]);
    case(&[&base, &[empty("a"), empty(".wh.a")]], &["a file 2"], &[]);
    case(&[&[empty("a"), empty(".wh.a")]], &["a file 1"], &[]);
}

#[test]
fn w5_w6_opaque_whiteouts() {
    let base = [dir("d"), empty("d/old"), dir("d/sub"), empty("d/sub/old")];
    for above in [
        [empty("d/.wh..wh..opq"), empty("d/new"), empty("d/sub/new")],
        [empty("d/new"), empty("d/.wh..wh..opq"), empty("d/sub/new")],
        [empty("d/new"), empty("d/sub/new"), empty("d/.wh..wh..opq")],
    ] {
        let merged = overlay(&[&base, &above]);
        let paths: Vec<String> = tree(&merged)
            .iter()
            .map(|line| line.split(' ').next().unwrap_or("").to_owned())
            .collect();
        assert_eq!(paths, ["d", "d/new", "d/sub", "d/sub/new"]);
    }
    let above = [empty("d/.wh..wh..opq"), empty("d/.wh.old"), empty("d/.wh.sub"), empty("d/new")];
    case(&[&base, &above], &["d dir 1", "d/new file 2"], &[]);
    case(
        &[&base, &[empty("none/.wh..wh..opq")]],
        &["d dir 1", "d/old file 1", "d/sub dir 1", "d/sub/old file 1"],
        &[],
    );
}

#[test]
fn w7_a_whiteout_of_a_directory_and_something_new_in_it() {
    let base = [Head::new("d", b'5').mode(0o700).done(), empty("d/old")];
    let merged =
        case(&[&base, &[empty(".wh.d"), empty("d/new")]], &["d dir 2", "d/new file 2"], &[]);
    let node = merged.node(merged.find(b"d").expect("d")).expect("d");
    assert_eq!((node.mode, node.uid, node.entry), (0o755, 0, None));
    let merged =
        case(&[&base, &[empty("d/new"), empty(".wh.d")]], &["d dir 1", "d/new file 2"], &[]);
    assert_eq!(merged.node(merged.find(b"d").expect("d")).map(|node| node.mode), Some(0o700));
}

#[test]
fn w8_a_whiteout_of_what_does_not_exist() {
    let merged = case(&[&[empty("a")], &[empty(".wh.b"), empty("x/y/.wh.z")]], &["a file 1"], &[]);
    assert_eq!(merged.changes(1), []);
}

#[test]
fn w9_whiteouts_and_symlinks() {
    let base = [dir("etc"), empty("etc/x"), symlink("localetc", "etc")];
    case(&[&base, &[empty(".wh.localetc")]], &["etc dir 1", "etc/x file 1"], &[]);
    case(&[&base, &[empty("localetc/.wh.x")]], &["etc dir 1", "localetc symlink 1 -> etc"], &[]);
    case(
        &[&base, &[empty("localetc/.wh..wh..opq")]],
        &["etc dir 1", "localetc symlink 1 -> etc"],
        &[],
    );
}

#[test]
fn w10_a_directory_with_the_name_of_a_whiteout() {
    let base = [dir("etc"), empty("etc/x")];
    case(
        &[&base, &[empty(".wh.etc/somefile")]],
        &[".wh.etc dir 2", ".wh.etc/somefile file 2", "etc dir 1", "etc/x file 1"],
        &["layer.whiteout-directory"],
    );
}

#[test]
fn w11_whiteouts_that_are_no_empty_files() {
    for whiteout in [
        file(".wh.a", "x"),
        dir(".wh.a"),
        dir(".wh.a/"),
        symlink(".wh.a", "b"),
        hardlink(".wh.a", "b"),
    ] {
        case(&[&[empty("a"), empty("b")], &[whiteout]], &["b file 1"], &["layer.whiteout-type"]);
    }
}

#[test]
fn w12_changes_of_kind() {
    let below = [dir("d"), empty("d/x"), empty("f"), symlink("l", "d")];
    case(&[&below, &[empty("d")]], &["d file 2", "f file 1", "l symlink 1 -> d"], &[]);
    case(
        &[&below, &[dir("f"), empty("f/x")]],
        &["d dir 1", "d/x file 1", "f dir 2", "f/x file 2", "l symlink 1 -> d"],
        &[],
    );
    case(
        &[&below, &[symlink("d", "f")]],
        &["d symlink 2 -> f", "f file 1", "l symlink 1 -> d"],
        &[],
    );
    case(
        &[&below, &[dir("l"), empty("l/y")]],
        &["d dir 1", "d/x file 1", "f file 1", "l dir 2", "l/y file 2"],
        &[],
    );
    case(
        &[&below, &[empty("f/in/file")]],
        &["d dir 1", "d/x file 1", "f dir 2", "f/in dir 2", "f/in/file file 2", "l symlink 1 -> d"],
        &["layer.parent-not-directory"],
    );
    let merged = case(
        &[&below[..2], &[Head::new("d", b'5').mode(0o1777).owner(5, 6).done()]],
        &["d dir 2", "d/x file 1"],
        &[],
    );
    let node = merged.node(merged.find(b"d").expect("d")).expect("d");
    assert_eq!((node.mode, node.uid, node.gid), (0o1777, 5, 6));
}

#[test]
fn w13_hardlinks_keep_their_file() {
    let below = [file("a", "12345"), hardlink("b", "a"), hardlink("c", "./a")];
    let merged = case(&[&below], &["a file 1", "b hardlink 1 => a", "c hardlink 1 => a"], &[]);
    let node = merged.node(merged.find(b"b").expect("b")).expect("b");
    assert_eq!((node.size, node.content.map(|entry| entry.entry)), (0, Some(0)));
    let merged = case(&[&below, &[empty(".wh.a")]], &["b file 1", "c hardlink 1 => b"], &[]);
    let node = merged.node(merged.find(b"b").expect("b")).expect("b");
    assert_eq!(
        (node.size, node.kind, node.content.map(|entry| entry.entry)),
        (5, Kind::File, Some(0))
    );
    case(&[&below, &[file("a", "new")]], &["a file 2", "b file 1", "c hardlink 1 => b"], &[]);
    case(
        &[&below, &[hardlink("d", "b")]],
        &["a file 1", "b hardlink 1 => a", "c hardlink 1 => a", "d hardlink 2 => a"],
        &[],
    );
    let in_order = [dir("x"), file("x/z", "1"), hardlink("x-y", "x/z"), hardlink("x/a", "x/z")];
    case(
        &[&in_order, &[empty("x/.wh.z")]],
        &["x dir 1", "x-y file 1", "x/a hardlink 1 => x-y"],
        &[],
    );
}

#[test]
fn w14_overlay_whiteouts_are_no_whiteouts() {
    let base = [dir("d"), empty("d/a")];
    let device = Head::new("d/a", b'3').device(0, 0).done();
    case(&[&base, &[device]], &["d dir 1", "d/a char 2"], &["layer.overlay-whiteout"]);
    let opaque = [pax(&[("SCHILY.xattr.trusted.overlay.opaque", b"y")]), dir("d")];
    case(&[&base, &opaque], &["d dir 2", "d/a file 1"], &["layer.overlay-whiteout"]);
}

#[test]
fn w15_opaque_at_the_root() {
    let base = [dir("d"), empty("d/a"), empty("b")];
    case(&[&base, &[empty(".wh..wh..opq"), empty("new")]], &["new file 2"], &[]);
    case(&[&base, &[empty("d/new"), empty("/.wh..wh..opq")]], &["d dir 1", "d/new file 2"], &[]);
}

#[test]
fn w16_a_removed_file_comes_back() {
    let layers: [&[Vec<u8>]; 4] =
        [&[dir("d"), file("d/a", "1")], &[empty("d/.wh.a")], &[empty("x")], &[file("d/a", "22")]];
    let merged = case(&layers, &["d dir 1", "d/a file 4", "x file 3"], &[]);
    let kinds = |layer| {
        merged
            .changes(layer)
            .iter()
            .map(|change| (merged.path(change.node), change.kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(1), [(b"d/a".to_vec(), ChangeKind::Removed)]);
    assert_eq!(kinds(3), [(b"d/a".to_vec(), ChangeKind::Added)]);
}

#[test]
fn w17_whiteouts_behind_parent_names() {
    case(
        &[&[dir("etc"), empty("etc/a"), empty("b")], &[empty("dne/../.wh.etc")]],
        &["b file 1"],
        &[],
    );
}

#[test]
fn w18_layers_apply_in_their_order() {
    let (a, b) = ([file("f", "1")], [file("f", "22")]);
    assert_eq!(overlay(&[&a, &b]).node(drydock::layer::NodeId(1)).map(|node| node.size), Some(2));
    assert_eq!(overlay(&[&b, &a]).node(drydock::layer::NodeId(1)).map(|node| node.size), Some(1));
    case(&[&[], &a, &[]], &["f file 2"], &[]);
    case(&[], &[], &[]);
}

#[test]
fn t16_parents_behind_symlinks() {
    let merged_usr = [dir("usr"), dir("usr/lib"), symlink("lib", "usr/lib")];
    case(
        &[&merged_usr, &[empty("lib/x"), empty("lib/sub/y")]],
        &[
            "lib symlink 1 -> usr/lib",
            "usr dir 1",
            "usr/lib dir 1",
            "usr/lib/sub dir 2",
            "usr/lib/sub/y file 2",
            "usr/lib/x file 2",
        ],
        &[],
    );
    case(
        &[&[dir("a"), symlink("a/up", "../../../b"), empty("a/up/x")]],
        &["a dir 1", "a/up symlink 1 -> ../../../b", "b dir 1", "b/x file 1"],
        &[],
    );
    case(
        &[&[symlink("abs", "/b/c"), empty("abs/x")]],
        &["abs symlink 1 -> /b/c", "b dir 1", "b/c dir 1", "b/c/x file 1"],
        &[],
    );
    case(
        &[&[symlink("a", "b"), symlink("b", "a"), empty("a/x"), empty("c")]],
        &["a symlink 1 -> b", "b symlink 1 -> a", "c file 1"],
        &["layer.symlink-loop"],
    );
    case(
        &[&[symlink("self", "self"), empty("self/x")]],
        &["self symlink 1 -> self"],
        &["layer.symlink-loop"],
    );
    let chain: Vec<Vec<u8>> = (0..100)
        .map(|at| symlink(format!("l{at:03}"), format!("l{:03}", at + 1)))
        .chain([dir("l100"), empty("l000/x")])
        .collect();
    let merged = overlay(&[&chain]);
    assert!(merged.find(b"l100/x").is_some());
    // A directory becomes a symlink in the middle of a layer.
    let turned = [dir("d"), empty("d/1"), dir("e"), symlink("d", "e"), empty("d/2")];
    case(&[&turned], &["d symlink 1 -> e", "e dir 1", "e/2 file 1"], &["layer.duplicate-path"]);
    let back = [dir("e"), symlink("d", "e"), empty("d/1"), dir("d"), empty("d/2")];
    case(&[&back], &["d dir 1", "d/2 file 1", "e dir 1", "e/1 file 1"], &["layer.duplicate-path"]);
    case(
        &[&[dir("e"), symlink("s", "e"), hardlink("h", "s"), empty("h/x")]],
        &["e dir 1", "e/x file 1", "h hardlink 1 => s", "s symlink 1 -> e"],
        &[],
    );
}

#[test]
fn t17_targets_of_hardlinks() {
    let broken = ["layer.hardlink-target"];
    case(&[&[hardlink("h", "missing")]], &["h hardlink 1 -> missing"], &broken);
    case(&[&[hardlink("h", "a"), empty("a")]], &["a file 1", "h hardlink 1 -> a"], &broken);
    case(&[&[dir("d"), hardlink("h", "d")]], &["d dir 1", "h hardlink 1 -> d"], &broken);
    case(
        &[&[empty("h"), hardlink("h", "h")]],
        &["h hardlink 1 -> h"],
        &["layer.duplicate-path", "layer.hardlink-target"],
    );
    case(&[&[empty("a")], &[empty(".wh.a"), hardlink("h", "a")]], &["h hardlink 2 -> a"], &broken);
    case(&[&[empty("a")], &[hardlink("h", "../../a")]], &["a file 1", "h hardlink 2 => a"], &[]);
    case(&[&[empty("a"), hardlink("h", "/a")]], &["a file 1", "h hardlink 1 => a"], &[]);
    case(
        &[&[dir("usr/lib"), symlink("lib", "usr/lib"), empty("usr/lib/a"), hardlink("h", "lib/a")]],
        &[
            "h hardlink 1 => usr/lib/a",
            "lib symlink 1 -> usr/lib",
            "usr dir 1",
            "usr/lib dir 1",
            "usr/lib/a file 1",
        ],
        &[],
    );
    let fifo = [Head::new("p", b'6').done(), hardlink("q", "p")];
    case(&[&fifo, &[empty(".wh.p")]], &["q fifo 1"], &[]);
}

#[test]
fn changes_of_a_layer() {
    let below = [
        dir("d"),
        file("d/a", "1"),
        file("d/b", "2"),
        symlink("l", "d"),
        dir("gone"),
        empty("gone/x"),
    ];
    let above = [
        dir("d"),
        file("d/a", "changed"),
        symlink("l", "d"),
        empty(".wh.gone"),
        empty("d-new"),
        empty("d/new"),
        empty("deep/er/file"),
    ];
    let merged = overlay(&[&below, &above]);
    let changes: Vec<String> = merged
        .changes(1)
        .iter()
        .map(|change| {
            format!(
                "{} {:?} {} {}",
                String::from_utf8_lossy(&merged.path(change.node)),
                change.kind,
                change.before.is_some(),
                change.after.is_some()
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            "d-new Added false true",
            "d/a Changed true true",
            "d/new Added false true",
            "deep Added false false",
            "deep/er Added false false",
            "deep/er/file Added false true",
            "gone Removed true false",
            "gone/x Removed true false",
        ]
    );
    assert_eq!(merged.changes(0).len(), 6);
    assert_eq!(merged.changes(2), []);
}

#[test]
fn a_layer_can_be_seen_as_it_stands() {
    let raw = Overlay::raw(layer(&[empty("d/.wh..wh..opq"), empty(".wh.a"), empty("a")]));
    assert_eq!(tree(&raw), [".wh.a file 1", "a file 1", "d dir 1", "d/.wh..wh..opq file 1"]);
    assert!(raw.findings().is_empty());
}

#[test]
fn the_walk_is_in_byte_order_of_paths() {
    let names = [
        "a", "a-b/c", "a/b", "a/b-c", "a/b/c", "a0", "a-/x", "a--/y", "b/a", "B", "a/b!/z",
        "\u{e9}/x",
    ];
    let merged = overlay(&[&names.map(empty)]);
    let paths: Vec<Vec<u8>> = merged.walk().map(|id| merged.path(id)).collect();
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(paths, sorted);
    for path in &paths {
        let id = merged.find(path).expect("found");
        assert_eq!(&merged.path(id), path);
        let node = merged.node(id).expect("live");
        assert!(merged.children(node.parent).contains(&id));
    }
    assert_eq!(merged.find(b"no/such"), None);
}

#[test]
fn many_opaque_whiteouts_and_removals_stay_linear() {
    let below: Vec<Vec<u8>> = (0..20_000).map(|at| empty(&format!("d/{at}"))).collect();
    let mut above: Vec<Vec<u8>> = (0..20_000).map(|at| empty(&format!("d/{at}"))).collect();
    above.extend((0..5_000).map(|_| empty("d/.wh..wh..opq")));
    above.extend((0..5_000).map(|_| empty(".wh.d")));
    let layers: Vec<Arc<_>> = [&below, &above, &below, &above].map(|parts| layer(parts)).to_vec();
    let start = std::time::Instant::now();
    let merged = Overlay::build(&layers);
    assert_eq!(merged.len(), 20_001);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
