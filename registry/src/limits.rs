//! What outsiders can run into here, in one place. Each limit is an error that names itself.

use std::time::Duration;

/// Largest manifest in bytes (distribution-spec, "Pushing Manifests": at least 4 MiB).
pub const MANIFEST_BYTES: u64 = drydock::limits::DOCUMENT_BYTES;
/// Most bytes that a store in memory holds where nothing else was said, uploads included.
pub const MEMORY_BYTES: u64 = 4 << 30;
/// What a blob counts for beside its bytes.
pub const ITEM_BYTES: u64 = 512;
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
/// Largest `index.json` in bytes; what would make one larger is refused.
pub const INDEX_BYTES: u64 = 64 << 20;
/// Deepest nesting of indexes that is followed from `index.json`.
pub const INDEX_DEPTH: usize = drydock::limits::INDEX_DEPTH;
/// Most manifests of one repository that are followed beyond `index.json`.
pub const KNOWN_MANIFESTS: usize = 1_000_000;
/// Repositories that stay open before those that were not used for longest are forgotten.
pub const OPEN_REPOSITORIES: usize = 1000;
/// About how many bytes open repositories may take before the same happens.
pub const OPEN_BYTES: u64 = 512 << 20;
/// Largest body that an injected fault may need to hold at once, in bytes.
pub const FAULT_BYTES: usize = 256 << 20;
/// Most tokens that an injected token service remembers.
pub const FAULT_TOKENS: usize = 10_000;
/// Most logins that are remembered after they were checked.
pub const LOGINS_REMEMBERED: usize = 1000;
