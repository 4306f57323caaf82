//! The layer of a recipe: what is planned, put together from layers and files as they stream by, and
//! handed over.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::edit::recipe::{Packing, Recipe, TimeRule};
use crate::finding::Finding;
use crate::layer::write::{
    self, BuiltLayer, Destination, GivenLayer, GivenSummary, Inline, LayerWriter, MakeError,
    Materials, Method, Out, Packers, Rewrite, Times,
};
use crate::layer::{Index, Overlay, Runs as _};
use crate::pieces::Pieces as _;

/// Most sentences about a file that was supplied.
const REMARKS: usize = 10;

/// What a recipe gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The layer.
    pub layer: BuiltLayer,
    /// What is remarkable about it, one sentence each.
    pub remarks: Vec<String>,
    /// Paths that were to be taken out and were not in it.
    pub absent: Vec<String>,
    /// Whether its blob is a file that the user supplied, as it is, so that nothing was written.
    pub is_supplied: bool,
}

/// Makes the layer of a recipe. Layers that it takes are read to their ends, and compared with
/// their digests; `indexes` are theirs, in the order of [`Recipe::inputs`], where the recipe
/// [needs](Recipe::needs_indexes) them. What was written is the layer's blob when this has ended
/// well; else it must be thrown away.
///
/// # Errors
/// When something that it names can't be read or is not what it should be, what it asks for makes
/// no sense, or what is made can't be compressed or written.
pub async fn build<M, P, D>(
    recipe: &Recipe,
    indexes: &[Arc<Index>],
    materials: &M,
    packers: &mut P,
    to: &mut D,
) -> Result<Made, M::Error>
where
    M: Materials,
    P: Packers<M::Error>,
    D: Destination<M::Layer, Error = M::Error>,
{
    let method = method(recipe.packing())?;
    let mut making = Making { indexes, materials, method, packers, to };
    match recipe {
        Recipe::Given { digest, windows: false, .. } => making.given(digest).await,
        Recipe::Given { digest, windows: true, .. } => {
            let index = making.given_index(digest).await?;
            let plan = write::windows_layer(&index).map_err(MakeError::from)?;
            let layer = write::assemble(
                &plan,
                &Supplied { materials, digest },
                making.method,
                making.packers,
                making.to,
            )
            .await?;
            Ok(Made::of(layer, Vec::new()))
        }
        Recipe::Files { entries, windows, onto, .. } => {
            let landed = match onto {
                Some(_) => write::onto(entries, &Overlay::build(indexes), *windows),
                None => write::unplaced(entries, *windows),
            };
            let landed = landed.map_err(MakeError::from)?;
            let layer =
                write::assemble(&landed.plan, materials, making.method, making.packers, making.to)
                    .await?;
            Ok(Made::of(layer, messages(landed.findings)))
        }
        Recipe::Flatten { below, .. } => {
            let lower = Overlay::build(indexes.get(..*below).unwrap_or_default());
            let flattened = write::flatten(&lower, &Overlay::build(indexes));
            let layer = write::assemble(
                &flattened.plan,
                materials,
                making.method,
                making.packers,
                making.to,
            )
            .await?;
            Ok(Made::of(layer, messages(flattened.findings)))
        }
        Recipe::Strip { paths, .. } => {
            let strip = paths.iter().map(|path| path.clone().into_bytes()).collect();
            making.rewritten(&Rewrite { strip, ..Rewrite::default() }).await
        }
        Recipe::Times { rule, .. } => {
            let times = Some(match rule {
                TimeRule::Set(time) => Times::All(time.unix()),
                TimeRule::Clamp(time) => Times::Clamp(time.unix()),
            });
            making.rewritten(&Rewrite { times, ..Rewrite::default() }).await
        }
        Recipe::Recompress { .. } => Ok(Made::of(making.packed().await?, Vec::new())),
    }
}

impl Made {
    fn of(layer: BuiltLayer, remarks: Vec<String>) -> Self {
        Self { layer, remarks, absent: Vec::new(), is_supplied: false }
    }
}

struct Making<'a, M, P, D> {
    indexes: &'a [Arc<Index>],
    materials: &'a M,
    method: Method,
    packers: &'a mut P,
    to: &'a mut D,
}

impl<M, P, D> Making<'_, M, P, D>
where
    M: Materials,
    P: Packers<M::Error>,
    D: Destination<M::Layer, Error = M::Error>,
{
    async fn rewritten(&mut self, rewrite: &Rewrite) -> Result<Made, M::Error> {
        let index = self.indexes.first().ok_or(MakeError::Missing)?;
        let rewritten = write::rewrite(index, rewrite);
        let absent = rewritten.unmatched.iter();
        let absent = absent.map(|path| String::from_utf8_lossy(path).into_owned()).collect();
        if rewritten.stays() {
            let layer = self.packed().await?;
            return Ok(Made { absent, ..Made::of(layer, Vec::new()) });
        }
        let lost = [
            (rewritten.lost_owner_names, "the names of their owners; the numbers stay"),
            (rewritten.lost_records, "records of their headers that are not read here"),
        ];
        let lost = lost.into_iter().filter(|(entries, _)| *entries > 0);
        let remarks = lost
            .map(|(entries, what)| {
                let were = if entries == 1 { "entry was" } else { "entries were" };
                let have = if entries == 1 { "has" } else { "have" };
                format!("{entries} {were} written anew and {have} lost {what}.")
            })
            .collect();
        let layer =
            write::assemble(&rewritten.plan, self.materials, self.method, self.packers, self.to)
                .await?;
        Ok(Made { absent, ..Made::of(layer, remarks) })
    }

    /// The same tar, packed in another way.
    async fn packed(&mut self) -> Result<BuiltLayer, M::Error> {
        let mut layer = self.materials.layer(0).await?;
        let mut out = Out::new(&mut *self.to);
        let mut writer = LayerWriter::new(self.method, self.packers);
        while let Some(bytes) = layer.next(u64::MAX).await? {
            writer.push(bytes, &mut out.ready).await?;
            out.tar = writer.uncompressed_size();
            out.reading(&layer).await?;
        }
        out.finish(layer).await?;
        let built = writer.finish(&mut out.ready).await?;
        out.write().await?;
        Ok(built)
    }

    /// A tar that the user supplied.
    async fn given(&mut self, digest: &Digest) -> Result<Made, M::Error> {
        let mut given = GivenLayer::new("The file", self.method, self.packers);
        let mut file = self.materials.file(digest).await?;
        let mut hasher = Hasher::new(digest.algorithm().unwrap_or_default());
        let mut out = Out::new(&mut *self.to);
        while let Some(bytes) = file.next().await? {
            hasher.update(bytes);
            given.push(bytes, &mut out.ready).await?;
            out.read += bytes.len() as u64;
            out.turn().await?;
        }
        if hasher.finish() != *digest {
            return Err(MakeError::OtherFile(digest.clone()).into());
        }
        let summary = given.finish(&mut out.ready).await?;
        let is_supplied = summary.kept;
        let (layer, _, findings) = checked(summary)?;
        out.write().await?;
        let mut remarks = messages(findings);
        remarks.truncate(REMARKS);
        Ok(Made { is_supplied, ..Made::of(layer, remarks) })
    }

    /// Reads a tar that the user supplied for its entries.
    async fn given_index(&mut self, digest: &Digest) -> Result<Arc<Index>, M::Error> {
        let mut inline = Inline::default();
        let mut given = GivenLayer::new("The file", Method::None, &mut inline);
        let mut file = self.materials.file(digest).await?;
        let (mut read, mut nothing) = (0, Vec::new());
        while let Some(bytes) = file.next().await? {
            given.push::<M::Error>(bytes, &mut nothing).await?;
            nothing.clear();
            read += bytes.len() as u64;
            self.to.turn(read, 0).await;
        }
        let (_, index, _) = checked(given.finish::<M::Error>(&mut nothing).await?)?;
        Ok(Arc::new(index))
    }
}

/// One layer, which is a file that the user supplied.
struct Supplied<'a, M> {
    materials: &'a M,
    digest: &'a Digest,
}

impl<M: Materials> Materials for Supplied<'_, M> {
    type Error = M::Error;
    type Layer = M::Layer;
    type File = M::File;

    async fn layer(&self, _: usize) -> Result<M::Layer, M::Error> {
        self.materials.supplied(self.digest).await
    }

    async fn file(&self, digest: &Digest) -> Result<M::File, M::Error> {
        self.materials.file(digest).await
    }

    async fn supplied(&self, digest: &Digest) -> Result<M::Layer, M::Error> {
        self.materials.supplied(digest).await
    }
}

fn checked(summary: GivenSummary) -> Result<(BuiltLayer, Index, Vec<Finding>), MakeError> {
    let GivenSummary { layer, index, findings, .. } = summary;
    match layer {
        Some(layer) => Ok((layer, index, findings)),
        None => Err(MakeError::NoLayer(messages(findings).join(" "))),
    }
}

fn messages(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| finding.message).collect()
}

fn method(packing: Packing) -> Result<Method, MakeError> {
    Ok(match packing {
        Packing::None => Method::None,
        Packing::Zstd => Method::Zstd,
        Packing::Gzip { level } => Method::Gzip { level: level.try_into()? },
    })
}
