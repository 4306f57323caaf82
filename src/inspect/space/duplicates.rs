//! Which contents does the merged tree hold at several paths?

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::sized::{SizedPath, sized};
use crate::digest::Digest;
use crate::layer::{EntryRef, NodeId, Overlay};

/// Most rows.
const ROWS: usize = 200;
/// Most paths of one content that are named.
const PATHS: usize = 50;

/// One content at several paths. Names of one file (hardlinks) count once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Duplicate {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: u64,
    /// How many files have it.
    pub files: u64,
    /// Where, in the order of paths; of many the first 50.
    pub paths: Vec<SizedPath>,
}

impl Duplicate {
    /// Bytes that all files but one have.
    #[must_use]
    pub fn too_many(&self) -> u64 {
        self.bytes.saturating_mul(self.files.saturating_sub(1))
    }
}

/// Those with the most bytes too many, and these bytes of all.
pub(super) fn all(overlay: &Overlay) -> (Vec<Duplicate>, u64) {
    let mut files: Vec<(&[u8; 32], usize, NodeId, EntryRef, u64)> = Vec::new();
    for (at, id) in overlay.walk().enumerate() {
        let Some(node) = overlay.node(id).filter(|node| node.size > 0) else { continue };
        let Some(content) = node.content else { continue };
        let index = overlay.layers().get(content.layer as usize);
        if let Some(sum) = index.and_then(|index| index.file_sum(content.entry)) {
            files.push((sum, at, id, content, node.size));
        }
    }
    files.sort_unstable_by_key(|(sum, at, ..)| (*sum, *at));
    let mut groups: Vec<_> = files.chunk_by(|one, next| one.0 == next.0).collect();
    groups.retain(|group| group.len() > 1);
    let too_many = |group: &[(_, usize, NodeId, EntryRef, u64)]| {
        let bytes = group.first().map_or(0, |(.., size)| *size);
        bytes.saturating_mul(group.len() as u64 - 1)
    };
    let bytes = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(too_many(group)));
    groups.sort_by_key(|group| Reverse(too_many(group)));
    let listed = groups.into_iter().take(ROWS).filter_map(|group| {
        let (sum, .., bytes) = group.first()?;
        let paths = group.iter().take(PATHS);
        let paths = paths.map(|(_, _, id, at, size)| sized(overlay, *id, *size, at.layer));
        Some(Duplicate {
            digest: Digest::from_sha256(**sum),
            bytes: *bytes,
            files: group.len() as u64,
            paths: paths.collect(),
        })
    });
    (listed.collect(), bytes)
}
