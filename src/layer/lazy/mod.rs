//! Layers that can be listed, and read file by file, without reading all of them.
//!
//! ```text
//! descriptor -> Lister: ask() -> a range of a blob -> push(its bytes) -> … -> finish() -> Toc
//! Toc: index() -> an ordinary Index; reading() -> which bytes of the layer hold a file, and how they
//!      become it
//! ```
//!
//! Three formats have a table of contents beside the tar. eStargz (stargz-snapshotter,
//! docs/estargz.md) compresses every file as gzip members of its own, zstd:chunked does the same with
//! zstd frames, and both have a table at the end of the blob. SOCI (soci-snapshotter) leaves the layer
//! alone and keeps a table as a blob of its own (a zTOC), with points at which decompression can
//! begin.
//!
//! A table says what the layer holds; nobody compares it with the layer until that is read as a whole.
//! So its index [has no offsets](crate::layer::Index::has_offsets), nothing can be made of it
//! ([`write`](mod@crate::layer::write) refuses it), and [`Promise`] says who vouches for it. In a table
//! every number is a claim: one that contradicts another, or lies outside of the blob, makes the whole
//! table useless, as nobody can tell which of them is right.

mod chunks;
mod error;
mod estargz;
mod flatbuffer;
mod format;
mod lister;
mod rows;
mod soci;
mod spans;
mod table;
mod toc;
mod unpack;
mod zstd_chunked;

pub use error::LazyError;
pub use lister::{Lister, WORTH_LISTING};
pub use toc::{Format, Promise, Toc};
