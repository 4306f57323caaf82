//! Layers: from the bytes of a blob to files.
//!
//! ```text
//! blob -> digest -> codec (gzip members, zstd frames, plain) -> digest of the tar (diff ID)
//!                                                            -> tar entries -> Index
//! [Index, Index, …] -> Overlay: the merged tree, and what each layer added, changed, removed
//! files, layers -> write: TarPlan -> tar -> LayerWriter -> blob, digest, diff ID
//! ```
//!
//! [`LayerReader`] is a push machine: it is given pieces of a blob as they arrive and never reads
//! anything itself. Where the borders of the pieces fall changes nothing. What is wrong with the
//! bytes becomes a [`Finding`](crate::finding::Finding); reading goes on wherever the place of the
//! next record is certain, and the digest of the blob is computed over all of it in any case.
//!
//! [`Index`] holds the entries of one layer in columns, and can be kept as one byte buffer.
//! [`Overlay`] merges indexes by the rules of image-spec, layer.md ("Applying Changesets"), in the
//! way that unpacking the layers onto a disk, one after the other, would.
//! [`lazy`] makes an index from a table of contents, where a layer has one, without reading the layer.
//! [`content`] finds and cuts out the bytes of one file; [`partial`] reads them without the rest of
//! the layer, by what [`seek`] has recorded of it before.
//! [`visit()`] shows the contents of many files, each layer read once.
//! [`mod@write`] makes layers: of new files, of a range of layers, of a layer without some files or
//! times. It plans every byte of the new tar before the first one is written.
//!
//! Nothing here knows JSON documents or registries.

pub(crate) mod codec;
mod columns;
pub mod content;
pub(crate) mod findings;
mod index;
pub mod lazy;
mod links;
mod overlay;
pub mod partial;
mod reader;
pub mod seek;
mod summary;
pub(crate) mod tar;
mod tar_stream;
mod visit;
pub mod write;

pub use index::{Entry, Index, IndexError, Kind};
pub use overlay::{
    Astray, Change, ChangeKind, EntryRef, Followed, HARDLINK_TARGET, Hidden, Node, NodeId, Overlay,
    Walk,
};
pub(crate) use overlay::{Names, clean, path_of};
pub use reader::{LayerReader, ReadOptions, Sink, WORTH_TWO};
pub use summary::LayerSummary;
pub use tar_stream::{Runs, TarStream};
pub use visit::{Interest, Visitor, visit};
