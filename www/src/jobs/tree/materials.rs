//! Where a worker finds the layers of a tree, to read what is in their files.

use super::{Layer, Tree};
use crate::jobs::bytes::{self, Readable};
use crate::jobs::{Problem, no_sense};
use crate::worker::protocol::{BlobFrom, LayerAt};

/// All layers, the base first: their tars where these were kept, else their blobs.
///
/// # Errors
/// When a registry may not be asked, or an image from disk has no such blob.
pub(in crate::jobs) async fn of(tree: &Tree) -> Result<Readable<Vec<LayerAt>>, Problem> {
    let digest = |layer: &Layer| layer.descriptor.digest.clone();
    let elsewhere = tree.layers().iter().filter(|layer| tree.kept(&digest(layer)).is_none());
    let blobs: Vec<_> = elsewhere.map(|layer| (layer.place.clone(), digest(layer))).collect();
    let Readable { from, mut parts, slots } = bytes::find_all(Vec::new(), &blobs).await?;
    let mut from = from.into_iter();
    let mut layers = Vec::new();
    for layer in tree.layers() {
        let kept = tree.kept(&digest(layer));
        let is_tar = kept.is_some();
        let from = match kept {
            Some(tar) => {
                parts.push(tar.into());
                BlobFrom::Disk(parts.len() - 1)
            }
            None => from.next().ok_or_else(no_sense)?,
        };
        let size = layer.descriptor.size;
        layers.push(LayerAt { from, is_tar, digest: digest(layer), size, index: None });
    }
    Ok(Readable { from: layers, parts, slots })
}
