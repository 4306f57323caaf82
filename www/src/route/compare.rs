//! What the compare view shows, as an address has it.

use super::place::{EntryPath, Query};

/// With what an image is compared, and which file of both is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompareView {
    /// The other image, as it was typed; empty for none yet.
    pub with: String,
    /// The platform of the other image, where that is not the same.
    pub platform: Option<String>,
    /// The file whose texts are compared; empty for none.
    pub path: EntryPath,
}

impl CompareView {
    pub(super) fn write(&self, query: &mut Vec<(&'static str, Vec<u8>)>) {
        if !self.with.is_empty() {
            query.push(("with", self.with.as_bytes().to_vec()));
        }
        if let Some(platform) = &self.platform {
            query.push(("on", platform.as_bytes().to_vec()));
        }
        if !self.path.is_empty() {
            query.push(("path", self.path.as_bytes().to_vec()));
        }
    }

    pub(super) fn read(query: &Query) -> Self {
        Self {
            with: query.text("with").unwrap_or_default(),
            platform: query.text("on").filter(|platform| !platform.is_empty()),
            path: EntryPath::new(&query.bytes("path").unwrap_or_default()),
        }
    }
}
