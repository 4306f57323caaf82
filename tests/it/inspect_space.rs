//! What weighs: files that layers hold for nothing, duplicates, and dive's figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drydock::inspect::space::{How, Score, Space};
use drydock::layer::{Index, Kind, Overlay};
use proptest::prelude::*;

use crate::layer_support::{dir, file, hardlink, summed as layer, symlink};

/// Layers on each other, with a digest of each file.
fn overlay(layers: &[&[Vec<u8>]]) -> Overlay {
    Overlay::build(&layers.iter().map(|parts| layer(parts)).collect::<Vec<_>>())
}

fn space(layers: &[&[Vec<u8>]]) -> Space {
    Space::of(&overlay(layers))
}

/// Layer, the layer that took it away, how, files, bytes and the largest path of each row.
fn rows(space: &Space) -> Vec<(usize, usize, How, u64, u64, &str)> {
    let row = space.waste.iter().map(|waste| {
        let path = waste.largest.first().map_or("", |path| path.path.as_str());
        (waste.layer, waste.by, waste.how, waste.files, waste.bytes, path)
    });
    row.collect()
}

fn text(length: usize) -> String {
    "x".repeat(length)
}

#[test]
fn each_way_to_waste_is_told_apart() {
    let base = [
        dir("etc"),
        file("etc/conf", text(100)),
        file("big/a", text(3000)),
        file("big/b", text(2000)),
        file("same", text(700)),
        file("stays", text(10)),
    ];
    let second = [
        file("etc/conf", text(120)),
        file("same", text(700)),
        file(".wh.big", ""),
        file("tmp/x", text(50)),
        file("tmp/x", text(60)),
    ];
    let third = [file("tmp/.wh..wh..opq", ""), file("tmp/y", text(5))];
    let space = space(&[&base, &second, &third]);
    assert_eq!(
        rows(&space),
        [
            (1, 2, How::Removed, 2, 5000, "big/a"),
            (1, 2, How::Rewritten, 1, 700, "same"),
            (1, 2, How::Replaced, 1, 100, "etc/conf"),
            (2, 3, How::Removed, 1, 60, "tmp/x"),
            (2, 2, How::Replaced, 1, 50, "tmp/x"),
        ]
    );
    let wasted: Vec<u64> = space.layers.iter().map(|layer| layer.wasted_bytes).collect();
    assert_eq!(wasted, [5800, 110, 0]);
    assert_eq!((space.bytes, space.wasted_bytes), (5810 + 930 + 5, 5910));
    assert!((space.efficiency - (1.0 - 5910.0 / 6745.0)).abs() < 1e-12);
    let largest: Vec<_> =
        space.largest.iter().map(|it| (it.path.as_str(), it.bytes, it.layer)).collect();
    assert_eq!(
        largest,
        [("same", 700, 2), ("etc/conf", 120, 2), ("stays", 10, 1), ("tmp/y", 5, 3)]
    );
}

#[test]
fn a_file_that_another_name_has_is_not_wasted() {
    let base = [file("a", text(100)), hardlink("b", "a")];
    assert_eq!(rows(&space(&[&base, &[file(".wh.a", "")]])), []);
    // The last name that goes says who took it away.
    let third = [file("b", text(1))];
    assert_eq!(
        rows(&space(&[&base, &[file(".wh.a", "")], &third])),
        [(1, 3, How::Replaced, 1, 100, "b")]
    );
    // A name that comes back.
    let again = [file(".wh.a", ""), hardlink("c", "b")];
    assert_eq!(rows(&space(&[&base, &again, &[file(".wh.b", "")]])), []);
}

#[test]
fn what_lies_behind_a_symlink_is_replaced_there() {
    let base = [dir("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/so", text(100))];
    assert_eq!(
        rows(&space(&[&base, &[file("lib/so", text(90))]])),
        [(1, 2, How::Replaced, 1, 100, "usr/lib/so")]
    );
}

#[test]
fn what_a_file_takes_the_place_of_is_wasted() {
    let base = [dir("d"), file("d/x", text(7)), file("d/y", text(8))];
    assert_eq!(rows(&space(&[&base, &[file("d", text(1))]])), [(1, 2, How::Removed, 2, 15, "d/y")]);
}

#[test]
fn duplicates_are_files_not_names() {
    let base = [
        file("a", text(500)),
        hardlink("a2", "a"),
        file("b", text(500)),
        file("empty", ""),
        file("e2", ""),
    ];
    let second = [file("c", text(500)), file("d", text(20)), file("e", text(20))];
    let space = space(&[&base, &second]);
    let found: Vec<_> = space
        .duplicates
        .iter()
        .map(|it| {
            let paths: Vec<_> =
                it.paths.iter().map(|path| (path.path.as_str(), path.layer)).collect();
            (it.files, it.bytes, it.too_many(), paths)
        })
        .collect();
    assert_eq!(
        found,
        [(3, 500, 1000, vec![("a", 1), ("b", 1), ("c", 2)]), (2, 20, 20, vec![("d", 2), ("e", 2)])]
    );
    assert_eq!(space.duplicate_bytes, 1020);
}

#[test]
fn folders_are_divided_while_that_tells_something() {
    let mut base = vec![file("usr/lib/large", text(6000)), file("usr/lib/other", text(3000))];
    base.extend((0..50).map(|at| file(format!("usr/share/doc/{at}"), text(10))));
    let second = [file(".wh.usr", ""), file("opt/app", text(500))];
    let space = space(&[&base, &second]);
    let parts: Vec<_> = space
        .folders
        .iter()
        .map(|it| (it.path.as_str(), it.bytes, it.wasted_bytes, it.layer, it.is_rest))
        .collect();
    assert_eq!(
        parts,
        [
            ("usr/lib/large", 6000, 6000, 1, false),
            ("usr/lib/other", 3000, 3000, 1, false),
            ("opt/app", 500, 0, 2, false),
            ("usr/share/doc", 500, 500, 1, false),
        ]
    );
}

#[test]
fn without_digests_of_files_duplicates_are_not_known() {
    let parts = [file("a", text(5)), file("b", text(5))];
    let of = |index: Arc<Index>| {
        let space = Space::of(&Overlay::build(&[index]));
        (space.compared, space.duplicates.len())
    };
    assert_eq!(of(crate::layer_support::layer(&parts)), (false, 0));
    assert_eq!(of(layer(&parts)), (true, 1));
}

#[test]
fn an_image_of_nothing_wastes_nothing() {
    for layers in [&[][..], &[&[][..]], &[&[dir("d"), file("d/x", "")][..]]] {
        let space = space(layers);
        assert_eq!((space.bytes, space.wasted_bytes, rows(&space)), (0, 0, vec![]));
        assert_eq!((space.efficiency, space.dive.efficiency), (1.0, 1.0));
        assert_eq!(space.dive.wasted_user_share, None);
    }
}

#[test]
fn dive_counts_as_it_does() {
    let score = |layers: &[&[Vec<u8>]]| {
        let score = space(layers).dive;
        let thousandth = |share: f64| (share * 1000.0).round();
        (thousandth(score.efficiency), score.wasted_bytes, score.wasted_user_share.map(thousandth))
    };
    let base = [dir("d"), file("d/x", text(60)), file("d/y", text(40)), file("f", text(100))];
    // All copies count, and the smallest one is not lost.
    assert_eq!(score(&[&base, &[file("f", text(50))]]), (600.0, 150, Some(3000.0)));
    // A file that is removed is lost whole.
    assert_eq!(score(&[&base, &[file(".wh.f", "")]]), (500.0, 100, None));
    // A directory that is removed costs nothing, and counts for and against.
    assert_eq!(score(&[&base, &[file(".wh.d", ""), file("g", text(100))]]), (1000.0, 0, Some(0.0)));
    // What was in it and comes again counts.
    let again = [file("d/x", text(60))];
    assert_eq!(score(&[&base, &[file(".wh.d", "")], &again]), (833.0, 120, Some(2000.0)));
    // An opaque whiteout does nothing.
    assert_eq!(
        score(&[&base, &[file("d/.wh..wh..opq", ""), file("z", text(1))]]),
        (1000.0, 0, Some(0.0))
    );
    // A whiteout of nothing ends the count of its layer: b is counted, f is not.
    let dangling = [file("b", text(1)), file("f", text(100)), file("c/.wh.none", "")];
    assert_eq!(score(&[&base, &dangling]), (995.0, 0, Some(0.0)));
    // As dive 0.13 says of the same layers.
    let layers: [&[Vec<u8>]; 4] = [
        &[
            dir("d"),
            file("d/x", text(60)),
            file("d/y", text(40)),
            dir("e"),
            file("e/1", text(33)),
            file("f", text(100)),
            dir("g"),
            file("g/q", text(500)),
            hardlink("h", "f"),
        ],
        &[
            file(".wh.d", ""),
            file("aa", text(9)),
            dir("c"),
            file("c/.wh.none", ""),
            file("f", text(120)),
            dir("g"),
            file("g/.wh.q", ""),
            file("zz", text(5)),
        ],
        &[
            dir("d"),
            file("d/x", text(60)),
            dir("e"),
            file("e/.wh..wh..opq", ""),
            file("e/2", text(7)),
            file("zz", text(5)),
        ],
        &[file(".wh.e", ""), file(".wh.h", ""), file("new", text(3))],
    ];
    let score = space(&layers).dive;
    assert!((score.efficiency - 0.936_259_143_155_694_9).abs() < 1e-12, "{score:?}");
    assert_eq!(score.wasted_bytes, 120);
}

/// An entry of a made-up layer.
#[derive(Clone, Debug)]
enum Made {
    File(String, usize),
    Directory(String),
    Whiteout(String),
    Opaque(String),
}

fn made() -> impl Strategy<Value = Made> {
    let part = prop::sample::select(vec!["a", "b", "c"]);
    let path = prop::collection::vec(part, 1..=3).prop_map(|parts| parts.join("/"));
    (path, 0_usize..4, 0_usize..400).prop_map(|(path, kind, size)| match kind {
        0 | 1 => Made::File(path, size),
        2 => Made::Directory(path),
        _ if size < 100 => Made::Opaque(path),
        _ => Made::Whiteout(path),
    })
}

fn written(entries: &[Made]) -> Arc<Index> {
    let of = |entry: &Made| match entry {
        Made::File(path, size) => file(path, text(*size)),
        Made::Directory(path) => dir(path),
        Made::Opaque(path) => file(format!("{path}/.wh..wh..opq"), ""),
        Made::Whiteout(path) => match path.rsplit_once('/') {
            Some((above, name)) => file(format!("{above}/.wh.{name}"), ""),
            None => file(format!(".wh.{path}"), ""),
        },
    };
    layer(&entries.iter().map(of).collect::<Vec<_>>())
}

/// The files of the tree that layers leave, by unpacking them into a map: whiteouts first, as they mean
/// the layers below.
fn left(layers: &[Vec<Made>]) -> BTreeSet<(usize, usize)> {
    let mut tree: BTreeMap<String, Option<(usize, usize)>> = BTreeMap::new();
    let remove = |tree: &mut BTreeMap<String, Option<(usize, usize)>>, path: &str| {
        tree.retain(|at, _| at != path && !at.starts_with(&format!("{path}/")));
    };
    for (number, layer) in layers.iter().enumerate() {
        for entry in layer {
            match entry {
                Made::Whiteout(path) => remove(&mut tree, path),
                Made::Opaque(path) => tree.retain(|at, _| !at.starts_with(&format!("{path}/"))),
                _ => {}
            }
        }
        for (at, entry) in layer.iter().enumerate() {
            let (path, what) = match entry {
                Made::File(path, _) => (path, Some((number, at))),
                Made::Directory(path) => (path, None),
                _ => continue,
            };
            for (end, _) in path.match_indices('/') {
                if tree.get(&path[..end]) != Some(&None) {
                    tree.insert(path[..end].to_owned(), None);
                }
            }
            if what.is_some() || tree.get(path) != Some(&None) {
                remove(&mut tree, path);
                tree.insert(path.clone(), what);
            }
        }
    }
    tree.into_values().flatten().collect()
}

proptest! {
    #[test]
    fn wasted_is_what_unpacking_does_not_leave(
        layers in prop::collection::vec(prop::collection::vec(made(), 0..8), 1..5),
    ) {
        let indexes: Vec<Arc<Index>> = layers.iter().map(|layer| written(layer)).collect();
        let space = Space::of(&Overlay::build(&indexes));
        let left = left(&layers);
        for (number, layer) in layers.iter().enumerate() {
            let files = layer.iter().enumerate().filter_map(|(at, entry)| match entry {
                Made::File(_, size) => Some((at, *size as u64)),
                _ => None,
            });
            let wasted = files.filter(|(at, _)| !left.contains(&(number, *at)));
            let wasted: u64 = wasted.map(|(_, size)| size).sum();
            prop_assert_eq!(space.layers[number].wasted_bytes, wasted, "layer {}", number);
        }
        let rows: u64 = space.waste.iter().map(|waste| waste.bytes).sum();
        prop_assert_eq!(rows, space.wasted_bytes);
        prop_assert!(space.waste.iter().all(|waste| waste.by >= waste.layer));
        prop_assert!((0.0..=1.0).contains(&space.efficiency));
        // A whiteout of nothing takes a byte from it, also where there is none.
        prop_assert!(space.dive.efficiency <= 1.0);
        let files = indexes.iter().flat_map(|index| index.entries().collect::<Vec<_>>());
        let bytes: u64 = files.filter(|entry| entry.kind == Kind::File).map(|entry| entry.size).sum();
        prop_assert_eq!(space.bytes, bytes);
        prop_assert_eq!(Score::of(&indexes), space.dive);
        let folders = space.folders.iter();
        let parts = folders.fold((0, 0), |sum, it| (sum.0 + it.bytes, sum.1 + it.wasted_bytes));
        prop_assert_eq!(parts, (space.bytes, space.wasted_bytes));
    }
}
