//! Makes a layer by its recipe: plans the tar, puts it together from layers and files as they
//! stream by, compresses and hashes it, and keeps it on disk.

use std::sync::Arc;

use drydock::edit::{Packing, Recipe, TimeRule};
use drydock::layer::write::{
    self, BuiltLayer, GivenLayer, GzipLevel, LayerWriter, Method, Parent, Part, Rewrite, TarPlan,
    Times,
};
use drydock::layer::{Index, Overlay};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::Progress;
use super::entry::{Finished, Link, content};
use super::input::Input;
use super::layer_job::copy;
use super::meter::Meter;
use super::protocol::{BlobFrom, BuildWork, LayerAt, Outcome};
use super::tar_stream::TarStream;
use crate::disk::{self, Writer};
use crate::net::problem::Problem;

/// Bytes of the blob that are gathered before they are written.
const GATHERED: usize = 1 << 20;

pub(super) async fn run(
    work: BuildWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let method = method(work.recipe.packing())?;
    let mut out = Out::create(link.clone()).await?;
    let (layer, remarks) = match &work.recipe {
        Recipe::Given { digest, windows: false, .. } => {
            out.given(&work, digest, method, parts, link).await?
        }
        Recipe::Given { digest, windows: true, .. } => {
            let (index, _) = given_index(&work, digest, parts, link.clone()).await?;
            let plan = write::windows_layer(&index).map_err(refused)?;
            let file = work.files.get(digest).ok_or_else(missing)?;
            let blob = part(parts, file.part)?;
            let blob = disk::shorten(&blob, file.offset, file.offset + file.size);
            let layers = vec![LayerAt {
                from: BlobFrom::Disk(0),
                digest: digest.clone(),
                size: file.size,
                index: None,
            }];
            let parts = [blob.ok_or_else(missing)?.into()];
            let work = BuildWork { layers, ..work.clone() };
            (out.plan(&plan, &work, &parts, method, link).await?, Vec::new())
        }
        Recipe::Files { entries, windows, .. } => {
            // The directories above are entries of their own where their metadata matters.
            let missing = |_: &str| Parent::Missing;
            let plan = match windows {
                true => write::windows_files(entries, &missing),
                false => write::files(entries, &missing),
            };
            let plan = plan.map_err(refused)?;
            (out.plan(&plan, &work, parts, method, link).await?, Vec::new())
        }
        Recipe::Flatten { below, .. } => {
            let indexes = indexes(&work, parts)?;
            let lower = Overlay::build(indexes.get(..*below).unwrap_or_default());
            let flattened = write::flatten(&lower, &Overlay::build(&indexes));
            let remarks = flattened.findings.into_iter().map(|finding| finding.message).collect();
            (out.plan(&flattened.plan, &work, parts, method, link).await?, remarks)
        }
        Recipe::Strip { paths, .. } => {
            let strip = paths.iter().map(|path| path.clone().into_bytes()).collect();
            out.rewrite(Rewrite { strip, ..Rewrite::default() }, &work, parts, method, link).await?
        }
        Recipe::Times { rule, .. } => {
            let times = Some(match rule {
                TimeRule::Set(time) => Times::All(time.unix()),
                TimeRule::Clamp(time) => Times::Clamp(time.unix()),
            });
            out.rewrite(Rewrite { times, ..Rewrite::default() }, &work, parts, method, link).await?
        }
        Recipe::Recompress { .. } => (out.repack(&work, parts, method, link).await?, Vec::new()),
    };
    out.keep(&layer).await?;
    Ok(Outcome::Built { layer, remarks }.into())
}

/// The blob on its way to disk.
struct Out {
    disk: Writer,
    blob: Vec<u8>,
    meter: Meter,
    read: u64,
    tar: u64,
    kept: bool,
}

impl Out {
    async fn create(link: Link) -> Result<Self, Problem> {
        Ok(Self {
            disk: Writer::create().await?,
            blob: Vec::new(),
            meter: Meter::new(link),
            read: 0,
            tar: 0,
            kept: false,
        })
    }

    /// Writes what has gathered, and lets others have their turn.
    async fn turn(&mut self) -> Result<(), Problem> {
        if self.blob.len() >= GATHERED {
            self.disk.write(&self.blob)?;
            self.blob.clear();
        }
        let progress =
            Progress { downloaded: self.read, unpacked: self.tar, ..Progress::default() };
        self.meter.passed(progress).await;
        Ok(())
    }

    async fn keep(mut self, layer: &BuiltLayer) -> Result<(), Problem> {
        if self.kept {
            return Ok(());
        }
        self.disk.write(&self.blob)?;
        self.disk.keep(&layer.digest).await
    }

    /// Puts a planned tar together.
    async fn plan(
        &mut self,
        plan: &TarPlan,
        work: &BuildWork,
        parts: &[JsValue],
        method: Method,
        link: Link,
    ) -> Result<BuiltLayer, Problem> {
        let mut writer = LayerWriter::new(method);
        let mut open: Option<(usize, TarStream)> = None;
        let mut piece = Vec::new();
        for step in plan.parts() {
            match step {
                Part::Bytes(bytes) => writer.push(&bytes, &mut self.blob),
                Part::File { digest, size } => {
                    let file = work.files.get(&digest).ok_or_else(missing)?;
                    let blob = part(parts, file.part)?;
                    let blob = disk::shorten(&blob, file.offset, file.offset + file.size);
                    let blob = blob.filter(|_| file.size == size).ok_or_else(missing)?;
                    let mut input =
                        Input::open(BlobFrom::Disk(0), &[blob.into()], link.clone(), size)?;
                    while let Some(bytes) = input.next().await? {
                        copy(&bytes, &mut piece);
                        writer.push(&piece, &mut self.blob);
                        self.read += piece.len() as u64;
                        self.tar = writer.uncompressed_size();
                        self.turn().await?;
                    }
                }
                Part::Layer { layer, range } => {
                    if let Some((_, done)) = open.take_if(|(at, _)| *at != layer) {
                        self.read += done.finish().await?;
                    }
                    let (_, stream) = match &mut open {
                        Some(open) => open,
                        None => {
                            let at = work.layers.get(layer).ok_or_else(missing)?;
                            open.insert((layer, TarStream::open(at, parts, link.clone())?))
                        }
                    };
                    stream.skip_to(range.start).await?;
                    while let Some(bytes) = stream.next(range.end).await? {
                        writer.push(bytes, &mut self.blob);
                        self.tar = writer.uncompressed_size();
                        let read = self.read;
                        self.read += stream.read();
                        self.turn().await?;
                        self.read = read;
                    }
                }
            }
            self.turn().await?;
        }
        if let Some((_, done)) = open {
            self.read += done.finish().await?;
        }
        Ok(writer.finish(&mut self.blob))
    }

    async fn rewrite(
        &mut self,
        rewrite: Rewrite,
        work: &BuildWork,
        parts: &[JsValue],
        method: Method,
        link: Link,
    ) -> Result<(BuiltLayer, Vec<String>), Problem> {
        let indexes = indexes(work, parts)?;
        let index = indexes.first().ok_or_else(missing)?;
        let rewritten = write::rewrite(index, &rewrite);
        let mut remarks = Vec::new();
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
        let layer = self.plan(&rewritten.plan, work, parts, method, link).await?;
        Ok((layer, remarks))
    }

    /// The same tar, compressed in another way.
    async fn repack(
        &mut self,
        work: &BuildWork,
        parts: &[JsValue],
        method: Method,
        link: Link,
    ) -> Result<BuiltLayer, Problem> {
        let at = work.layers.first().ok_or_else(missing)?;
        let mut stream = TarStream::open(at, parts, link)?;
        let mut writer = LayerWriter::new(method);
        while let Some(bytes) = stream.next(u64::MAX).await? {
            writer.push(bytes, &mut self.blob);
            self.tar = writer.uncompressed_size();
            self.read = stream.read();
            self.turn().await?;
        }
        stream.finish().await?;
        Ok(writer.finish(&mut self.blob))
    }

    /// A tar that the user supplied.
    async fn given(
        &mut self,
        work: &BuildWork,
        digest: &drydock::digest::Digest,
        method: Method,
        parts: &[JsValue],
        link: Link,
    ) -> Result<(BuiltLayer, Vec<String>), Problem> {
        let mut given = GivenLayer::new("The file", method);
        let mut input = file(work, digest, parts, link)?;
        let mut piece = Vec::new();
        while let Some(bytes) = input.next().await? {
            copy(&bytes, &mut piece);
            given.push(&piece, &mut self.blob);
            self.read = input.offset();
            self.turn().await?;
        }
        let summary = given.finish(&mut self.blob);
        let mut remarks: Vec<String> =
            summary.findings.into_iter().map(|finding| finding.message).collect();
        let Some(layer) = summary.layer else {
            return Err(content(format!("This file is no layer. {}", remarks.join(" "))));
        };
        remarks.truncate(10);
        if summary.kept {
            self.blob.clear();
            let at = work.files.get(digest).ok_or_else(missing)?;
            if at.offset == 0 && part(parts, at.part)?.size() == at.size as f64 {
                // It was taken alone, so it lies on disk under its own digest already.
                self.kept = true;
                return Ok((layer, remarks));
            }
            let mut input = file(work, digest, parts, self.meter.link())?;
            while let Some(bytes) = input.next().await? {
                copy(&bytes, &mut piece);
                self.disk.write(&piece)?;
            }
        }
        Ok((layer, remarks))
    }
}

/// Reads a supplied tar for its entries.
async fn given_index(
    work: &BuildWork,
    digest: &drydock::digest::Digest,
    parts: &[JsValue],
    link: Link,
) -> Result<(Arc<Index>, Vec<String>), Problem> {
    let mut given = GivenLayer::new("The file", Method::None);
    let mut input = file(work, digest, parts, link)?;
    let (mut piece, mut nothing) = (Vec::new(), Vec::new());
    while let Some(bytes) = input.next().await? {
        copy(&bytes, &mut piece);
        given.push(&piece, &mut nothing);
        nothing.clear();
    }
    let summary = given.finish(&mut nothing);
    let remarks: Vec<String> =
        summary.findings.into_iter().map(|finding| finding.message).collect();
    match summary.layer {
        Some(_) => Ok((Arc::new(summary.index), remarks)),
        None => Err(content(format!("This file is no layer. {}", remarks.join(" ")))),
    }
}

fn file(
    work: &BuildWork,
    digest: &drydock::digest::Digest,
    parts: &[JsValue],
    link: Link,
) -> Result<Input, Problem> {
    let file = work.files.get(digest).ok_or_else(missing)?;
    let blob = part(parts, file.part)?;
    let blob = disk::shorten(&blob, file.offset, file.offset + file.size).ok_or_else(missing)?;
    Input::open(BlobFrom::Disk(0), &[blob.into()], link, file.size)
}

fn part(parts: &[JsValue], at: usize) -> Result<Blob, Problem> {
    parts.get(at).and_then(|part| part.dyn_ref::<Blob>().cloned()).ok_or_else(missing)
}

fn indexes(work: &BuildWork, parts: &[JsValue]) -> Result<Vec<Arc<Index>>, Problem> {
    let index = |layer: &LayerAt| {
        let buffer = layer.index.and_then(|at| parts.get(at)).ok_or_else(missing)?;
        let bytes = Uint8Array::new(buffer).to_vec();
        Index::from_bytes(&bytes).map(Arc::new).map_err(|error| content(error.to_string()))
    };
    work.layers.iter().map(index).collect()
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

fn missing() -> Problem {
    content("Something that the layer is made of did not reach the worker. Try again.")
}
