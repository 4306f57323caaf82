//! Images as files: an OCI image layout as a tar or a folder, or what `docker load` takes.
//!
//! An archive is first a [`Plan`], which says where every byte of it comes from: headers and lists
//! are made here, blobs are named whole. So its size is known before the first byte, and nothing
//! has to be held in memory while it is written. The same images give the same bytes.

mod contents;
mod docker;
mod entry;
mod error;
mod header;
mod layout;
mod legacy;
mod plan;

pub use docker::docker_save;
pub use entry::{Entry, Lookup};
pub use error::WriteError;
pub use layout::{folder, layout};
pub use legacy::legacy;
pub use plan::{File, Folder, Part, Plan};
