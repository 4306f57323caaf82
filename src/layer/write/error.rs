//! Why can't a layer be made?

use super::agree::EntryError;
use super::compress::LevelError;
use crate::digest::Digest;

/// Why a layer was not made of what it was to be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// Runs of a layer were to be taken in falling order.
    #[error("The parts of a layer were asked for in the wrong order.")]
    Order,
    /// A layer is shorter than its index says.
    #[error(
        "A layer ended before all that is to be taken from it had come: it is not the layer that \
         was listed."
    )]
    Short,
    /// Other bytes came than those of the layer.
    #[error(
        "A layer came as {came} with {bytes} bytes, but {asked} with {size} bytes was asked for. \
         Nothing was made of it."
    )]
    OtherLayer {
        /// Digest of what came.
        came: Digest,
        /// Number of bytes of it.
        bytes: u64,
        /// Digest of the layer.
        asked: Digest,
        /// Size of the layer in bytes.
        size: u64,
    },
    /// Other bytes came than those of a file that the user supplied.
    #[error("What lies in place of the file {0} is something else. Choose the file again.")]
    OtherFile(Digest),
    /// A file that the user supplied can't be read as a layer; sentences say why.
    #[error("This file is no layer. {0}")]
    NoLayer(String),
    /// A layer that is needed was not given.
    #[error("Something that the layer is made of is not there. Try again.")]
    Missing,
    /// An entry that no layer can have.
    #[error("{0}.")]
    Entry(#[from] EntryError),
    /// A level that gzip does not have.
    #[error("{0}.")]
    Level(#[from] LevelError),
}
