//! Under which paths do archives keep what they list?

use crate::digest::Digest;

/// What makes a folder an image layout (image-spec, image-layout.md, "oci-layout file").
pub(super) const LAYOUT: &str = "oci-layout";
/// What a layout lists (image-spec, image-layout.md, "index.json file").
pub(super) const INDEX: &str = "index.json";
/// What `docker save` lists.
pub(super) const MANIFEST: &str = "manifest.json";

/// image-spec, image-layout.md, "Blobs".
pub(super) fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm_name(), digest.encoded())
}
