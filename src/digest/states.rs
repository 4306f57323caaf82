//! How far has a SHA-256 come in the middle of a text?
//!
//! SHA-256 (FIPS 180-4, section 6.2) takes a text in blocks of 64 bytes and keeps eight words between
//! them. Who knows these words at two places of a text can compare what stands between the places
//! with nothing else: other bytes that lead from the first to the second would be a second text with
//! the same digest.

use sha2::digest::common::hazmat::{SerializableState as _, SerializedState};
use sha2::{Digest as _, Sha256};

use crate::limits;

/// Bytes of a block.
const BLOCK: u64 = 64;
/// Bytes of a state.
const BYTES: usize = 32;

/// The eight words of a SHA-256 between two blocks, each in little-endian order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(pub [u8; BYTES]);

/// The states of a SHA-256 after each so many bytes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    every: u64,
    /// The first stands after `every` bytes.
    list: Vec<State>,
}

impl State {
    /// Before the first byte.
    #[must_use]
    pub fn start() -> Self {
        Self::of(&Sha256::new())
    }

    pub(super) fn of(hasher: &Sha256) -> Self {
        let bytes = hasher.serialize();
        Self(bytes.first_chunk().copied().unwrap_or_default())
    }

    /// A hasher that has taken `taken` bytes and came to this; `None` between blocks only.
    pub(super) fn hasher(self, taken: u64) -> Option<Sha256> {
        if !taken.is_multiple_of(BLOCK) {
            return None;
        }
        // What a new one holds besides: no bytes of a block that is not whole.
        let mut bytes: SerializedState<Sha256> = Sha256::new().serialize();
        let (state, rest) = bytes.split_first_chunk_mut::<BYTES>()?;
        *state = self.0;
        *rest.first_chunk_mut::<8>()? = (taken / BLOCK).to_le_bytes();
        Sha256::deserialize(&bytes).ok()
    }
}

impl States {
    /// None yet, of one after every `every` bytes, which are whole blocks of 64.
    #[must_use]
    pub fn new(every: u64) -> Self {
        let whole = every.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX - (BLOCK - 1));
        Self { every: whole.max(BLOCK), list: Vec::new() }
    }

    /// The state after `taken` bytes, if it was kept.
    #[must_use]
    pub fn at(&self, taken: u64) -> Option<State> {
        if !taken.is_multiple_of(self.every) {
            return None;
        }
        match usize::try_from(taken / self.every).ok()?.checked_sub(1) {
            None => Some(State::start()),
            Some(at) => self.list.get(at).copied(),
        }
    }

    /// Bytes between two states.
    #[must_use]
    pub fn every(&self) -> u64 {
        self.every
    }

    /// Number of states, the one before the first byte not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, one behind the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.list.iter().flat_map(|state| state.0).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave; `None` when these are no whole states, or more
    /// than are kept.
    #[must_use]
    pub fn from_bytes(every: u64, bytes: &[u8]) -> Option<Self> {
        let (list, rest) = bytes.as_chunks::<BYTES>();
        let states = Self::new(every);
        if states.every != every || !rest.is_empty() || list.len() > limits::DIGEST_STATES {
            return None;
        }
        Some(Self { list: list.iter().copied().map(State).collect(), ..states })
    }

    /// Bytes until the next one is due, of a text of which `taken` bytes went by.
    pub(super) fn due_in(&self, taken: u64) -> u64 {
        self.every - taken % self.every
    }

    /// Keeps the next one, unless there are enough.
    pub(super) fn push(&mut self, state: State) {
        if self.list.len() < limits::DIGEST_STATES {
            self.list.push(state);
        }
    }
}
