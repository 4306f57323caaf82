//! What is recorded while a layer goes by?

use zlib_rs::{Deflate, DeflateFlush, Status};

use super::{KEPT_WINDOW_BYTES, KeptWindow, Point, SeekPoints, Spacing};
use crate::digest::{Digest, States};
use crate::limits;
use crate::media_type::Compression;

/// Fast, as a window is read once at most; the fastest makes what can't be compressed larger than
/// [`KEPT_WINDOW_BYTES`].
const LEVEL: i32 = 2;

/// Notes places to begin at.
pub(crate) struct Recorder {
    spacing: Spacing,
    points: Vec<Point>,
    reached: Vec<u64>,
    /// Bytes of all windows so far.
    windows: u64,
    packed: Vec<u8>,
}

impl Recorder {
    pub(crate) fn new(spacing: Spacing) -> Self {
        Self {
            spacing: Spacing { states: States::new(spacing.states).every(), ..spacing },
            // At its beginning every layer can be decoded.
            points: vec![Point::default()],
            reached: Vec::new(),
            windows: 0,
            packed: vec![0; KEPT_WINDOW_BYTES as usize],
        }
    }

    /// Whether a point at byte `tar` of the tar is wanted.
    pub(crate) fn wants(&self, tar: u64) -> bool {
        let last = self.points.last().map_or(0, |point| point.tar);
        tar.saturating_sub(last) >= self.spacing.points.max(1)
            && self.points.len() < limits::DIGEST_STATES
    }

    /// Notes a point and gives its window away.
    pub(crate) fn point(
        &mut self,
        blob: u64,
        tar: u64,
        window: Option<&[u8]>,
        give: impl FnOnce(&[u8]),
    ) {
        let mut kept = None;
        if let Some(window) = window {
            let mut deflate = Deflate::new(LEVEL, false, 15);
            let packed = deflate.compress(window, &mut self.packed, DeflateFlush::Finish);
            let len = deflate.total_out() as usize;
            let is_whole = packed == Ok(Status::StreamEnd);
            let Some(bytes) = self.packed.get(..len).filter(|_| is_whole) else { return };
            kept =
                Some(KeptWindow { at: self.windows, len: len as u32, sum: crc32fast::hash(bytes) });
            self.windows += len as u64;
            give(bytes);
        }
        self.points.push(Point { tar, blob, window: kept });
    }

    /// Notes that the first `tar` bytes of the tar came out of the first `blob` bytes of the blob.
    pub(crate) fn reached(&mut self, blob: u64, tar: u64) {
        let due = tar / self.spacing.states;
        while (self.reached.len() as u64) < due && self.reached.len() < limits::DIGEST_STATES {
            self.reached.push(blob);
        }
    }

    /// What was recorded of a layer that was read to its end.
    pub(crate) fn finish(
        self,
        blob: Digest,
        size: u64,
        tar_size: u64,
        compression: Compression,
    ) -> SeekPoints {
        SeekPoints {
            blob,
            size,
            tar_size,
            compression,
            tar: None,
            states: States::new(self.spacing.states),
            points: self.points,
            reached: self.reached,
        }
    }
}
