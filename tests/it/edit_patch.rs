//! Changes of files that follow one another in one layer.

use drydock::edit::{
    Action, Base, Draft, Edit, Family, LayerEdit, LayerInput, Packing, last_change, together,
};
use drydock::layer::write::{Keep, NewEntry, NewNode};

use crate::edit_support::file;

fn entry(path: &str, node: NewNode) -> NewEntry {
    NewEntry { mode: 0o755, node, ..file(path) }
}

#[test]
fn the_later_change_counts() {
    let before = [entry("etc", NewNode::Directory), file("etc/a"), file("x")];
    let later = NewEntry { mtime: 7, ..file("etc/a") };
    let after = vec![later.clone(), entry("x", NewNode::Whiteout)];
    let both = together(&before, after).expect("one layer");
    assert_eq!(both, [entry("etc", NewNode::Directory), later, entry("x", NewNode::Whiteout)]);
}

#[test]
fn what_lies_below_something_removed_goes_with_it() {
    let gone = entry("etc", NewNode::Whiteout);
    let both = together(&[entry("etc", NewNode::Directory), file("etc/a")], vec![gone.clone()]);
    assert_eq!(both, Some(vec![gone.clone()]));
    // What is put there later can't be in the same layer.
    assert_eq!(together(&[gone], vec![file("etc/a")]), None);
}

#[test]
fn what_is_kept_is_what_the_change_before_has_made() {
    let text = |keep| NewEntry { keep, mode: 0o600, uid: 9, ..file("a") };
    let mode = NewEntry {
        keep: Keep { mode: false, ..Keep::ALL },
        mode: 0o4755,
        ..entry("a", NewNode::Existing)
    };
    // A text after a mode has that mode, and still keeps the rest of the image's file.
    let both = together(std::slice::from_ref(&mode), vec![text(Keep::ALL)]).expect("one layer");
    let [one] = both.as_slice() else { panic!("one entry") };
    assert_eq!((one.mode, one.keep), (0o4755, Keep { mode: false, ..Keep::ALL }));
    assert!(matches!(one.node, NewNode::File { .. }));
    // A mode after a text has that text.
    let both = together(&[text(Keep::ALL)], vec![mode.clone()]).expect("one layer");
    assert_eq!(both, [NewEntry { node: file("a").node, uid: 9, ..mode.clone() }]);
    // What was removed before leaves nothing.
    let gone = entry("a", NewNode::Whiteout);
    let both = together(std::slice::from_ref(&gone), vec![text(Keep::ALL)]).expect("one layer");
    assert_eq!(both, [text(Keep::default())]);
    assert_eq!(together(std::slice::from_ref(&gone), vec![mode]), Some(vec![gone]));
}

/// Where a second change of a file begins.
#[test]
fn the_last_change_of_a_file_is_found() {
    let mut draft = Draft::new(Base::EmptyIndex { family: Family::Oci });
    let packing = Packing::default();
    let patch = |entries: Vec<NewEntry>| {
        let entries = entries.into();
        Action::Layers(LayerEdit::Patch { entries, packing })
    };
    let (amd64, arm64) = ("linux/amd64".parse().unwrap(), "linux/arm64".parse().unwrap());
    let first = NewEntry { mtime: 1, ..file("etc/a") };
    let added = LayerInput::Files { entries: [first.clone(), file("opt/b")].into(), packing };
    let base = Default::default();
    draft.edits.push(Edit::all(Action::Layers(LayerEdit::Add { layer: added, base })));
    let second = NewEntry { mtime: 2, ..file("etc/a") };
    draft.edits.push(Edit::on(vec![arm64], patch(vec![second.clone()])));
    let gone = entry("opt", NewNode::Whiteout);
    draft.edits.push(Edit::all(patch(vec![gone.clone(), entry("etc/a", NewNode::Existing)])));
    let arm64 = "linux/arm64".parse().unwrap();
    assert_eq!(last_change(&draft, Some(&arm64), "etc/a"), Some(&second));
    assert_eq!(last_change(&draft, Some(&amd64), "etc/a"), Some(&first));
    assert_eq!(last_change(&draft, None, "opt/b"), Some(&gone));
    assert_eq!(last_change(&draft, None, "optional"), None);
    assert_eq!(last_change(&draft, None, "etc"), None);
}
