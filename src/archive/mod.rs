//! Images in files: OCI image layouts and what `docker save` writes, as a source and as a sink.
//!
//! ```text
//! tar    -> scan -> Files (path -> bytes of which file) -> ArchiveSource::open -> Source
//! folder ---------> Files
//! packed -> sniff -> Unpacker -> (the caller keeps it) -> tar
//!
//! entries + documents -> layout | docker_save -> Plan: headers made here, and whole blobs
//! ```
//!
//! A tar is read where it lies: [`Scan`] asks for its headers and leaves out what is between them,
//! so that one of many gigabytes opens after some kilobytes. A tar that is compressed as a whole
//! has no such places: [`sniff`] says so, and the caller unpacks it with [`Unpacker`] into a file
//! of its own first.
//!
//! Nothing here reads anything itself: bytes come through [`ReadAt`].

mod docker;
mod error;
mod files;
mod held;
mod layout;
mod name;
mod open;
mod paths;
mod pieces;
mod read_at;
mod scan;
mod source;
mod unpack;
pub mod write;

pub use error::{Error, Subject};
pub use files::Files;
pub use held::{Archive, Origin, Root};
pub use name::Name;
pub use read_at::{ReadAt, ReadError};
pub use scan::{Scan, scan};
pub use source::ArchiveSource;
pub use unpack::{Sniffed, UnpackError, Unpacked, Unpacker, sniff};
