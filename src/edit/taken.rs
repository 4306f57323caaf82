//! What edits take away, and where the layers are that are left: whoever takes files away wants to know
//! whether something still needs them.

use std::collections::BTreeMap;

use crate::descriptor::Descriptor;
use crate::digest::{DiffId, Digest};
use crate::edit::action::{Action, LayerEdit};
use crate::edit::change::{Change, Origin};
use crate::edit::draft::Draft;
use crate::edit::pinned::Pinned;
use crate::edit::recipe::{Recipe, RecipeId};
use crate::edit::view::manifest_of;
use crate::platform::Platform;

/// A layer of a change, and which image has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What the manifest says of it.
    pub descriptor: Descriptor,
    /// Digest of its tar, as the config says.
    pub diff_id: Option<DiffId>,
    /// The image; `None` for a layer that was made for the draft.
    pub of: Option<Pinned>,
}

impl Draft {
    /// Whether an edit takes layers or files away.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        self.edits.iter().any(|edit| match &edit.action {
            Action::Rebase(_) => true,
            Action::Layers(edit) => matches!(
                edit,
                LayerEdit::Remove { .. }
                    | LayerEdit::RemoveCreatedBy { .. }
                    | LayerEdit::Strip { .. }
            ),
            _ => false,
        })
    }

    /// The paths that edits strip.
    #[must_use]
    pub fn stripped(&self) -> Vec<String> {
        let paths = self.edits.iter().filter_map(|edit| match &edit.action {
            Action::Layers(LayerEdit::Strip { paths, .. }) => Some(paths),
            _ => None,
        });
        paths.flatten().cloned().collect()
    }
}

/// Paths that were to be taken out of layers and were in none of them; `absent` says it of each recipe
/// that was built.
#[must_use]
pub fn absent_everywhere(change: &Change, absent: &BTreeMap<RecipeId, Vec<String>>) -> Vec<String> {
    let mut paths: BTreeMap<&String, bool> = BTreeMap::new();
    for (id, recipe) in change.recipes.iter().chain(&change.idle) {
        let (Recipe::Strip { paths: asked, .. }, Some(lacks)) = (recipe, absent.get(id)) else {
            continue;
        };
        for path in asked {
            *paths.entry(path).or_insert(true) &= lacks.contains(path);
        }
    }
    paths.into_iter().filter(|(_, everywhere)| *everywhere).map(|(path, _)| path.clone()).collect()
}

/// The layers of one platform as the edits leave them, the base first; `None` for what has no config, or
/// layers of which nobody knows where they are.
#[must_use]
pub fn placed_layers(
    change: &Change,
    draft: &Draft,
    shown: Option<&Platform>,
) -> Option<Vec<Placed>> {
    let manifest = manifest_of(change, shown)?.manifest()?;
    let config = change.document(&manifest.config.as_ref()?.digest)?.config()?;
    let origins: BTreeMap<&Digest, &Origin> =
        change.blobs.iter().rev().map(|blob| (&blob.descriptor.digest, &blob.origin)).collect();
    let of = |digest: &Digest| match origins.get(digest)? {
        Origin::Kept => draft.base.image().cloned().map(Some),
        Origin::Other(pinned) => Some(Some(pinned.clone())),
        Origin::Recipe(_) | Origin::Supplied => Some(None),
    };
    let layers = manifest.layers.iter().enumerate().map(|(at, layer)| {
        let descriptor = layer.descriptor.clone();
        let diff_id = config.diff_ids.get(at).cloned().flatten();
        Some(Placed { of: of(&descriptor.digest)?, descriptor, diff_id })
    });
    layers.collect()
}
