//! Small files out of one Blob, without asking the browser for each of them.
//!
//! A question takes some milliseconds, whatever is asked for, and a layer may have 50 000 files.

use std::collections::VecDeque;
use std::ops::Range;

use web_sys::Blob;

use super::input::{all, copy};
use crate::chosen::gone;
use crate::disk;
use crate::net::problem::Problem;

/// Length of a window in bytes.
const PIECE: u64 = 256 << 10;
/// Largest file in bytes that is read this way.
pub(super) const SMALL: u64 = 64 << 10;
/// Most windows that are remembered: files are not wanted just in the order in which they lie there.
const KEPT: usize = 8;

/// The windows of Blobs that were looked through last.
#[derive(Debug, Default)]
pub(super) struct Windows(VecDeque<Window>);

/// [`PIECE`] bytes of a Blob, or those up to its end.
#[derive(Debug)]
struct Window {
    part: usize,
    start: u64,
    bytes: Vec<u8>,
}

impl Windows {
    /// Puts the bytes of a range of `blob`, which is known as `part`, into `out`.
    pub(super) async fn read(
        &mut self,
        part: usize,
        blob: &Blob,
        range: Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        out.clear();
        let mut at = range.start;
        while at < range.end {
            let start = at - at % PIECE;
            let window = self.window(part, blob, start).await?;
            let from = usize::try_from(at - start).unwrap_or(usize::MAX);
            let to = usize::try_from(range.end - start).unwrap_or(usize::MAX);
            let bytes = window.bytes.get(from..to.min(window.bytes.len()));
            let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or_else(gone)?;
            out.extend_from_slice(bytes);
            at += bytes.len() as u64;
        }
        Ok(())
    }

    async fn window(&mut self, part: usize, blob: &Blob, start: u64) -> Result<&Window, Problem> {
        let known = self.0.iter().position(|it| it.part == part && it.start == start);
        let window = match known.and_then(|at| self.0.remove(at)) {
            Some(window) => window,
            None => {
                let end = (start + PIECE).min(blob.size() as u64);
                let blob = disk::shorten(blob, start, end).ok_or_else(gone)?;
                self.0.truncate(KEPT - 1);
                let mut bytes = Vec::new();
                copy(&all(&blob).await?, &mut bytes);
                Window { part, start, bytes }
            }
        };
        self.0.push_front(window);
        self.0.front().ok_or_else(gone)
    }
}
