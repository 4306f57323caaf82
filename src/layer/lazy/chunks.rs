//! Where does the content of a file lie, when files are compressed by themselves?

use std::ops::Range;

use super::error::{LazyError, wrong};
use crate::layer::findings::display;

/// A run of a file that lies in a member or frame of its own, or in one that it shares with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The entry of the file.
    pub(super) entry: u32,
    /// Where it begins in the file.
    pub(super) file: u64,
    /// Where its member or frame begins in the blob; 0 for zeros, which lie nowhere.
    pub(super) start: u64,
    /// Where the next one begins.
    pub(super) end: u64,
    /// Bytes of others that come out before its own.
    pub(super) inner: u64,
    /// SHA-256 of its bytes, where the table says it.
    pub(super) sum: Option<[u8; 32]>,
}

impl Chunk {
    /// Whether it is a hole, all of it zeros.
    pub(super) fn is_hole(&self) -> bool {
        self.start == 0
    }
}

/// The chunks of all files of a layer, by entry and by place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) list: Vec<Chunk>,
}

/// A file whose chunks are being listed.
#[derive(Debug)]
pub(super) struct Open {
    name: Vec<u8>,
    entry: u32,
    size: u64,
    /// Where the next chunk begins, when the last one said how long it is.
    next: Option<u64>,
    sum: Option<[u8; 32]>,
    /// Where the last chunk ends in the blob, or 0.
    end: u64,
    first: usize,
}

impl Chunks {
    /// Begins a file that is not empty; [`Self::end`] ends it.
    pub(super) fn begin(
        &self,
        entry: u32,
        name: &[u8],
        size: u64,
        sum: Option<[u8; 32]>,
        end: u64,
    ) -> Open {
        let name = name.to_vec();
        Open { name, entry, size, next: Some(0), sum, end, first: self.list.len() }
    }

    /// Adds a chunk of a file, which begins at `start` in the blob, even if it is a hole, and says how
    /// long it is, or nothing (0) when it goes on up to the next one.
    pub(super) fn add(
        &mut self,
        open: &mut Open,
        name: &[u8],
        chunk: Chunk,
        start: u64,
        len: u64,
    ) -> Result<(), LazyError> {
        let name = display(if name.is_empty() { &open.name } else { name });
        if name != display(&open.name) {
            return wrong(format!("a part of {name} follows {}", display(&open.name)));
        }
        let is_next = match open.next {
            Some(next) => chunk.file == next,
            None => self.list.last().is_some_and(|last| chunk.file > last.file),
        };
        if !is_next || chunk.file >= open.size || len > open.size - chunk.file {
            return wrong(format!("the parts of {name} don't add up to its size"));
        }
        open.next = (len > 0).then(|| chunk.file + len);
        let own = self.list.get_mut(open.first..).and_then(|own| own.last_mut());
        if let Some(before) = own.filter(|before| !before.is_hole() && start > before.start) {
            before.end = start;
        }
        self.list.push(Chunk { entry: open.entry, ..chunk });
        Ok(())
    }

    /// Ends a file: its chunks must add up to its size.
    pub(super) fn end(&mut self, open: &Open) -> Result<(), LazyError> {
        let own = self.list.get_mut(open.first..).unwrap_or_default();
        if own.is_empty() || open.next.is_some_and(|next| next != open.size) {
            return wrong(format!("the parts of {} don't add up to its size", display(&open.name)));
        }
        if let [only] = own {
            only.sum = only.sum.or(open.sum);
        }
        if let Some(last) = own.last_mut().filter(|last| !last.is_hole()) {
            last.end = open.end;
        }
        Ok(())
    }

    /// Says where each member or frame ends: where the table says so, else where the next one begins,
    /// at last where the table does. None may reach into another.
    pub(super) fn finish(
        &mut self,
        table: u64,
        sizes: impl Fn(u32) -> u64,
    ) -> Result<(), LazyError> {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.retain(|at| self.list.get(*at).is_some_and(|chunk| !chunk.is_hole()));
        let lens: Vec<u64> = (0..self.list.len()).map(|at| self.len(at, &sizes)).collect();
        let of = |at: &usize| self.list.get(*at).map(|chunk| (chunk.start, chunk.inner));
        order.sort_by_key(of);
        // From the last to the first.
        let (mut next, mut above) = (table, None);
        for at in order.into_iter().rev() {
            let len = lens.get(at).copied().unwrap_or(0);
            let Some(chunk) = self.list.get_mut(at) else { continue };
            match above {
                // One more that lies in the same member.
                Some((start, end, inner)) if start == chunk.start => {
                    if chunk.inner.checked_add(len).is_none_or(|end| end > inner) {
                        return wrong("two files lie in the same bytes");
                    }
                    chunk.end = end;
                }
                _ => {
                    let end = if chunk.end == 0 { next } else { chunk.end };
                    if chunk.start >= end || end > next {
                        return wrong(format!(
                            "a file lies in the bytes {}..{end}, which are not its own",
                            chunk.start
                        ));
                    }
                    chunk.end = end;
                    next = chunk.start;
                }
            }
            above = Some((chunk.start, chunk.end, chunk.inner));
        }
        Ok(())
    }

    /// The chunks of a file that have something of a range of it, each with its length.
    pub(super) fn of(
        &self,
        entry: u32,
        size: u64,
        range: &Range<u64>,
    ) -> impl Iterator<Item = (&Chunk, u64)> {
        let from = self.list.partition_point(|chunk| chunk.entry < entry);
        let to = self.list.partition_point(|chunk| chunk.entry <= entry);
        let range = range.clone();
        (from..to).filter_map(move |at| {
            let chunk = self.list.get(at)?;
            let len = self.len(at, &|_| size);
            let has_some = chunk.file < range.end && chunk.file.saturating_add(len) > range.start;
            has_some.then_some((chunk, len))
        })
    }

    /// Bytes of a file in a chunk.
    fn len(&self, at: usize, sizes: &impl Fn(u32) -> u64) -> u64 {
        let Some(chunk) = self.list.get(at) else { return 0 };
        let next = self.list.get(at + 1).filter(|next| next.entry == chunk.entry);
        next.map_or_else(|| sizes(chunk.entry), |next| next.file).saturating_sub(chunk.file)
    }
}
