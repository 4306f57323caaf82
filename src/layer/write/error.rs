//! Why can't a layer be made?

use super::agree::EntryError;
use super::method::LevelError;
use crate::digest::Digest;

const NOT_MADE: &str = "Nothing was made of it.";
const CHOOSE: &str = "Choose the file again.";
const NO_LAYER: &str = "This file is no layer.";
const MISSING: &str = "Something that the layer is made of is not there.";
const TRY_AGAIN: &str = "Try again.";
const LISTED: &str = "Of a layer that this is made of only the table of contents was read.";
const READ_IT: &str = "Read the whole layer first.";

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
    #[error("{} {NOT_MADE}", other_layer((came, *bytes), (asked, *size)))]
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
    #[error("{} {CHOOSE}", other_file(.0))]
    OtherFile(Digest),
    /// A file that the user supplied can't be read as a layer; sentences say why.
    #[error("{NO_LAYER} {0}")]
    NoLayer(String),
    /// A layer that is needed was not given.
    #[error("{MISSING} {TRY_AGAIN}")]
    Missing,
    /// A layer of which only a table of contents was read can't be copied from.
    #[error("{LISTED} {READ_IT}")]
    OnlyListed,
    /// An entry that no layer can have.
    #[error("{0}.")]
    Entry(#[from] EntryError),
    /// A level that gzip does not have.
    #[error("{0}.")]
    Level(#[from] LevelError),
}

impl MakeError {
    /// What went wrong, in one sentence.
    #[must_use]
    pub fn headline(&self) -> String {
        match self {
            Self::OtherLayer { came, bytes, asked, size } => {
                other_layer((came, *bytes), (asked, *size))
            }
            Self::OtherFile(digest) => other_file(digest),
            Self::NoLayer(_) => NO_LAYER.to_owned(),
            Self::Missing => MISSING.to_owned(),
            Self::OnlyListed => LISTED.to_owned(),
            other => other.to_string(),
        }
    }

    /// What was found, or what to do about it; mostly empty.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::OtherLayer { .. } => NOT_MADE,
            Self::OtherFile(_) => CHOOSE,
            Self::NoLayer(why) => why,
            Self::Missing => TRY_AGAIN,
            Self::OnlyListed => READ_IT,
            _ => "",
        }
    }
}

fn other_layer((came, bytes): (&Digest, u64), (asked, size): (&Digest, u64)) -> String {
    format!(
        "A layer came as {came} with {bytes} bytes, but {asked} with {size} bytes was asked for."
    )
}

fn other_file(digest: &Digest) -> String {
    format!("What lies in place of the file {digest} is something else.")
}
