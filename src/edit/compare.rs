//! Does an image begin with the layers of a base?
//!
//! Layers are the same when their blobs are, or else when their tars are: a base may have been packed
//! anew since.

use std::fmt;

use crate::digest::{DiffId, Digest};

/// A layer as it is compared with that of a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFacts {
    /// Digest of the blob; `None` for one that is still to be built.
    pub digest: Option<Digest>,
    /// Digest of the tar.
    pub diff_id: Option<DiffId>,
}

/// By what all layers of a base are those of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameBy {
    /// By their blobs.
    Digest,
    /// Some only by their tars: they have been packed anew.
    DiffId,
}

/// The first layer in which an image and a base differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its number, counted from 1.
    pub layer: usize,
    /// The layer in the base.
    pub base: LayerFacts,
    /// The layer in the image; `None` when the image has fewer layers.
    pub image: Option<LayerFacts>,
}

/// Compares the layers of a base with the first layers of an image.
///
/// # Errors
/// The first layer in which they differ.
pub fn compare(base: &[LayerFacts], image: &[LayerFacts]) -> Result<SameBy, Box<Difference>> {
    let mut by = SameBy::Digest;
    for (at, base) in base.iter().enumerate() {
        let image = image.get(at);
        let digest = image.is_some_and(|i| i.digest.is_some() && i.digest == base.digest);
        let diff_id = image.is_some_and(|i| i.diff_id.is_some() && i.diff_id == base.diff_id);
        if !digest && !diff_id {
            let (layer, base, image) = (at + 1, base.clone(), image.cloned());
            return Err(Box::new(Difference { layer, base, image }));
        }
        if !digest {
            by = SameBy::DiffId;
        }
    }
    Ok(by)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, base, image } = self;
        match image {
            None => write!(f, "the base has a layer {layer}, {base}, but the image ends before it"),
            Some(image) => {
                write!(f, "layer {layer} of the base is {base}, but that of the image is {image}")
            }
        }
    }
}

impl fmt::Display for LayerFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.digest, &self.diff_id) {
            (Some(digest), Some(diff_id)) => write!(f, "{digest} (diff ID {diff_id})"),
            (Some(digest), None) => digest.fmt(f),
            (None, Some(diff_id)) => write!(f, "one with the diff ID {diff_id}"),
            (None, None) => f.write_str("one that is still to be built"),
        }
    }
}
