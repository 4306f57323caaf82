//! How is a layer listed, and a file read, without the rest of the layer?
//!
//! [`list`] and [`read`] are the loops between a [`Source`] and the machines that say which bytes they
//! need ([`Lister`], [`Reading`]). eStargz and zstd:chunked have their table in the layer itself; for
//! SOCI [`ztoc`] finds it: either the image's manifest names the SOCI index, or that is a referrer of
//! the image.

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::image::{Graph, Node, NodeId, Role};
use crate::layer::content::Trust;
use crate::layer::lazy::{LazyError, Lister, Promise, Toc};
use crate::layer::partial::{ReadError, Reading};
use crate::pieces::Pieces as _;
use crate::reference::Target;
use crate::source::{Fetched, Source};
use crate::spec::{self, Claims, Manifest, View};

/// In an image's manifest: the digest of its SOCI index (version 2).
const INDEX: &str = "com.amazon.soci.index-digest";
/// In a SOCI index: the layer that a zTOC is of.
const LAYER: &str = "com.amazon.soci.image-layer-digest";
/// The type of a SOCI index that refers to its image.
const V1: &str = "application/vnd.amazon.soci.index.v1+json";
/// The type of one that its image names.
const V2: &str = "application/vnd.amazon.soci.index.v2+json";
/// Most SOCI indexes among the referrers of an image that are looked into.
const INDEXES: usize = 4;

/// Why a layer can't be listed, or a file be read, without the rest.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LazyFailure<E> {
    /// The source did not give something.
    #[error("{0}")]
    Source(E),
    /// There is no table, or it is wrong.
    #[error(transparent)]
    Table(#[from] LazyError),
    /// The file is not what the table says.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A SOCI index that may have the zTOC of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SociIndex {
    /// Digest of its manifest.
    pub digest: Digest,
    /// Whether the image's manifest names it.
    pub promise: Promise,
}

/// The SOCI indexes of an image: the one that its manifest names, then those among its referrers.
#[must_use]
pub fn soci_indexes(image: &Manifest, referrers: &[Descriptor]) -> Vec<SociIndex> {
    let named = image.annotations.get(INDEX).and_then(|text| Digest::parse(text).ok());
    let named = named.map(|digest| SociIndex { digest, promise: Promise::Manifest });
    let is_soci = |referrer: &&Descriptor| {
        referrer.artifact_type.as_ref().is_some_and(|of| matches!(of.as_str(), V1 | V2))
    };
    let listed = referrers.iter().filter(is_soci).take(INDEXES);
    let listed = listed
        .map(|referrer| SociIndex { digest: referrer.digest.clone(), promise: Promise::Claimed });
    named.into_iter().chain(listed).collect()
}

/// The SOCI indexes of an image of a graph, as far as its referrers are known.
#[must_use]
pub fn soci_indexes_in(graph: &Graph, image: NodeId) -> Vec<SociIndex> {
    let Some(manifest) = graph.node(image).and_then(Node::manifest) else { return Vec::new() };
    let referrers = graph.children(image).filter(|node| node.role == Role::Referrer);
    let referrers: Vec<Descriptor> = referrers.filter_map(|node| node.descriptor.clone()).collect();
    soci_indexes(manifest, &referrers)
}

/// The zTOC that a SOCI index has of a layer of the image `image`. `None` when it has none, or is no
/// SOCI index of that image.
#[must_use]
pub fn ztoc_in<'a>(index: &'a Manifest, image: &Digest, layer: &Digest) -> Option<&'a Descriptor> {
    let of_image = match index.effective_type()?.as_str() {
        V1 => index.subject.as_ref().is_some_and(|subject| subject.digest == *image),
        V2 => true,
        _ => false,
    };
    let ztocs = index.layers.iter().map(|listed| &listed.descriptor);
    let is_it = |ztoc: &&Descriptor| {
        ztoc.annotations.get(LAYER).is_some_and(|digest| digest == layer.as_str())
    };
    ztocs.filter(|_| of_image).find(is_it)
}

/// Looks for the zTOC of a layer, and says whether the way to it begins in the image's manifest. What
/// can't be read counts as not there.
///
/// # Errors
/// When the referrers can't be listed.
pub async fn ztoc<S: Source>(
    source: &S,
    (digest, image): (&Digest, &Manifest),
    layer: &Digest,
) -> Result<Option<(Descriptor, Promise)>, S::Error> {
    let named = soci_indexes(image, &[]);
    if let Some(found) = ztoc_among(source, &named, digest, layer).await {
        return Ok(Some(found));
    }
    let referrers = source.referrers(digest).await?;
    let listed = soci_indexes(&Manifest::default(), &referrers.descriptors);
    Ok(ztoc_among(source, &listed, digest, layer).await)
}

/// Looks for the zTOC of a layer in these indexes of its image. What can't be read counts as not there.
pub async fn ztoc_among<S: Source>(
    source: &S,
    indexes: &[SociIndex],
    image: &Digest,
    layer: &Digest,
) -> Option<(Descriptor, Promise)> {
    for SociIndex { digest, promise } in indexes {
        let Ok(fetched) = source.root(&Target::Digest(digest.clone())).await else { continue };
        if let Some(index) = manifest(&fetched)
            && let Some(ztoc) = ztoc_in(&index, image, layer)
        {
            return Some((ztoc.clone(), *promise));
        }
    }
    None
}

fn manifest(fetched: &Fetched) -> Option<Manifest> {
    let claims = Claims { content_type: fetched.media_type.clone(), descriptor: None };
    match spec::read(&fetched.bytes, &fetched.digest, &claims, "SOCI index").view {
        View::Manifest(manifest) => Some(manifest),
        _ => None,
    }
}

/// Reads a layer's table of contents, at most three ranges of it. `from` says where, for SOCI, and is
/// `None` for the layer itself.
///
/// # Errors
/// When something can't be read, or the table is wrong; the layer may be read as a whole.
pub async fn list<S: Source>(
    source: &S,
    mut lister: Lister,
    from: &Descriptor,
) -> Result<Toc, LazyFailure<S::Error>> {
    while let Some(range) = lister.ask() {
        let mut left = range.end - range.start;
        let mut pieces = source.open(from, Some(range));
        while left > 0
            && let Some(piece) = pieces.next().await.map_err(LazyFailure::Source)?
        {
            let piece = wanted(piece, &mut left);
            lister.push(piece)?;
        }
        if left > 0 {
            break;
        }
    }
    Ok(lister.finish()?)
}

/// Reads what is wanted of a file, and hands out its bytes with their offsets in the file. They are
/// provisional until the end, which says what they were compared with.
///
/// # Errors
/// When something can't be read, or is not what was promised: nothing that was handed out may be used.
pub async fn read<S: Source>(
    source: &S,
    mut reading: Reading,
    layer: &Descriptor,
    give: &mut dyn FnMut(u64, &[u8]),
) -> Result<Trust, LazyFailure<S::Error>> {
    while let Some(range) = reading.ask() {
        let mut left = range.end - range.start;
        let mut pieces = source.open(layer, Some(range));
        while left > 0
            && let Some(piece) = pieces.next().await.map_err(LazyFailure::Source)?
        {
            let piece = wanted(piece, &mut left);
            reading.push(piece, give)?;
        }
        if left > 0 {
            break;
        }
    }
    Ok(reading.trust())
}

/// What belongs to the range of which so many bytes are left.
fn wanted<'a>(piece: &'a [u8], left: &mut u64) -> &'a [u8] {
    let len = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
    *left -= len as u64;
    piece.get(..len).unwrap_or_default()
}
