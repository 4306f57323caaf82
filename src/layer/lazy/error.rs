//! Why can't a layer be listed by its table of contents?

use crate::digest::Digest;

const READ_IT: &str = "read the whole layer instead";

/// Why there is no list. The layer itself may be good, and can be read as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LazyError {
    /// Neither at the end of the layer nor elsewhere is there a table.
    #[error("the layer has no table of contents; {READ_IT}")]
    NoTable,
    /// An eStargz layer whose table lies in another image.
    #[error(
        "the layer's table of contents lies in another image (\"-esgztoc\"), which nothing in this \
         one vouches for; {READ_IT}"
    )]
    Elsewhere,
    /// The table is not the one that is promised.
    #[error("the layer's table of contents is {found}, expected {expected}; {READ_IT}")]
    OtherTable {
        /// What the manifest or the descriptor says.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// A digest that would have to be compared can't be computed here.
    #[error("the layer's table of contents is named by {0}, which can't be computed; {READ_IT}")]
    Unverifiable(Digest),
    /// Other than was asked for.
    #[error("{came} bytes of the layer's table of contents came, expected {asked}; try again")]
    Length {
        /// Bytes that were asked for.
        asked: u64,
        /// Bytes that came.
        came: u64,
    },
    /// More than is read.
    #[error("the layer's table of contents has {found} bytes, the most is {most}; {READ_IT}")]
    TooLarge {
        /// Most bytes.
        most: u64,
        /// Bytes that it has, as far as they were counted.
        found: u64,
    },
    /// More files, or longer names, than can be listed.
    #[error("the layer's table of contents lists more than can be shown; {READ_IT}")]
    TooMany,
    /// It can't be read, or contradicts itself.
    #[error("the layer's table of contents is wrong: {0}; {READ_IT}")]
    Wrong(String),
}

impl LazyError {
    /// Whether there is just no table, so that nothing is wrong.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NoTable | Self::Elsewhere)
    }
}

/// It can't be read, or contradicts itself.
pub(super) fn wrong<T>(what: impl Into<String>) -> Result<T, LazyError> {
    Err(LazyError::Wrong(what.into()))
}
