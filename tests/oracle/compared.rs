//! Two images compared, and what a layer's files come to. The truth is what umoci unpacks of both.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::compare::files::{Differences, FileChange};
use drydock::inspect::space::Space;
use drydock::layer::{Index, Kind, Overlay};

use crate::cases::{Case, cases};
use crate::images::Made;
use crate::judges::trees;
use crate::layer_support::read_with;
use crate::peers;
use crate::trees::Tree;

fn overlay(tars: &[Vec<u8>]) -> Arc<Overlay> {
    let summed = |tar: &Vec<u8>| -> Arc<Index> {
        let options = drydock::layer::ReadOptions { file_digests: true, ..Default::default() };
        Arc::new(read_with(tar, options, 4096).index.expect("an index"))
    };
    Arc::new(Overlay::build(&tars.iter().map(summed).collect::<Vec<_>>()))
}

/// What two trees on disk come to, as lines of kind, mode, owner, time and content tell it. Times of
/// directories and symlinks are those of who unpacks, where no layer names them.
fn truth(before: &Tree, after: &Tree) -> BTreeMap<String, &'static str> {
    let fields = |line: &String| {
        let line = line.split(" shared by ").next().unwrap_or_default().to_owned();
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let paths = before.keys().chain(after.keys());
    let changes = paths.filter_map(|path| {
        let change = match (before.get(path).map(fields), after.get(path).map(fields)) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(one), Some(two)) if one[0] != two[0] || one[4..] != two[4..] => "changed",
            (Some(one), Some(two)) if one[1..3] != two[1..3] => "metadata",
            (Some(one), Some(two)) if one[3] != two[3] && one[0] == "file" => "times",
            _ => return None,
        };
        Some((path.clone(), change))
    });
    changes.collect()
}

fn told(before: &Arc<Overlay>, after: &Arc<Overlay>) -> BTreeMap<String, &'static str> {
    let differences = Differences::between(before, after);
    let changes = differences.iter().filter_map(|it| {
        let is_file = it.after.as_ref().is_some_and(|facts| facts.kind == Kind::File);
        let change = match it.change {
            FileChange::Added => "added",
            FileChange::Removed => "removed",
            FileChange::Changed => "changed",
            FileChange::Metadata => "metadata",
            FileChange::Times if is_file => "times",
            FileChange::Times => return None,
        };
        let path = it.path.as_bytes().escape_ascii().to_string();
        Some((path, change))
    });
    changes.collect()
}

#[test]
fn each_layer_changes_what_two_unpacked_trees_differ_in() {
    let peer = peers::debian();
    for Case { name, layers, .. } in cases() {
        let repository = format!("compared/{name}");
        let unpacked = |count: usize| {
            let tag = format!("{count}");
            Made::new(&layers[..count]).make().push(peer, &repository, &tag);
            trees(peer, &repository, &tag).remove("linux/amd64").expect("a tree")
        };
        let all: Vec<Tree> = (1..=layers.len()).map(unpacked).collect();
        for (at, pair) in all.windows(2).enumerate() {
            let (one, two) = (overlay(&layers[..=at]), overlay(&layers[..=at + 1]));
            assert_eq!(told(&one, &two), truth(&pair[0], &pair[1]), "{name}, layer {}", at + 2);
            assert_eq!(told(&two, &one), truth(&pair[1], &pair[0]), "{name}, back");
        }
        // What is not wasted is what the tree on disk has: names of one file count once.
        let whole = overlay(&layers);
        let space = Space::of(&whole);
        let ids = whole.walk().filter_map(|id| whole.node(id));
        let kept: u64 = ids.map(|node| node.size).sum();
        assert_eq!(space.bytes - space.wasted_bytes, kept, "{name}");
    }
}
