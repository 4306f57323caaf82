//! How are the contents of many files read, each layer once?

use std::sync::Arc;

use crate::layer::content::Wanted;
use crate::layer::index::Index;
use crate::layer::overlay::EntryRef;
use crate::layer::tar_stream::Runs;
use crate::layer::write::{MakeError, Materials};

/// What a [`Visitor`] wants to see next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// More of this file.
    More,
    /// Nothing more of this file.
    Enough,
    /// Nothing more at all. What was seen of the layer at hand is compared with nothing.
    Over,
}

/// Takes the contents of files while their layers go by. Files are known by their place in the list
/// that [`visit`] was given.
#[allow(async_fn_in_trait)]
pub trait Visitor {
    /// A file begins.
    fn begin(&mut self, file: usize) -> Interest;

    /// Bytes of it, which stand at `offset`. Offsets only rise; what they leave out is a hole (zeros).
    fn bytes(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Interest;

    /// It is over: all of it was seen, or as much as was wanted.
    fn end(&mut self, file: usize) -> Interest;

    /// Hears how many bytes of all layers were read so far, and lets others have their turn.
    async fn turn(&mut self, read: u64);
}

/// Shows a visitor the contents of files, layer by layer and in the order of their tars. Each layer is
/// read to its end and compared with its digest, unless the visitor wants no more.
///
/// # Errors
/// When a layer can't be read or is not what is said of it: then nothing that was seen of it may be
/// believed. Also when one was only listed.
pub async fn visit<M: Materials, V: Visitor>(
    layers: &[Arc<Index>],
    files: &[EntryRef],
    materials: &M,
    visitor: &mut V,
) -> Result<(), M::Error> {
    let mut order = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let index = layers.get(file.layer as usize).ok_or(MakeError::Missing)?;
        if !index.has_offsets() {
            return Err(MakeError::OnlyListed.into());
        }
        let wanted = Wanted::file(index, file.entry).ok_or(MakeError::Missing)?;
        let entry = index.entry(file.entry).ok_or(MakeError::Missing)?;
        order.push(((file.layer, entry.content_offset, file.entry), at, wanted));
    }
    order.sort_by_key(|(place, ..)| *place);
    // Several names of one entry are one file.
    order.dedup_by_key(|(place, ..)| *place);
    let mut before = 0;
    for layer in order.chunk_by(|((one, ..), ..), ((next, ..), ..)| one == next) {
        let Some(((number, ..), ..)) = layer.first() else { continue };
        let mut stream = materials.layer(*number as usize).await?;
        for (_, file, wanted) in layer {
            if pass(*file, wanted, &mut stream, visitor, before).await? == Interest::Over {
                return Ok(());
            }
        }
        while stream.drain().await? {
            visitor.turn(before + stream.read()).await;
        }
        before += stream.read();
        stream.finish()?;
    }
    Ok(())
}

/// Shows one file.
async fn pass<L: Runs, V: Visitor>(
    file: usize,
    wanted: &Wanted,
    stream: &mut L,
    visitor: &mut V,
    before: u64,
) -> Result<Interest, L::Error> {
    let mut interest = visitor.begin(file);
    for segment in wanted.segments() {
        if interest != Interest::More {
            break;
        }
        while stream.skip(segment.tar_offset).await? {
            visitor.turn(before + stream.read()).await;
        }
        let end = segment.tar_offset.saturating_add(segment.len);
        let mut offset = segment.file_offset;
        while interest == Interest::More
            && let Some(bytes) = stream.next(end).await?
        {
            interest = visitor.bytes(file, offset, bytes);
            offset += bytes.len() as u64;
            visitor.turn(before + stream.read()).await;
        }
    }
    match interest {
        Interest::Over => Ok(Interest::Over),
        _ => Ok(visitor.end(file)),
    }
}
