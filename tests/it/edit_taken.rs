//! What edits take away, and where the layers are that are left.

use std::collections::BTreeMap;

use drydock::digest::DiffId;
use drydock::edit::{
    Action, Edit, LayerEdit, Placed, RecipeId, Which, absent_everywhere, placed_layers,
};

use crate::edit_support::*;

fn layers_of(edits: impl IntoIterator<Item = LayerEdit>) -> Vec<Edit> {
    all(edits.into_iter().map(Action::Layers))
}

fn strip(paths: &[&str], layers: Which) -> LayerEdit {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    LayerEdit::Strip { paths, layers, packing: None }
}

#[test]
fn what_takes_something_away_is_told_from_what_does_not() {
    let image = image("linux/amd64", &["a", "b"]);
    let of = |edits| draft(&image, edits);
    assert!(!of(Vec::new()).takes_away());
    assert!(!of(all([env("A", Some("b")), given("x")])).takes_away());
    assert!(of(layers_of([LayerEdit::Remove { layer: 2 }])).takes_away());
    assert!(of(layers_of([LayerEdit::RemoveCreatedBy { text: "a".to_owned() }])).takes_away());
    let stripping = of(layers_of([
        strip(&["/etc/a", "/b"], Which::All),
        LayerEdit::Remove { layer: 1 },
        strip(&["/c"], Which::These(vec![1])),
    ]));
    assert!(stripping.takes_away());
    assert_eq!(stripping.stripped(), ["/etc/a", "/b", "/c"]);
}

#[test]
fn layers_are_those_of_the_base_or_made_for_the_draft() {
    let image = image("linux/amd64", &["a", "b", "c"]);
    let mut edits = layers_of([LayerEdit::Remove { layer: 2 }]);
    edits.extend(all([given("x")]));
    let (change, draft) = (edited(&image, edits.clone()), draft(&image, edits));
    let placed = placed_layers(&change, &draft, None).expect("layers");
    let base = draft.base.image();
    let of: Vec<Option<_>> = placed.iter().map(|layer| layer.of.as_ref()).collect();
    assert_eq!(of, [base, base, None]);
    let tars: Vec<_> = placed.iter().take(2).map(|layer| layer.diff_id.clone()).collect();
    assert_eq!(tars, [Some(DiffId(diff_id("a"))), Some(DiffId(diff_id("c")))]);
    assert!(base.is_some() && placed.iter().all(|layer: &Placed| layer.descriptor.size > 0));
}

#[test]
fn a_path_is_absent_when_no_layer_had_it() {
    let image = multi(&["a", "b"]);
    let edits = layers_of([strip(&["/etc/a", "/b"], Which::All)]);
    let change = plan(&image, &draft(&image, edits), &[]).expect("planned");
    let recipes = change.recipes.iter().chain(&change.idle);
    let ids: Vec<RecipeId> = recipes.map(|(id, _)| id.clone()).collect();
    assert!(ids.len() > 1, "a recipe for each layer");
    let lacks = |id: &RecipeId, paths: &[&str]| {
        (id.clone(), paths.iter().map(|path| (*path).to_owned()).collect::<Vec<String>>())
    };
    let both = ["etc/a", "b"];
    let nowhere: BTreeMap<_, _> = ids.iter().map(|id| lacks(id, &both)).collect();
    assert_eq!(absent_everywhere(&change, &nowhere), ["b", "etc/a"]);
    let mut once = nowhere;
    once.extend([lacks(&ids[0], &["etc/a"])]);
    assert_eq!(absent_everywhere(&change, &once), ["etc/a"]);
    // Of a layer that was not built nobody knows.
    assert_eq!(absent_everywhere(&change, &BTreeMap::new()), [""; 0]);
}
