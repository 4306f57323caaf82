//! Which bytes are needed for a list, and what is made of them?

use std::ops::Range;
use std::sync::Arc;

use super::error::{LazyError, wrong};
use super::estargz::{self, Footer};
use super::soci;
use super::toc::{Format, Places, Promise, Toc};
use super::zstd_chunked::{self, Position};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::limits;
use crate::media_type::{Compression, Kind};

/// From how many bytes on a layer is better listed by its table than read.
pub const WORTH_LISTING: u64 = 32 << 10;
/// Bytes at the end of a layer in which footer and table are looked for at once: so many hundredths of
/// the layer, and no less and no more than that.
const GUESS: (u64, u64, u64) = (1, 16 << 10, 1 << 20);

/// Reads a table of contents: a machine without IO.
///
/// One range is asked for after the other, at most three, of the layer or, for SOCI, of the zTOC.
#[derive(Clone, Debug)]
pub struct Lister {
    layer: Digest,
    size: u64,
    seeks: Seeks,
    /// What is asked for and has not come.
    asked: Range<u64>,
    /// What has come of it.
    got: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Seeks {
    /// The end of the layer, of this compression.
    Footer { compression: Compression, promised: Option<Digest> },
    /// The table of an eStargz layer in front of what came already.
    Estargz { offset: u64, behind: Vec<u8>, promised: Option<Digest> },
    /// The table of a zstd:chunked layer.
    Zstd { position: Position, promised: Option<Digest>, json: Option<Digest> },
    /// A zTOC.
    Ztoc { digest: Digest, promise: Promise },
}

impl Lister {
    /// For a layer whose annotations say that it has a table, and which is
    /// [worth it](WORTH_LISTING). `None` for others.
    #[must_use]
    pub fn of(layer: &Descriptor) -> Option<Self> {
        let compression = compression(layer).filter(|_| layer.size >= WORTH_LISTING)?;
        let json = layer.annotations.get(estargz::DIGEST).map(|text| Digest::parse(text));
        // A digest that can't be read must not count as none.
        let json = json.transpose().ok()?;
        if let Some((position, promised)) = zstd_chunked::annotated(&layer.annotations) {
            return (compression == Compression::Zstd)
                .then(|| Self::new(layer).zstd(position, promised, json))?
                .ok();
        }
        json.as_ref()?;
        Self::new(layer).footer(compression, json, guess(layer.size))
    }

    /// For a layer that may have a table of which its annotations say nothing, as where a registry or a
    /// tool has dropped them. Only who asks finds out: the first answer may be that there is
    /// [none](LazyError::NoTable). `None` when it is not worth it.
    #[must_use]
    pub fn probing(layer: &Descriptor) -> Option<Self> {
        let compression = compression(layer).filter(|_| layer.size >= WORTH_LISTING)?;
        Self::new(layer).footer(
            compression,
            None,
            (estargz::FOOTER.max(zstd_chunked::FOOTER)) as u64,
        )
    }

    /// For a layer with a zTOC, all of which is asked for. `promise` says whether the way from the
    /// image to the zTOC begins in the image's manifest.
    ///
    /// # Errors
    /// When the zTOC is too large.
    pub fn soci(
        ztoc: &Descriptor,
        layer: &Descriptor,
        promise: Promise,
    ) -> Result<Self, LazyError> {
        let most = limits::TOC_BYTES;
        if ztoc.size > most {
            return Err(LazyError::TooLarge { most, found: ztoc.size });
        }
        let mut lister = Self::new(layer);
        lister.seeks = Seeks::Ztoc { digest: ztoc.digest.clone(), promise };
        lister.asked = 0..ztoc.size;
        Ok(lister)
    }

    /// The bytes to give next: of the layer, or of the zTOC. What is left of them when some have come;
    /// `None` when all have.
    #[must_use]
    pub fn ask(&self) -> Option<Range<u64>> {
        (!self.asked.is_empty()).then(|| self.asked.clone())
    }

    /// Takes the next bytes of what was [asked](Self::ask) for, in pieces of any size.
    ///
    /// # Errors
    /// When more come, or there is no table at the end of the layer.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), LazyError> {
        let left = self.asked.end.saturating_sub(self.asked.start);
        let came = bytes.len() as u64;
        if came > left {
            return Err(LazyError::Length { asked: left, came });
        }
        self.got.extend_from_slice(bytes);
        self.asked.start += came;
        if self.asked.is_empty() { self.go_on() } else { Ok(()) }
    }

    /// What the table says, when nothing more is [asked](Self::ask) for.
    ///
    /// # Errors
    /// When something is missing, it is not the promised table, or it can't be right.
    pub fn finish(self) -> Result<Toc, LazyError> {
        if let Some(left) = self.ask() {
            let asked = self.got.len() as u64 + (left.end - left.start);
            return Err(LazyError::Length { asked, came: self.got.len() as u64 });
        }
        let promise = |promised: bool| if promised { Promise::Manifest } else { Promise::Claimed };
        let (format, promise, (index, places)) = match self.seeks {
            Seeks::Footer { .. } => return Err(LazyError::NoTable),
            Seeks::Estargz { offset, behind, promised } => {
                let member = [self.got, behind].concat();
                let (index, chunks) =
                    estargz::read(&member, offset, promised.as_ref(), self.layer)?;
                let places = Places::Chunks(chunks);
                (Format::Estargz, promise(promised.is_some()), (index, places))
            }
            Seeks::Zstd { position, promised, json } => {
                if let Some(promised) = &promised {
                    estargz::compare(&self.got, promised)?;
                }
                let (index, chunks) =
                    zstd_chunked::read(&self.got, position, json.as_ref(), self.layer)?;
                let promise = promise(promised.is_some() || json.is_some());
                (Format::ZstdChunked, promise, (index, Places::Chunks(chunks)))
            }
            Seeks::Ztoc { digest, promise } => {
                estargz::compare(&self.got, &digest)?;
                let (index, spans) = soci::read(&self.got, self.layer, self.size)?;
                (Format::Soci, promise, (index, Places::Spans(spans)))
            }
        };
        Ok(Toc { index: Arc::new(index), format, promise, size: self.size, places })
    }

    fn new(layer: &Descriptor) -> Self {
        Self {
            layer: layer.digest.clone(),
            size: layer.size,
            seeks: Seeks::Footer { compression: Compression::None, promised: None },
            asked: 0..0,
            got: Vec::new(),
        }
    }

    /// Asks for the end of the layer.
    fn footer(
        mut self,
        compression: Compression,
        promised: Option<Digest>,
        bytes: u64,
    ) -> Option<Self> {
        self.seeks = Seeks::Footer { compression, promised };
        self.asked = self.size.saturating_sub(bytes)..self.size;
        (compression != Compression::None).then_some(self)
    }

    /// Asks for a table at a known place.
    fn zstd(
        mut self,
        position: Position,
        promised: Option<Digest>,
        json: Option<Digest>,
    ) -> Result<Self, LazyError> {
        let most = limits::TOC_BYTES;
        if position.len > most {
            return Err(LazyError::TooLarge { most, found: position.len });
        }
        let end = position.offset.checked_add(position.len).filter(|end| *end <= self.size);
        let Some(end) = end.filter(|_| position.len > 0) else {
            return wrong("it lies outside of the layer");
        };
        self.got.clear();
        self.asked = position.offset..end;
        self.seeks = Seeks::Zstd { position, promised, json };
        Ok(self)
    }

    /// Looks at the end of the layer when all of that has come.
    fn go_on(&mut self) -> Result<(), LazyError> {
        let Seeks::Footer { compression, promised } = &mut self.seeks else { return Ok(()) };
        let promised = promised.take();
        if *compression == Compression::Zstd {
            let position = zstd_chunked::footer(&self.got).ok_or(LazyError::NoTable)?;
            *self = self.clone().zstd(position, None, promised)?;
            return Ok(());
        }
        let (offset, len) = match estargz::footer(&self.got) {
            Some(Footer::Table { offset, len }) => (offset, len as u64),
            Some(Footer::Elsewhere) => return Err(LazyError::Elsewhere),
            None => return Err(LazyError::NoTable),
        };
        let end = self.size.saturating_sub(len);
        if offset == 0 || offset >= end {
            return wrong("it lies outside of the layer");
        }
        let most = limits::TOC_BYTES;
        if end - offset > most {
            return Err(LazyError::TooLarge { most, found: end - offset });
        }
        let mut behind = std::mem::take(&mut self.got);
        let start = self.size - behind.len() as u64;
        behind.truncate(behind.len().saturating_sub(len as usize));
        // What is in front of the table was read for nothing.
        behind.drain(..(offset.saturating_sub(start) as usize).min(behind.len()));
        self.asked = offset..start.clamp(offset, end);
        self.seeks = Seeks::Estargz { offset, behind, promised };
        Ok(())
    }
}

fn compression(layer: &Descriptor) -> Option<Compression> {
    match layer.media_type.kind() {
        Kind::Layer(compression) if !layer.media_type.is_encrypted() => Some(compression),
        _ => None,
    }
}

fn guess(size: u64) -> u64 {
    let (hundredths, least, most) = GUESS;
    (size / 100 * hundredths).clamp(least, most)
}
