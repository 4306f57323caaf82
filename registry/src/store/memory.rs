//! The content of a repository that lives in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use drydock::digest::Digest;

use super::budget::{self, Budget, Reserved};
use super::{Refusal, locked};

/// One blob, in pieces as they came; repositories that mounted it share it.
#[derive(Debug)]
pub(crate) struct Held {
    pieces: Vec<Bytes>,
    size: u64,
    _reserved: Reserved,
}

/// Blobs by digest.
#[derive(Debug)]
pub(crate) struct Memory {
    budget: Budget,
    blobs: Mutex<BTreeMap<Digest, Arc<Held>>>,
}

impl Held {
    pub(crate) fn new(pieces: Vec<Bytes>, reserved: Reserved) -> Self {
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, size, _reserved: reserved }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// All bytes in one piece.
    pub(crate) fn whole(&self) -> Bytes {
        match &self.pieces[..] {
            [only] => only.clone(),
            pieces => {
                let mut whole = BytesMut::new();
                pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
                whole.freeze()
            }
        }
    }

    /// A part of the bytes, in pieces.
    pub(crate) fn part(&self, first: u64, length: u64) -> Vec<Bytes> {
        let end = first.saturating_add(length);
        let mut start = 0_u64;
        let mut part = Vec::new();
        for piece in &self.pieces {
            let inside = |at: u64| {
                usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(piece.len())
            };
            let range = inside(first)..inside(end);
            start += piece.len() as u64;
            if !range.is_empty() {
                part.push(piece.slice(range));
            }
        }
        part
    }
}

impl Memory {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, blobs: Mutex::default() }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    pub(crate) fn is_empty(&self) -> bool {
        locked(&self.blobs).is_empty()
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Held>> {
        locked(&self.blobs).get(digest).cloned()
    }

    pub(crate) fn put(&self, digest: Digest, held: Arc<Held>) {
        locked(&self.blobs).insert(digest, held);
    }

    pub(crate) fn put_bytes(&self, digest: Digest, bytes: Bytes) -> Result<(), Refusal> {
        let reserved = self.budget.reserve(budget::of_blob(bytes.len() as u64))?;
        self.put(digest, Arc::new(Held::new(vec![bytes], reserved)));
        Ok(())
    }

    pub(crate) fn remove(&self, digest: &Digest) -> bool {
        locked(&self.blobs).remove(digest).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_pieces() {
        let pieces = ["ab", "", "cdef", "g"].map(Bytes::from).to_vec();
        let reserved = Budget::new(0).reserve(0).expect("nothing");
        let held = Held::new(pieces, reserved);
        assert_eq!((held.size(), held.whole()), (7, Bytes::from("abcdefg")));
        for first in 0..8 {
            for length in 0..9 {
                let part = held.part(first, length).concat();
                let end = (first + length).min(7) as usize;
                let expected = b"abcdefg".get(first as usize..end).unwrap_or_default();
                assert_eq!(part, expected, "{first} {length}");
            }
        }
    }
}
