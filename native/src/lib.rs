//! The drydock library outside of a browser: sockets, files, threads, and the logins of this
//! machine.
//!
//! ```text
//! Sockets  -> registry::Transport     requests over TLS
//! Patience -> registry::retry::Pace   waits by the clock
//! Disk     -> archive::ReadAt         tars and folders
//! Place    -> source::Source          one of the two: a repository or an archive
//! Threads  -> verify::Blobs           blobs of a place, read and hashed
//! ```

mod blobs;
mod disk;
pub mod layers;
pub mod logins;
mod patience;
mod place;
mod sockets;

pub use blobs::Threads;
pub use disk::{Disk, DiskError};
pub use patience::Patience;
pub use place::{Failed, OpenError, Options, Place, connected, open};
pub use sockets::{Payload, Sockets, SocketsBody};
