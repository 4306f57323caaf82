//! What a layer holds for nothing, and what to do about it.

use serde::{Deserialize, Serialize};

use super::sized::SizedPath;
use crate::words;

/// How a file went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// A whiteout removed it, or a directory that it was in.
    Removed,
    /// Another content took its place.
    Replaced,
    /// The same content took its place, with another mode, owner or time, or with the same.
    Rewritten,
}

/// What a layer holds for nothing because of one other layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waste {
    /// The layer that has the files, from 1 at the base.
    pub layer: usize,
    /// The layer that took them away, from 1 at the base; the same where its tar has a path twice.
    pub by: usize,
    /// How.
    pub how: How,
    /// Number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The largest of them.
    pub largest: Vec<SizedPath>,
    /// What to do about it, in one sentence.
    pub advice: String,
}

impl Waste {
    /// What to do about it, in one sentence.
    pub(super) fn sentence(&self) -> String {
        let Self { layer, by, how, files, bytes, .. } = self;
        let size = words::bytes(*bytes);
        let files = words::plural(usize::try_from(*files).unwrap_or(usize::MAX), "file", "files");
        if layer == by {
            return format!(
                "Layer {layer} holds paths more than once, and so {size} ({files}) for nothing: write each \
                 path once."
            );
        }
        match how {
            How::Removed => format!(
                "Layer {by} deletes {size} ({files}) that layer {layer} added: do both in one step."
            ),
            How::Replaced => format!(
                "Layer {by} writes {files} anew that layer {layer} holds with {size}: write them once, in \
                 the step that has the last say."
            ),
            How::Rewritten => format!(
                "Layer {by} holds {size} ({files}) of layer {layer} once more, with the same content: set \
                 owner, mode and time where they are added (COPY --chown, --chmod)."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waste_has_its_sentence() {
        let of = |layer, by, how| {
            let (largest, advice) = (Vec::new(), String::new());
            Waste { layer, by, how, files: 2, bytes: 212_000_000, largest, advice }.sentence()
        };
        assert_eq!(
            of(2, 4, How::Removed),
            "Layer 4 deletes 212 MB (2 files) that layer 2 added: do both in one step."
        );
        assert!(of(2, 4, How::Replaced).starts_with("Layer 4 writes 2 files anew"));
        assert!(of(2, 4, How::Rewritten).contains("once more, with the same content"));
        assert!(of(2, 2, How::Replaced).starts_with("Layer 2 holds paths more than once"));
    }
}
