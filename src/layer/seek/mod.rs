//! What must be known of a layer that was read once, to read a part of it later?
//!
//! A full pass leaves [`SeekPoints`] behind: places of the blob at which decoding can begin, and
//! states of the digest of the tar ([`States`]) to compare a part of it with. A point inside a
//! deflate stream needs the 32 KiB that came out before it. These windows are many times larger than
//! all the rest, and are kept apart ([`Sink::window`](crate::layer::Sink::window)): to read a file,
//! one of them is needed at most.
//!
//! Use them only for a layer of which blob and tar had the digests that they should have.

mod format;
mod record;

use std::ops::Range;

use zlib_rs::{Inflate, InflateFlush, Status};

pub use self::format::SeekError;
pub(crate) use self::record::Recorder;
use crate::digest::{Algorithm, Digest, Hashed, States};
use crate::layer::content::Wanted;
use crate::layer::partial::{Check, Decode, Run, Span};
use crate::media_type::Compression;

/// How far a match reaches back in a deflate stream, in bytes.
const WINDOW_BYTES: usize = 32 << 10;
/// Most bytes of a window as it is kept: deflate adds a few to what it can't make smaller.
const KEPT_WINDOW_BYTES: u32 = (WINDOW_BYTES + 1024) as u32;

/// How many bytes of the tar are between what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    /// Between places to begin at, at least.
    pub points: u64,
    /// Between states of the digest: a multiple of 64.
    pub states: u64,
}

impl Default for Spacing {
    /// To read a small file, some 6 MiB of the tar are decoded at most; a point takes some 10 KiB,
    /// and a state 40 bytes.
    fn default() -> Self {
        Self { points: 4 << 20, states: STATE_EVERY }
    }
}

/// Bytes of the tar between two states of its digest.
pub const STATE_EVERY: u64 = 1 << 20;

/// What a full pass has recorded of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeekPoints {
    /// Digest of the blob.
    blob: Digest,
    /// Bytes of the blob.
    size: u64,
    /// Bytes of the tar.
    tar_size: u64,
    compression: Compression,
    /// Digest of the tar, when its states are there.
    tar: Option<Digest>,
    states: States,
    points: Vec<Point>,
    /// How many bytes of the blob the first so many bytes of the tar come out of, for the places at
    /// which states stand.
    reached: Vec<u64>,
}

/// A place to begin decoding at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Point {
    tar: u64,
    blob: u64,
    /// For one inside a deflate stream.
    window: Option<KeptWindow>,
}

/// Where the window of a point lies among all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeptWindow {
    at: u64,
    len: u32,
    /// CRC-32 of these bytes.
    sum: u32,
}

/// Which part of blob and tar is read for some bytes of the tar.
struct Part<'a> {
    point: &'a Point,
    blob: Range<u64>,
    /// Of the tar, what is compared.
    tar: Range<u64>,
}

impl SeekPoints {
    /// Digest of the blob that they belong to.
    #[must_use]
    pub fn blob(&self) -> &Digest {
        &self.blob
    }

    /// Whether what is read by them can be compared with something.
    #[must_use]
    pub fn can_compare(&self) -> bool {
        self.tar.is_some()
    }

    /// Number of bytes that they take in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.points.len() * size_of::<Point>() + self.states.len() * 32 + self.reached.len() * 8
    }

    /// Number of bytes of all windows together.
    #[must_use]
    pub fn windows_len(&self) -> u64 {
        self.points
            .iter()
            .rev()
            .find_map(|point| point.window.as_ref())
            .map_or(0, |window| window.at.saturating_add(u64::from(window.len)))
    }

    /// Which bytes of all windows are needed to read `wanted`: nothing, or one of them.
    #[must_use]
    pub fn window(&self, wanted: &Wanted) -> Range<u64> {
        match self.part(wanted).and_then(|part| part.point.window.as_ref()) {
            Some(window) => window.at..window.at.saturating_add(u64::from(window.len)),
            None => 0..0,
        }
    }

    /// Which bytes of the blob are needed to read `wanted`; none when it can't be read without the
    /// rest. They may be nearly all of it, where decoding can begin at few places.
    #[must_use]
    pub fn range(&self, wanted: &Wanted) -> Range<u64> {
        self.part(wanted).map_or(0..0, |part| part.blob)
    }

    /// What `wanted` is read by, with the bytes of its [`window`](Self::window). No spans when it
    /// can't be read without the rest of the layer.
    ///
    /// # Errors
    /// When the window is damaged.
    pub fn spans(&self, wanted: &Wanted, window: &[u8]) -> Result<Vec<Span>, SeekError> {
        let Some(Part { point, blob, tar }) = self.part(wanted) else { return Ok(Vec::new()) };
        let decode = match (&point.window, self.compression) {
            (Some(kept), _) => Decode::Deflate { bits: None, window: kept.unpack(window)? },
            (None, Compression::Gzip) => Decode::Gzip,
            (None, Compression::Zstd) => Decode::Zstd,
            (None, Compression::None) => Decode::Plain,
        };
        let end = self.tar.as_ref().filter(|_| tar.end == self.tar_size);
        let check = match &self.tar {
            None => Some(Check::None),
            Some(_) => Run::of(&self.states, tar.start, tar.end, end).map(Check::States),
        };
        let Some(check) = check else { return Ok(Vec::new()) };
        // A plain tar begins where it is compared from.
        let offset = if self.compression == Compression::None { tar.start } else { point.tar };
        Ok(vec![Span { blob, decode, skip: 0, offset, len: tar.end - offset, check }])
    }

    fn part(&self, wanted: &Wanted) -> Option<Part<'_>> {
        let first = wanted.segments().first()?.tar_offset;
        let last = wanted.tar_end();
        let every = self.states.every();
        let start = first / every * every;
        let end = last.checked_next_multiple_of(every)?.min(self.tar_size);
        if first >= last || last > self.tar_size {
            return None;
        }
        let next = self.points.partition_point(|point| point.tar <= start);
        let point = self.points.get(next.checked_sub(1)?)?;
        let blob = match self.compression {
            Compression::None => start..end,
            _ if end == self.tar_size => point.blob..self.size,
            _ => {
                let at = usize::try_from(end / every).ok()?.checked_sub(1)?;
                point.blob..*self.reached.get(at)?
            }
        };
        (!blob.is_empty()).then_some(Part { point, blob, tar: start..end })
    }

    /// Takes the digest of the tar and its states, when these are as far apart as they should be.
    pub(crate) fn hashed(&mut self, hashed: &Hashed) {
        if let Some(states) = &hashed.states
            && hashed.digest.algorithm() == Some(Algorithm::Sha256)
            && states.every() == self.states.every()
        {
            self.tar = Some(hashed.digest.clone());
            self.states = states.clone();
        }
    }
}

impl KeptWindow {
    fn unpack(&self, kept: &[u8]) -> Result<Vec<u8>, SeekError> {
        if kept.len() != self.len as usize || crc32fast::hash(kept) != self.sum {
            return Err(SeekError::Window);
        }
        let mut window = vec![0; WINDOW_BYTES];
        let mut inflate = Inflate::new(false, 15);
        let status = inflate.decompress(kept, &mut window, InflateFlush::Finish);
        if status != Ok(Status::StreamEnd) {
            return Err(SeekError::Window);
        }
        window.truncate(inflate.total_out() as usize);
        Ok(window)
    }
}
