//! The drydock library outside of a browser: sockets, files, threads, and the logins of this
//! machine.
//!
//! ```text
//! Sockets  -> registry::Transport     requests over TLS
//! Patience -> registry::retry::Pace   waits by the clock
//! Disk     -> archive::ReadAt         tars and folders
//! Place    -> source::AnySource       a repository or an archive
//! Threads  -> verify::Blobs           blobs of a place, read and hashed
//! Store    -> blobs in a folder, compared with their digests
//! OnDisk   -> layer::write::Materials  layers and files, for what is made of them
//! Drafting -> a draft: loaded, built, pushed or saved
//! ```

#![warn(missing_docs)]

mod blobs;
mod disk;
mod drafts;
mod images;
pub mod layers;
mod leftovers;
pub mod logins;
mod materials;
mod not_built;
mod packing;
mod patience;
mod place;
mod saving;
mod sockets;
mod store;
mod unpack;

pub use blobs::{AT_ONCE, Threads};
pub use disk::{Disk, DiskError};
pub use drafts::{Done, Drafting, Told, With};
pub use leftovers::Leftover;
pub use materials::OnDisk;
pub use not_built::BuildError;
pub use patience::Patience;
pub use place::{Failed, OpenError, Options, Place, advised, connected, open, reached};
pub use saving::{Form, Saved, Saving};
pub use sockets::{Payload, Sockets, SocketsBody};
pub use store::Store;
