//! Where blobs lie.

use drydock::reference::Reference;

pub use drydock::transfer::Place;

/// This browser's disk, which has blobs by their digests and no repositories.
#[must_use]
pub fn disk() -> Place {
    let name = Reference::parse("draft.invalid/disk").map(|reference| Place::from(&reference));
    name.unwrap_or_else(|_| unreachable!("a fixed name that is well-formed"))
}
