//! A path and its bytes, as plain data.

use serde::{Deserialize, Serialize};

use crate::layer::{NodeId, Overlay};
use crate::words::text_and_hex;

/// A path and bytes that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SizedPath {
    /// The path without leading slash, with replacement characters where it is not UTF-8.
    pub path: String,
    /// The bytes of the path in hex, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Bytes.
    pub bytes: u64,
    /// The layer that has the file, from 1 at the base.
    pub layer: usize,
}

/// A path of an overlay, also one that was removed.
pub(in crate::inspect) fn sized(
    overlay: &Overlay,
    node: NodeId,
    bytes: u64,
    layer: u32,
) -> SizedPath {
    let (path, path_hex) = text_and_hex(&overlay.path(node));
    SizedPath { path, path_hex, bytes, layer: layer as usize + 1 }
}
