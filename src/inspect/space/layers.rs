//! What does one layer hold?

use serde::{Deserialize, Serialize};

use crate::layer::{Index, Kind};

/// What one layer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerSpace {
    /// Number of its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these the bytes that the merged tree does not have.
    pub wasted_bytes: u64,
}

impl LayerSpace {
    pub(super) fn of(index: &Index) -> Self {
        let files = index.entries().filter(|entry| entry.kind == Kind::File);
        files.fold(Self::default(), |sum, entry| Self {
            files: sum.files + 1,
            bytes: sum.bytes.saturating_add(entry.size),
            ..sum
        })
    }
}
