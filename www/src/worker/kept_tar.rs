//! The tar of a layer as it was kept when the layer was verified: runs of it, without unpacking or
//! comparing it once more. Nobody but this page can reach the Blob.

use std::ops::Range;

use drydock::pieces::Pieces as _;
use web_sys::Blob;

use super::input::Input;
use super::supply::missing;
use crate::disk;
use crate::net::problem::Problem;

/// How far ahead a run may begin that is read up to; a run further on is gone to at once.
const NEAR: u64 = 1 << 20;

/// A tar that is being read.
pub(super) struct KeptTar {
    tar: Blob,
    stream: Option<Input>,
    /// Bytes of the last piece that were taken.
    taken: usize,
    /// Where in the tar the next byte stands.
    at: u64,
}

impl KeptTar {
    pub(super) fn new(tar: Blob) -> Self {
        Self { tar, stream: None, taken: 0, at: 0 }
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
            return Ok(false);
        }
        Ok(self.next(offset).await?.is_some())
    }

    /// The next bytes, none from `end` on; `None` at `end`.
    pub(super) async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, Problem> {
        if self.at >= end {
            return Ok(None);
        }
        if self.stream.is_none() {
            let size = self.tar.size() as u64;
            let rest = disk::shorten(&self.tar, self.at, size).ok_or_else(missing)?;
            self.stream = Some(Input::blob(&rest));
        }
        let stream = self.stream.as_mut().ok_or_else(missing)?;
        while self.taken == stream.piece().len() {
            stream.next().await?.ok_or_else(missing)?;
            self.taken = 0;
        }
        let piece = stream.piece();
        let from = self.taken;
        let room = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        self.taken = from.saturating_add(room).min(piece.len());
        self.at += (self.taken - from) as u64;
        Ok(piece.get(from..self.taken))
    }
}
