//! Which layers do two images share?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::{DiffId, Digest};
use crate::words;

/// A layer of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerSide {
    /// Digest of the blob.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// Digest of the tar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_id: Option<DiffId>,
}

/// The layers of two images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layers {
    /// Those of the first image, the base first, and whether the second one has such a blob.
    pub before: Vec<(LayerSide, bool)>,
    /// Those of the second image, and whether the first one has such a blob.
    pub after: Vec<(LayerSide, bool)>,
    /// How many of the first ones have the same blobs.
    pub same_from_base: usize,
    /// How many of the first ones have the same tars; some may be packed anew.
    pub same_tars_from_base: usize,
    /// Bytes that a pull of the second image fetches where the first one is.
    pub to_fetch: u64,
}

impl Layers {
    pub(super) fn compare(before: &[LayerSide], after: &[LayerSide]) -> Self {
        let has = |layers: &[LayerSide]| -> BTreeSet<Digest> {
            layers.iter().map(|layer| layer.digest.clone()).collect()
        };
        let (ours, theirs) = (has(before), has(after));
        let marked = |layers: &[LayerSide], other: &BTreeSet<Digest>| {
            let marked = layers.iter().map(|layer| (layer.clone(), other.contains(&layer.digest)));
            marked.collect::<Vec<_>>()
        };
        let together = || before.iter().zip(after);
        let is_tar = |one: &LayerSide, other: &LayerSide| {
            one.digest == other.digest || (one.diff_id.is_some() && one.diff_id == other.diff_id)
        };
        let mut fetched = BTreeSet::new();
        let to_fetch = after.iter().filter(|layer| !ours.contains(&layer.digest));
        let to_fetch = to_fetch.filter(|layer| fetched.insert(&layer.digest));
        Self {
            to_fetch: to_fetch.fold(0, |sum, layer| sum.saturating_add(layer.size)),
            before: marked(before, &theirs),
            after: marked(after, &ours),
            same_from_base: together()
                .take_while(|(one, other)| one.digest == other.digest)
                .count(),
            same_tars_from_base: together().take_while(|(one, other)| is_tar(one, other)).count(),
        }
    }

    /// Whether both have the same blobs in the same order.
    #[must_use]
    pub fn are_same(&self) -> bool {
        self.before.len() == self.after.len() && self.same_from_base == self.before.len()
    }

    /// What is to be said of them, when they are not the same.
    #[must_use]
    pub fn sentence(&self) -> String {
        let is_repacked =
            self.before.len() == self.after.len() && self.same_tars_from_base == self.before.len();
        if is_repacked {
            return "The layers are packed otherwise; their tars are the same.".to_owned();
        }
        let shared = self.after.iter().filter(|(_, is_shared)| *is_shared).count();
        format!(
            "The second image has {shared} of its {} from the first one.",
            words::plural(self.after.len(), "layer", "layers")
        )
    }
}
