//! The content of a repository that lives in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use drydock::digest::Digest;

use super::{Refusal, locked};
use crate::limits;

/// How many bytes a whole store in memory holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used(Arc<AtomicU64>);

/// Bytes of [`Used`] that are given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    used: Used,
    bytes: u64,
}

/// One blob; repositories that mounted it share it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _reserved: Reserved,
}

/// Blobs by digest.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    used: Used,
    blobs: Mutex<BTreeMap<Digest, Arc<Held>>>,
}

impl Used {
    pub(crate) fn reserve(&self) -> Reserved {
        Reserved { used: self.clone(), bytes: 0 }
    }
}

impl Reserved {
    /// Takes more bytes.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let bytes = bytes as u64;
        let before = self.used.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(bytes);
        if before.saturating_add(bytes) > limits::MEMORY_BYTES {
            Err(Refusal::Full)
        } else {
            Ok(())
        }
    }

    /// Gives all bytes but these back.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let given = self.bytes.saturating_sub(bytes);
        self.used.0.fetch_sub(given, Ordering::Relaxed);
        self.bytes -= given;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

impl Held {
    pub(crate) fn new(bytes: Bytes, reserved: Reserved) -> Self {
        Self { bytes, _reserved: reserved }
    }
}

impl Memory {
    pub(crate) fn new(used: Used) -> Self {
        Self { used, blobs: Mutex::default() }
    }

    pub(crate) fn used(&self) -> &Used {
        &self.used
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Held>> {
        locked(&self.blobs).get(digest).cloned()
    }

    pub(crate) fn put(&self, digest: Digest, held: Arc<Held>) {
        locked(&self.blobs).insert(digest, held);
    }

    pub(crate) fn put_bytes(&self, digest: Digest, bytes: Bytes) -> Result<(), Refusal> {
        let mut reserved = self.used.reserve();
        reserved.grow(bytes.len())?;
        self.put(digest, Arc::new(Held::new(bytes, reserved)));
        Ok(())
    }

    pub(crate) fn remove(&self, digest: &Digest) -> bool {
        locked(&self.blobs).remove(digest).is_some()
    }
}
