//! Why a layer was not made.

use std::io;

use drydock::layer::write::MakeError;

/// Why a layer was not made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// What it was to be made of is not what it should be.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// A file can't be read or written.
    #[error("A file can't be read or written: {0}.")]
    Io(#[from] io::Error),
    /// A thread that compresses can't go on.
    #[error("A thread that compresses a layer ended before it was done: {0}.")]
    Thread(String),
}
