//! What is put into an archive.

use crate::archive::name::Name;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;

/// What is put into an archive, and what it is called there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A manifest or index. Everything under it goes into the archive.
    pub descriptor: Descriptor,
    /// Its names; none for what is only found by its `subject`, such as a signature.
    pub names: Vec<Name>,
}

/// Finds the manifests and indexes that are written, by their digests.
pub type Lookup<'a> = dyn Fn(&Digest) -> Option<&'a Document> + 'a;
