//! How many bytes a store may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Refusal;
use crate::limits;

/// The bytes of a whole store: those that it may hold, and those that it holds.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: AtomicU64,
    used: AtomicU64,
}

/// Bytes of a [`Budget`] that are given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    budget: Budget,
    bytes: u64,
}

/// What a blob counts for: each costs something beside its bytes.
pub(crate) fn of_blob(bytes: u64) -> u64 {
    bytes.saturating_add(limits::ITEM_BYTES)
}

/// What an `index.json` counts for: what is kept of it in memory is about three times as large.
pub(crate) fn of_index(bytes: u64) -> u64 {
    bytes.saturating_mul(4)
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self(Arc::new(Inner { limit: AtomicU64::new(limit), used: AtomicU64::new(0) }))
    }

    pub(crate) fn set_limit(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Counts bytes that are held, whether or not they may be.
    pub(crate) fn count(&self, bytes: u64) {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn take(&self, bytes: u64) -> Result<(), Refusal> {
        let limit = self.0.limit.load(Ordering::Relaxed);
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| bytes == 0 || *sum <= limit);
        match self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::Full(limit)),
        }
    }

    pub(crate) fn give(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Takes for something that grows.
    pub(crate) fn reserve(&self, bytes: u64) -> Result<Reserved, Refusal> {
        self.take(bytes)?;
        Ok(Reserved { budget: self.clone(), bytes })
    }
}

impl Reserved {
    #[cfg(test)]
    fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes or gives back until it is so many bytes.
    pub(crate) fn set(&mut self, bytes: u64) -> Result<(), Refusal> {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.budget.take(more)?,
            None => self.budget.give(self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Keeps the bytes taken for good.
    pub(crate) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_and_given_back() {
        let budget = Budget::new(10);
        let mut reserved = budget.reserve(4).expect("fits");
        assert!(matches!(budget.take(7), Err(Refusal::Full(10))));
        reserved.set(8).expect("fits");
        assert!(reserved.set(11).is_err());
        assert_eq!(reserved.bytes(), 8);
        reserved.set(2).expect("shrinks");
        budget.take(8).expect("fits");
        drop(reserved);
        budget.take(2).expect("fits");
        budget.reserve(0).expect("nothing").keep();
        budget.give(100);
        budget.reserve(10).expect("fits").keep();
        assert!(budget.take(1).is_err());
    }
}
