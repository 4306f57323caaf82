//! Layers that are made here.
//!
//! ```text
//! [NewEntry, …] + Overlay -> onto ────────┐
//! [Index, …] -> flatten, export, folder ─┼-> TarPlan -> assemble -> LayerWriter -> blob, BuiltLayer
//! Index -> rewrite, windows_layer ───────┘
//! a tar, tar.gz or tar.zst -> GivenLayer -> the same file or a blob, BuiltLayer
//! ```
//!
//! A new layer is first a [`TarPlan`], which says where every byte of its tar comes from, so that
//! its size is known and nothing has to be held in memory while it is written. [`assemble`] goes
//! through it, asks for the files and the layers ([`Materials`]), pushes their bytes into a
//! [`LayerWriter`], which has blocks of the tar compressed ([`Packers`]), and hands over what comes
//! of them ([`Destination`]).
//!
//! The same entries give the same tar, and the same tar the same blob, on every machine.

mod agree;
mod assemble;
mod block;
mod compress;
mod entry;
mod error;
mod export;
mod files;
mod flatten;
mod given;
mod gzip;
mod header;
mod method;
mod onto;
mod plan;
mod rewrite;
mod windows;
mod writer;
mod zstd;

pub use agree::{EntryError, agree};
pub(crate) use assemble::Out;
pub use assemble::{Destination, Materials, assemble, copy};
pub use block::{Block, Inline, PackedBlock, Packers};
pub use entry::{Keep, NewEntry, NewNode};
pub use error::MakeError;
pub use export::{export, folder};
pub use files::{Parent, files};
pub use flatten::{Flattened, flatten};
pub use given::{GivenLayer, GivenSummary};
pub use method::{GzipLevel, LevelError, Method};
pub use onto::{Landed, onto, unplaced};
pub use plan::{Part, Parts, TarPlan};
pub use rewrite::{Rewrite, Rewritten, Times, rewrite};
pub use windows::{windows_files, windows_layer};
pub use writer::{BuiltLayer, LayerWriter};
