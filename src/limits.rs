//! Every limit that outsiders can run into, in one place.
//!
//! Values follow what the widely used registries and clients accept; a limit is an error that names
//! itself, never a silent cut.

/// Largest manifest, index, config or signature document in bytes (4 MiB, as registries accept).
pub const DOCUMENT_BYTES: u64 = 4 << 20;
/// Largest page of a tag list, catalog or referrers list in bytes.
pub const LIST_PAGE_BYTES: u64 = 4 << 20;
/// Largest answer of a token service in bytes.
pub const TOKEN_BYTES: u64 = 64 << 10;
/// Longest Docker config that is read for its logins, in bytes.
pub const DOCKER_CONFIG_BYTES: usize = 1 << 20;
/// Largest part of an error body that is read, in bytes.
pub const ERROR_BYTES: u64 = 64 << 10;
/// Most pages that are followed for one list.
pub const LIST_PAGES: usize = 1000;
/// Longest `Warning` header text that is kept, in bytes (distribution-spec, "Warnings").
pub const WARNING_BYTES: usize = 4096;
/// Most different warnings of one registry that are kept.
pub const WARNINGS: usize = 100;
/// Most redirects of one request of an upload that are followed.
pub const REDIRECTS: usize = 5;
/// How often an upload begins anew before it is given up.
pub const UPLOAD_RESTARTS: u32 = 4;
/// Most steps in a row that bring an upload no further.
pub const UPLOAD_IDLE_STEPS: u32 = 12;
/// Bytes beyond the expected size of a blob that are still read, to say how much too long it is.
pub const OVERRUN_BYTES: u64 = 1 << 20;
/// Largest `WWW-Authenticate` header value that is parsed, in bytes.
pub const CHALLENGE_BYTES: usize = 16 << 10;
/// Most `WWW-Authenticate` fields of one answer that are read.
pub const CHALLENGE_FIELDS: usize = 16;
/// Most tokens of one registry that are kept.
pub const TOKENS: usize = 64;
/// Longest time that a token is kept, in seconds, whatever the token service says.
pub const TOKEN_SECONDS: u64 = 12 * 3600;

/// Deepest nesting of a JSON document.
pub const JSON_DEPTH: usize = 128;
/// Deepest nesting of indexes under one root.
pub const INDEX_DEPTH: usize = 4;
/// Deepest chain of referrers of referrers.
pub const REFERRER_DEPTH: usize = 3;
/// Most descriptors that are followed under one root.
pub const DESCRIPTORS: usize = 10_000;
/// Most bytes that the documents of one copy may have together.
pub const COPY_BYTES: u64 = 256 << 20;
/// Most tags that are looked up to see which stand for one manifest.
pub const TAGS_LOOKED_UP: usize = 1000;
/// Most tags of one repository that are kept.
pub const TAGS: usize = 1_000_000;

/// Longest repository name with its host, in bytes (distribution-spec, "Pulling manifests").
pub const NAME_BYTES: usize = 255;
/// Longest tag in bytes (distribution-spec grammar).
pub const TAG_BYTES: usize = 128;
/// Longest part of a media type on either side of the slash, in bytes (RFC 6838, section 4.2).
pub const MEDIA_TYPE_BYTES: usize = 127;
/// Longest text that is tried as a reference, in bytes.
pub const REFERENCE_BYTES: usize = 4096;

/// Longest text that a reference is looked for in, in bytes.
pub const PASTED_BYTES: usize = 64 << 10;

/// Most states of the digest of one tar that are kept; at one for each MiB, 64 GiB of it.
pub const DIGEST_STATES: usize = 1 << 16;
/// Most bytes of a blob that are asked for at once to read a part of it.
pub const RANGE_BYTES: u64 = 16 << 20;

/// Largest zstd window that is accepted, in bytes (the stock decoder's default).
pub const ZSTD_WINDOW_BYTES: u64 = 1 << 27;
/// Longest optional field (name, comment, extra) of a gzip header, in bytes.
pub const GZIP_FIELD_BYTES: usize = 2 << 20;
/// Longest path or link target in a tar header or its extension, in bytes.
pub const TAR_NAME_BYTES: usize = 64 << 10;
/// Names and targets of all entries of one layer, in bytes.
pub const INDEX_NAME_BYTES: u64 = 4 << 30;
/// Largest PAX extended header in bytes.
pub const TAR_PAX_BYTES: u64 = 2 << 20;
/// Most entries of one layer.
pub const TAR_ENTRIES: usize = 10_000_000;
/// Most runs of data in one sparse file of a layer.
pub const TAR_SPARSE_REGIONS: usize = 1 << 20;
/// Most entries of an archive of images, and most files of a folder of them.
pub const ARCHIVE_ENTRIES: u64 = 200_000;
/// Largest tar that a packed archive is unpacked to, in bytes.
pub const ARCHIVE_UNPACKED_BYTES: u64 = 64 << 30;
/// Most path components that are walked to follow the links on one path of an archive.
pub const ARCHIVE_LINK_STEPS: usize = 10_000;
/// Most path components that are walked to follow all links of an archive.
pub const ARCHIVE_ALL_LINK_STEPS: usize = 1_000_000;
/// Most memory that the entries of one layer may take, in bytes.
pub const INDEX_BYTES: usize = 512 << 20;
/// Largest table of contents of a layer as it lies in a registry, in bytes.
pub const TOC_BYTES: u64 = 64 << 20;
/// Largest table of contents of a layer once it is unpacked, in bytes.
pub const TOC_UNPACKED_BYTES: u64 = 256 << 20;
/// Most paths that the merged tree of an image may have, removed ones counted.
pub const OVERLAY_NODES: usize = 10_000_000;
/// Most symlinks that are followed for one path (as in widely used libraries for it).
pub const SYMLINK_HOPS: usize = 255;
/// Longest target of a symlink that is followed, in bytes (Linux can't hold a longer one).
pub const SYMLINK_BYTES: usize = 4095;
/// Most path components that are walked behind symlinks while layers are merged.
pub const SYMLINK_STEPS: u64 = 50_000_000;
/// Most findings of one kind that one layer reports before they are only counted.
pub const FINDINGS_PER_RULE: usize = 100;
/// Most findings that one document reports.
pub const FINDINGS_PER_DOCUMENT: usize = 1000;
/// Most bytes that the paths of one listing may have together.
pub const LISTING_PATH_BYTES: usize = 256 << 20;
/// Most words of a filter of files that are looked at.
pub const FILTER_WORDS: usize = 32;

/// Most edits of one draft.
pub const DRAFT_EDITS: usize = 1000;
/// Longest draft in a file, in bytes.
pub const DRAFT_FILE_BYTES: u64 = 64 << 20;
/// Longest draft in a link, in bytes.
pub const DRAFT_LINK_BYTES: usize = 1 << 20;
/// Most lines of a document that are compared with those of another one.
pub const DIFF_LINES: usize = 20_000;

/// Largest record of a package manager that is read, in bytes.
pub const PACKAGE_RECORD_BYTES: u64 = 128 << 20;
/// Largest file that says something of one package of a language, in bytes.
pub const PACKAGE_MANIFEST_BYTES: u64 = 4 << 20;
/// Most licences of one package that are kept.
pub const PACKAGE_LICENCES: usize = 32;
/// Most bytes of one program or Java archive that are looked at.
pub const PACKAGE_PROGRAM_BYTES: u64 = 128 << 20;
/// Most bytes that are unpacked to see what one program or Java archive says.
pub const PACKAGE_INFLATED_BYTES: usize = 256 << 20;
/// Longest name, version or licence of a package, in bytes.
pub const PACKAGE_TEXT_BYTES: usize = 4096;
/// Most files of one package.
pub const PACKAGE_FILES: usize = 1_000_000;
/// Most packages of one image.
pub const PACKAGES: usize = 200_000;
