//! How is a table kept as bytes, for another worker or thread?
//!
//! Magic, version, format, promise, size of the layer, then the index and the places, every column as
//! a length and its bytes, then the SHA-256 of all of it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::chunks::{Chunk, Chunks};
use super::error::{LazyError, wrong};
use super::spans::{Point, Spans};
use super::toc::{Format, Places, Promise, Toc};
use crate::layer::index::{Index, Kind};

const MAGIC: &[u8; 8] = b"ddtable\0";
const VERSION: u64 = 1;
const SUM_BYTES: usize = 32;
const CHUNK: usize = 5 * 8 + 1 + 32;
const POINT: usize = 5 * 8 + 32;

impl Toc {
    /// One buffer with everything and its checksum.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let format = match self.format {
            Format::Estargz => 0,
            Format::ZstdChunked => 1,
            Format::Soci => 2,
        };
        let promise = u64::from(self.promise == Promise::Manifest);
        numbers(&mut bytes, &[VERSION, format, promise, self.size]);
        column(&mut bytes, &self.index.to_bytes());
        match &self.places {
            Places::Chunks(chunks) => {
                numbers(&mut bytes, &[(chunks.list.len() * CHUNK) as u64]);
                for Chunk { entry, file, start, end, inner, sum } in &chunks.list {
                    numbers(&mut bytes, &[u64::from(*entry), *file, *start, *end, *inner]);
                    bytes.push(u8::from(sum.is_some()));
                    bytes.extend_from_slice(&sum.unwrap_or_default());
                }
            }
            Places::Spans(Spans { points, windows, is_plain, tar, contents }) => {
                numbers(&mut bytes, &[(points.len() * POINT) as u64]);
                for Point { start, end, out, bits, window, sum } in points {
                    numbers(&mut bytes, &[*start, *end, *out, u64::from(*bits), *window]);
                    bytes.extend_from_slice(sum);
                }
                column(&mut bytes, windows);
                numbers(&mut bytes, &[u64::from(*is_plain), *tar, (contents.len() * 8) as u64]);
                numbers(&mut bytes, contents);
            }
        }
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When it is something else, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LazyError> {
        let damaged = || LazyError::Wrong("the kept copy of it is damaged".to_owned());
        let (body, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or_else(damaged)?;
        if Sha256::digest(body)[..] != sum[..] {
            return Err(damaged());
        }
        let rest = body.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let toc = Rest(rest).toc().ok_or_else(damaged)?;
        if toc.is_sound() { Ok(toc) } else { wrong("the kept copy of it contradicts itself") }
    }

    /// Whether all that the other methods rely on holds.
    fn is_sound(&self) -> bool {
        let entries = self.index.len();
        if self.index.has_offsets() || self.index.blob().is_none() {
            return false;
        }
        match &self.places {
            Places::Spans(spans) => {
                self.format == Format::Soci && spans.is_sound(self.size, entries)
            }
            Places::Chunks(chunks) => {
                let fits = |chunk: &Chunk| {
                    let entry = self.index.entry(chunk.entry);
                    entry.is_some_and(|entry| entry.kind == Kind::File && chunk.file < entry.size)
                        && (chunk.is_hole() || chunk.start < chunk.end)
                        && chunk.end <= self.size
                };
                self.format != Format::Soci
                    && chunks.list.iter().all(fits)
                    && chunks.list.is_sorted_by(|a, b| (a.entry, a.file) < (b.entry, b.file))
            }
        }
    }
}

fn numbers(bytes: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
}

fn column(bytes: &mut Vec<u8>, column: &[u8]) {
    numbers(bytes, &[column.len() as u64]);
    bytes.extend_from_slice(column);
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn toc(mut self) -> Option<Toc> {
        if self.number()? != VERSION {
            return None;
        }
        let format = match self.number()? {
            0 => Format::Estargz,
            1 => Format::ZstdChunked,
            2 => Format::Soci,
            _ => return None,
        };
        let promise = match self.number()? {
            0 => Promise::Claimed,
            1 => Promise::Manifest,
            _ => return None,
        };
        let size = self.number()?;
        let index = Arc::new(Index::from_bytes(self.column()?).ok()?);
        let places = match format {
            Format::Soci => Places::Spans(self.spans()?),
            Format::Estargz | Format::ZstdChunked => Places::Chunks(self.chunks()?),
        };
        self.0.is_empty().then_some(Toc { index, format, promise, size, places })
    }

    fn chunks(&mut self) -> Option<Chunks> {
        let rows = self.rows::<CHUNK>()?.map(|mut row| {
            let chunk = Chunk {
                entry: row.number()?.try_into().ok()?,
                file: row.number()?,
                start: row.number()?,
                end: row.number()?,
                inner: row.number()?,
                sum: None,
            };
            let (has_sum, sum) = row.0.split_first()?;
            let sum = (*has_sum == 1).then(|| sum.try_into()).transpose().ok()?;
            Some(Chunk { sum, ..chunk })
        });
        Some(Chunks { list: rows.collect::<Option<_>>()? })
    }

    fn spans(&mut self) -> Option<Spans> {
        let points = self.rows::<POINT>()?.map(|mut row| {
            Some(Point {
                start: row.number()?,
                end: row.number()?,
                out: row.number()?,
                bits: row.number()?.try_into().ok()?,
                window: row.number()?,
                sum: row.0.try_into().ok()?,
            })
        });
        Some(Spans {
            points: points.collect::<Option<_>>()?,
            windows: self.column()?.to_vec(),
            is_plain: self.number()? == 1,
            tar: self.number()?,
            contents: self.rows::<8>()?.map(|mut row| row.number()).collect::<Option<_>>()?,
        })
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn column(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let (column, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(column)
    }

    /// A column of rows of `N` bytes.
    fn rows<const N: usize>(&mut self) -> Option<impl Iterator<Item = Self> + use<'a, N>> {
        let column = self.column()?;
        column.len().is_multiple_of(N).then(|| column.chunks_exact(N).map(Rest))
    }
}
