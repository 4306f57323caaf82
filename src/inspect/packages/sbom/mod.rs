//! The packages of an image as a software bill of materials.
//!
//! Written here field by field: the libraries of both formats bring XML, regular expressions and schemas
//! with them, of which writing needs nothing.

mod cyclonedx;
mod spdx;

use serde::{Deserialize, Serialize};

pub use self::cyclonedx::cyclonedx;
pub use self::spdx::spdx;
use crate::digest::Digest;

/// The image that a document is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it is called.
    pub name: String,
    /// Digest of its manifest.
    pub digest: Digest,
    /// When the document is made (RFC 3339, in UTC and whole seconds).
    pub created: String,
}

/// The name and version under which Drydock says that it made a document.
const TOOL: &str = "drydock";
const VERSION: &str = env!("CARGO_PKG_VERSION");
