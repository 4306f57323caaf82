//! The tar of a layer as it was kept when the layer was verified: runs of it, without unpacking or
//! comparing it once more. Nobody but this page can reach the Blob.

use std::ops::Range;

use web_sys::Blob;

use super::input::DiskStream;
use super::layer_job::copy;
use super::output::missing;
use crate::disk;
use crate::net::problem::Problem;

/// How far ahead a run may begin that is read up to; a run further on is gone to at once.
const NEAR: u64 = 1 << 20;

/// A tar that is being read.
pub(super) struct KeptTar {
    tar: Blob,
    stream: Option<DiskStream>,
    piece: Vec<u8>,
    taken: usize,
    /// Where in the tar the next byte stands.
    at: u64,
}

impl KeptTar {
    pub(super) fn new(tar: Blob) -> Self {
        Self { tar, stream: None, piece: Vec::new(), taken: 0, at: 0 }
    }

    /// A run as a part of the Blob, which is not read.
    pub(super) fn part(&self, range: &Range<u64>) -> Result<Blob, Problem> {
        let part = disk::shorten(&self.tar, range.start, range.end);
        let is_whole = |part: &Blob| part.size() == (range.end - range.start) as f64;
        part.filter(is_whole).ok_or_else(missing)
    }

    /// Passes over what is before `offset`, or a piece of it; `false` when nothing is left of that.
    pub(super) async fn skip(&mut self, offset: u64) -> Result<bool, Problem> {
        if offset < self.at || offset - self.at > NEAR {
            (self.stream, self.at, self.taken) = (None, offset, 0);
            self.piece.clear();
            return Ok(false);
        }
        Ok(self.next(offset).await?.is_some())
    }

    /// The next bytes, none from `end` on; `None` at `end`.
    pub(super) async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, Problem> {
        if self.at >= end {
            return Ok(None);
        }
        while self.taken == self.piece.len() {
            let stream = match &mut self.stream {
                Some(stream) => stream,
                None => {
                    let size = self.tar.size() as u64;
                    let rest = disk::shorten(&self.tar, self.at, size).ok_or_else(missing)?;
                    self.stream.insert(DiskStream::new(&rest))
                }
            };
            let bytes = stream.next().await?.ok_or_else(missing)?;
            copy(&bytes, &mut self.piece);
            self.taken = 0;
        }
        let from = self.taken;
        let room = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        self.taken = from.saturating_add(room).min(self.piece.len());
        self.at += (self.taken - from) as u64;
        Ok(self.piece.get(from..self.taken))
    }
}
