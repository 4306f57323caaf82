//! Makes a layer by its recipe: plans the tar, puts it together from layers and files as they
//! stream by, compresses and hashes it, and keeps it on disk.

use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::{Packing, Recipe, TimeRule};
use drydock::layer::write::{
    self, BuiltLayer, GivenLayer, GzipLevel, LayerWriter, Method, Rewrite, Times,
};
use drydock::layer::{Index, Overlay};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::entry::{Finished, Link, content};
use super::layer_job::copy;
use super::output::{Output, Supply, compare, hasher, missing};
use super::protocol::{BlobFrom, BuildWork, LayerAt, Outcome};
use crate::net::problem::Problem;

pub(super) async fn run(
    work: BuildWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let method = method(work.recipe.packing())?;
    let mut out = Output::to_disk(link.clone()).await?;
    let supply = Supply { layers: &work.layers, files: &work.files, parts, link };
    let mut absent = Vec::new();
    let (layer, remarks) = match &work.recipe {
        Recipe::Given { digest, windows: false, .. } => {
            given(&mut out, &supply, digest, method).await?
        }
        Recipe::Given { digest, windows: true, .. } => {
            (windows(&mut out, &supply, digest, method).await?, Vec::new())
        }
        Recipe::Files { entries, windows, onto, .. } => {
            let landed = match onto {
                Some(_) => write::onto(entries, &Overlay::build(&indexes(&supply)?), *windows),
                None => write::unplaced(entries, *windows),
            };
            let landed = landed.map_err(refused)?;
            let remarks = landed.findings.into_iter().map(|finding| finding.message).collect();
            (out.plan(&landed.plan, &supply, method).await?, remarks)
        }
        Recipe::Flatten { below, .. } => {
            let indexes = indexes(&supply)?;
            let lower = Overlay::build(indexes.get(..*below).unwrap_or_default());
            let flattened = write::flatten(&lower, &Overlay::build(&indexes));
            let remarks = flattened.findings.into_iter().map(|finding| finding.message).collect();
            (out.plan(&flattened.plan, &supply, method).await?, remarks)
        }
        Recipe::Strip { paths, .. } => {
            let strip = paths.iter().map(|path| path.clone().into_bytes()).collect();
            let rewrite = Rewrite { strip, ..Rewrite::default() };
            rewritten(&mut out, &supply, rewrite, method, &mut absent).await?
        }
        Recipe::Times { rule, .. } => {
            let times = Some(match rule {
                TimeRule::Set(time) => Times::All(time.unix()),
                TimeRule::Clamp(time) => Times::Clamp(time.unix()),
            });
            let rewrite = Rewrite { times, ..Rewrite::default() };
            rewritten(&mut out, &supply, rewrite, method, &mut absent).await?
        }
        Recipe::Recompress { .. } => (repack(&mut out, &supply, method).await?, Vec::new()),
    };
    out.keep(&layer.digest).await?;
    Ok(Outcome::Built { layer, remarks, absent }.into())
}

async fn rewritten(
    out: &mut Output,
    supply: &Supply<'_>,
    rewrite: Rewrite,
    method: Method,
    absent: &mut Vec<String>,
) -> Result<(BuiltLayer, Vec<String>), Problem> {
    let indexes = indexes(supply)?;
    let rewritten = write::rewrite(indexes.first().ok_or_else(missing)?, &rewrite);
    let paths = rewritten.unmatched.iter();
    absent.extend(paths.map(|path| String::from_utf8_lossy(path).into_owned()));
    let mut remarks = Vec::new();
    if rewritten.stays() {
        return Ok((repack(out, supply, method).await?, remarks));
    }
    if rewritten.lost_owner_names > 0 {
        remarks.push(format!(
            "{} entries were written anew and have lost the names of their owners; the numbers stay.",
            rewritten.lost_owner_names
        ));
    }
    if rewritten.lost_records > 0 {
        remarks.push(format!(
            "{} entries were written anew and have lost records of their headers that are not read here.",
            rewritten.lost_records
        ));
    }
    Ok((out.plan(&rewritten.plan, supply, method).await?, remarks))
}

/// The same tar, compressed in another way.
async fn repack(
    out: &mut Output,
    supply: &Supply<'_>,
    method: Method,
) -> Result<BuiltLayer, Problem> {
    let mut stream = supply.layer(0)?;
    let mut writer = LayerWriter::new(method);
    while let Some(bytes) = stream.next(u64::MAX).await? {
        writer.push(bytes, &mut out.ready);
        out.tar = writer.uncompressed_size();
        out.read = stream.read();
        out.turn().await?;
    }
    stream.finish().await?;
    Ok(writer.finish(&mut out.ready))
}

/// A tar that the user supplied.
async fn given(
    out: &mut Output,
    supply: &Supply<'_>,
    digest: &Digest,
    method: Method,
) -> Result<(BuiltLayer, Vec<String>), Problem> {
    let mut given = GivenLayer::new("The file", method);
    let mut input = supply.file(digest)?;
    let mut hasher = hasher(digest);
    let mut piece = Vec::new();
    while let Some(bytes) = input.next().await? {
        copy(&bytes, &mut piece);
        hasher.update(&piece);
        given.push(&piece, &mut out.ready);
        out.read = input.offset();
        out.turn().await?;
    }
    compare(digest, hasher, &[])?;
    let summary = given.finish(&mut out.ready);
    let mut remarks: Vec<String> =
        summary.findings.into_iter().map(|finding| finding.message).collect();
    let Some(layer) = summary.layer else {
        return Err(content(format!("This file is no layer. {}", remarks.join(" "))));
    };
    remarks.truncate(10);
    if summary.kept {
        match supply.is_alone(digest) {
            true => out.is_there(),
            // Where it lies on disk it is a part of another blob.
            false => out.instead(supply.file(digest)?).await?,
        }
    }
    Ok((layer, remarks))
}

/// A tar that the user supplied, as a layer of a Windows image.
async fn windows(
    out: &mut Output,
    supply: &Supply<'_>,
    digest: &Digest,
    method: Method,
) -> Result<BuiltLayer, Problem> {
    let plan = write::windows_layer(&given_index(supply, digest).await?).map_err(refused)?;
    let blob = supply.blob(digest)?;
    let (size, index) = (blob.size() as u64, None);
    let layers =
        [LayerAt { from: BlobFrom::Disk(0), is_tar: false, digest: digest.clone(), size, index }];
    let parts = [blob.into()];
    let link = supply.link.clone();
    out.plan(&plan, &Supply { layers: &layers, files: supply.files, parts: &parts, link }, method)
        .await
}

/// Reads a supplied tar for its entries.
async fn given_index(supply: &Supply<'_>, digest: &Digest) -> Result<Arc<Index>, Problem> {
    let mut given = GivenLayer::new("The file", Method::None);
    let mut input = supply.file(digest)?;
    let (mut piece, mut nothing) = (Vec::new(), Vec::new());
    while let Some(bytes) = input.next().await? {
        copy(&bytes, &mut piece);
        given.push(&piece, &mut nothing);
        nothing.clear();
    }
    let summary = given.finish(&mut nothing);
    if summary.layer.is_some() {
        return Ok(Arc::new(summary.index));
    }
    let why: Vec<String> = summary.findings.into_iter().map(|finding| finding.message).collect();
    Err(content(format!("This file is no layer. {}", why.join(" "))))
}

fn indexes(supply: &Supply<'_>) -> Result<Vec<Arc<Index>>, Problem> {
    let index = |layer: &LayerAt| {
        let buffer = layer.index.and_then(|at| supply.parts.get(at)).ok_or_else(missing)?;
        let bytes = Uint8Array::new(buffer).to_vec();
        Index::from_bytes(&bytes).map(Arc::new).map_err(|error| content(error.to_string()))
    };
    supply.layers.iter().map(index).collect()
}

fn method(packing: Packing) -> Result<Method, Problem> {
    Ok(match packing {
        Packing::None => Method::None,
        Packing::Zstd => Method::Zstd,
        Packing::Gzip { level } => Method::Gzip {
            level: GzipLevel::try_from(level).map_err(|error| content(format!("{error}.")))?,
        },
    })
}

fn refused(error: impl std::fmt::Display) -> Problem {
    content(format!("{error}."))
}
