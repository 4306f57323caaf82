//! Makes a layer by its recipe, and keeps it on disk.

use std::sync::Arc;

use drydock::edit::{self, Made, Recipe};
use drydock::layer::Index;
use drydock::verify::LayerRecord;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::entry::{Finished, Link, content};
use super::output::Output;
use super::packing::Packing;
use super::protocol::{BuildWork, LayerAt, Outcome};
use super::supply::{Supply, missing};
use crate::net::problem::Problem;

pub(super) async fn run(
    work: BuildWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let BuildWork { recipe, layers, files, processors } = work;
    let indexes = match recipe.needs_indexes() {
        true => layers.iter().map(|layer| index(layer, parts)).collect::<Result<_, _>>()?,
        false => Vec::new(),
    };
    let mut out = Output::to_disk(link.clone()).await?;
    let supply = Supply::new(&layers, &files, parts, link);
    let mut packing = Packing::begin(processors).await;
    let made = edit::build(&recipe, &indexes, &supply, &mut packing, &mut out).await?;
    drop(packing);
    keep(&recipe, &made, &supply, out).await?;
    Ok(Outcome::Built(made).into())
}

/// A file that is a layer as it is lies there already, unless it is a part of another blob.
async fn keep(
    recipe: &Recipe,
    made: &Made,
    supply: &Supply<'_>,
    mut out: Output,
) -> Result<(), Problem> {
    if let (true, Some(file)) = (made.is_supplied, recipe.files().next()) {
        if supply.is_alone(file) {
            return Ok(());
        }
        out.write_all(&supply.blob(file)?).await?;
    }
    out.keep(&made.layer.digest).await
}

fn index(layer: &LayerAt, parts: &[JsValue]) -> Result<Arc<Index>, Problem> {
    let buffer = layer.index.and_then(|at| parts.get(at)).ok_or_else(missing)?;
    let bytes = Uint8Array::new(buffer).to_vec();
    // A layer that was read for this comes with all that is known of it.
    let record = LayerRecord::from_bytes(&bytes).map(|record| record.index);
    let index = record.or_else(|_| Index::from_bytes(&bytes));
    index.map(Arc::new).map_err(|error| content(error.to_string()))
}
