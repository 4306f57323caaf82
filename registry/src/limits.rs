//! What outsiders can run into here, in one place. Each limit is an error that names itself.

use std::time::Duration;

/// Largest manifest in bytes (distribution-spec, "Pushing Manifests": at least 4 MiB).
pub const MANIFEST_BYTES: u64 = drydock::limits::DOCUMENT_BYTES;
/// Most bytes that all blobs of a store in memory may have together, uploads included.
pub const MEMORY_BYTES: u64 = 4 << 30;
/// Most upload sessions that are open at once; one more ends the one that was idle longest.
pub const UPLOADS: usize = 1000;
/// How long an upload session may lie idle before it may be ended.
pub const UPLOAD_IDLE: Duration = Duration::from_secs(3600);
/// Most entries on one page of a tag list or of the catalog.
pub const PAGE_ENTRIES: usize = 10_000;
/// Most descriptors on one page of a referrers list.
pub const REFERRERS_PAGE_ENTRIES: usize = 1000;
/// Size in bytes from which a page of a referrers list is ended.
pub const REFERRERS_PAGE_BYTES: usize = 2 << 20;
/// Most `?tag=` parameters with one manifest.
pub const TAG_PARAMETERS: usize = 100;
/// Largest `index.json` that is read, in bytes.
pub const INDEX_BYTES: u64 = 64 << 20;
/// Deepest nesting of indexes that is followed from `index.json`.
pub const INDEX_DEPTH: usize = drydock::limits::INDEX_DEPTH;
/// Deepest nesting of directories that is searched for layouts.
pub const DIRECTORY_DEPTH: usize = 16;
/// Largest body that an injected fault may need to hold at once, in bytes.
pub const FAULT_BYTES: usize = 256 << 20;
/// Most tokens that an injected token service remembers.
pub const FAULT_TOKENS: usize = 10_000;
