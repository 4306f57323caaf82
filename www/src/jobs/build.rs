//! Layers that are made here, in workers, onto the browser's disk.

use std::collections::BTreeMap;

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::edit::{Built, Contents, Input, Made, Packing, Recipe};
use futures_util::future::try_join_all;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::bytes::{self, Readable};
use super::{Problem, ProblemKind, Progress, no_sense, tab, tree};
use crate::disk;
use crate::net::place::{self, Place};
use crate::worker::pool::Order;
use crate::worker::protocol::{BuildWork, FileAt, LayerAt, Outcome, Work};

/// Where everything is that recipes name.
#[derive(Clone, Debug, Default)]
pub struct Supplies {
    /// Layers that exist, and the repository that has each.
    pub places: BTreeMap<Digest, Place>,
    /// Files that the user chose.
    pub contents: Contents,
    /// What came of recipes that were built before.
    pub built: Built,
}

/// Makes the layer of a recipe. Layers that it takes are read to their ends, and compared with
/// their digests, before anything is kept.
///
/// # Errors
/// When something that it names can't be read or is not what it should be, what it asks for makes
/// no sense, or there is no room on the disk.
pub async fn build(
    recipe: &Recipe,
    supplies: &Supplies,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Made, Problem> {
    let mut parts = Vec::new();
    let mut blobs = Vec::new();
    let mut layers = Vec::new();
    let mut wanted = Vec::new();
    for input in recipe.inputs() {
        let (at, descriptor, diff_id) = layer(input, supplies)?;
        let index = recipe.needs_indexes().then_some(blobs.len());
        layers.push((descriptor.size, index));
        blobs.push((at.clone(), descriptor.digest.clone()));
        wanted.push((at, descriptor, diff_id));
    }
    if recipe.needs_indexes() {
        let indexes = wanted.iter().map(|(place, descriptor, diff_id)| {
            tree::index(place, descriptor, Some(diff_id.clone()))
        });
        parts = try_join_all(indexes).await?;
    }
    let files = files(recipe, supplies, &mut parts).await?;
    let weight = match recipe.reads_layers() {
        true => layers.iter().map(|(size, _)| size).sum(),
        false => 0,
    };
    let size = match recipe.packing() {
        // There is nothing to compress.
        Packing::None => 0,
        _ => files.values().map(|file| file.size).fold(weight, u64::saturating_add),
    };
    let order = async |processors| {
        let Readable { from, parts, slots } = bytes::find_all(parts, &blobs).await?;
        let found = from.into_iter().zip(&blobs).zip(layers);
        let layers = found
            .map(|((from, (_, digest)), (size, index))| LayerAt {
                is_tar: false,
                from,
                digest: digest.clone(),
                size,
                index,
            })
            .collect();
        let work = Work::Build(BuildWork { recipe: recipe.clone(), layers, files, processors });
        Ok(Order { work, parts, slots })
    };
    match tab().pool.build(weight, size, order, on_progress).await?.outcome {
        Outcome::Built(made) => Ok(made),
        _ => Err(no_sense()),
    }
}

fn layer(input: &Input, supplies: &Supplies) -> Result<(Place, Descriptor, DiffId), Problem> {
    let (digest, size, diff_id) = input.blob(&supplies.built).ok_or_else(no_sense)?;
    // What was built here is on disk, wherever else it may be.
    let at = supplies.places.get(digest).filter(|_| !input.is_built());
    let descriptor = Descriptor::new(super::UNTOLD, digest.clone(), size);
    Ok((at.cloned().unwrap_or_else(place::disk), descriptor, diff_id.clone()))
}

/// The files that a recipe names, each as a part of a Blob that travels along.
async fn files(
    recipe: &Recipe,
    supplies: &Supplies,
    parts: &mut Vec<JsValue>,
) -> Result<BTreeMap<Digest, FileAt>, Problem> {
    let mut blobs: BTreeMap<Digest, usize> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for digest in recipe.files() {
        let content = supplies.contents.get(digest).ok_or_else(|| missing(digest))?;
        let part = match blobs.get(&content.blob) {
            Some(part) => *part,
            None => {
                let blob: Blob =
                    disk::blob(&content.blob).await?.ok_or_else(|| missing(digest))?.into();
                parts.push(blob.into());
                blobs.insert(content.blob.clone(), parts.len() - 1);
                parts.len() - 1
            }
        };
        let (offset, size) = (content.offset, content.size);
        files.insert(digest.clone(), FileAt { part, offset, size });
    }
    Ok(files)
}

fn missing(digest: &Digest) -> Problem {
    let headline = format!("A file that the draft names ({digest}) is not in this browser.");
    Problem::new(ProblemKind::NotFound, headline)
        .advise("Choose it again, as a link to a draft carries no files.")
}
