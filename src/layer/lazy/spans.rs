//! At which places can a layer be decompressed, and what comes out where?

use std::ops::Range;

/// A stretch of a blob at whose beginning decompression can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// Where it begins in the blob; with the byte before, where a block begins in the middle of that.
    pub(super) start: u64,
    /// Where it ends in the blob.
    pub(super) end: u64,
    /// Where the first byte that comes out stands in the tar.
    pub(super) out: u64,
    /// Lower bits of the first byte that belong to what is before.
    pub(super) bits: u8,
    /// Where its window begins among all of them.
    pub(super) window: u64,
    /// SHA-256 of its bytes in the blob.
    pub(super) sum: [u8; 32],
}

/// All stretches of a layer, from the first to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    pub(super) points: Vec<Point>,
    /// What came out in front of each.
    pub(super) windows: Vec<u8>,
    /// Whether the layer is a tar that is not compressed.
    pub(super) is_plain: bool,
    /// Bytes of the tar.
    pub(super) tar: u64,
    /// Where the content of each entry begins in the tar; [`u64::MAX`] where it can't be read.
    pub(super) contents: Vec<u64>,
}

impl Spans {
    /// The stretches that have something of a range of the tar, and where each ends in the tar.
    pub(super) fn of(&self, range: &Range<u64>) -> impl Iterator<Item = (&Point, u64)> {
        let first = self.points.partition_point(|point| point.out <= range.start).saturating_sub(1);
        let end = range.end;
        let points = self.points.iter().enumerate().skip(first);
        let points = points.take_while(move |(_, point)| point.out < end);
        points.map(|(at, point)| (point, self.points.get(at + 1).map_or(self.tar, |next| next.out)))
    }

    /// What came out in front of a stretch, at most 32 KiB.
    pub(super) fn window(&self, point: &Point) -> &[u8] {
        let next = self.points.partition_point(|other| other.out <= point.out);
        let end = self.points.get(next).map_or(self.windows.len() as u64, |next| next.window);
        let range = usize::try_from(point.window).ok().zip(usize::try_from(end).ok());
        range.and_then(|(start, end)| self.windows.get(start..end)).unwrap_or_default()
    }

    /// Whether all that the other methods rely on holds: everything rises and lies within a blob of
    /// this size.
    pub(super) fn is_sound(&self, blob: u64, entries: usize) -> bool {
        let rises = self.points.is_sorted_by(|a, b| {
            a.out < b.out && a.start < b.start && a.end <= b.end && a.window <= b.window
        });
        let windows = self.windows.len() as u64;
        rises
            && self.contents.len() == entries
            && self.points.first().is_some_and(|first| first.out == 0)
            && self.points.iter().all(|point| {
                point.start < point.end
                    && point.end <= blob
                    && point.bits < 8
                    && point.window <= windows
                    && point.out <= self.tar
            })
    }
}
