//! Where in a tar is the parser, and what has it gathered?

use super::pax::Records;
use super::sparse::{self, Region};
use crate::layer::index::{Extras, Kind};

/// What the next bytes are.
pub(super) enum State {
    Header,
    /// In the body of an extension; `left` bytes and then `padding`.
    Extension {
        kind: Extension,
        left: u64,
        padding: u64,
    },
    /// In blocks that continue an old GNU sparse header.
    SparseBlocks,
    /// In the map in front of a sparse file's content.
    SparseMap(sparse::MapReader),
    /// In the content of an entry.
    Content {
        left: u64,
        padding: u64,
    },
    /// In what fills the last block.
    Padding {
        left: u64,
    },
    /// One block of zeros has come.
    ZeroBlock,
    /// Behind the end.
    End,
    /// The place of the next header is not known.
    Stopped,
}

/// What an extension header is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    Pax,
    Global,
    LongName,
    LongLink,
    /// Too large; its content is not kept.
    TooLarge,
}

/// Extensions that wait for the entry they belong to.
#[derive(Default)]
pub(super) struct Pending {
    /// Where the first of them begins.
    pub(super) start: Option<u64>,
    pub(super) pax: Option<Records>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
}

/// An entry that is being put together. Its buffers are used again for the next one.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) device: Option<(u32, u32)>,
    pub(super) records: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the entry begins, extensions included.
    pub(super) start: u64,
    /// Bytes that stand in the tar.
    pub(super) stored: u64,
    /// The runs of a sparse file.
    pub(super) regions: Option<Vec<Region>>,
    /// What the headers hold beside that.
    pub(super) extras: Extras,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            kind: Kind::File,
            mode: 0,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: 0,
            name: Vec::new(),
            link: Vec::new(),
            device: None,
            records: Vec::new(),
            start: 0,
            stored: 0,
            regions: None,
            extras: Extras::default(),
        }
    }
}

/// Bytes from `len` to the next multiple of a block.
pub(super) fn padding(len: u64) -> u64 {
    len.wrapping_neg() & 511
}

/// What a finding about a place in the tar is about.
pub(super) fn place(offset: u64) -> String {
    format!("tar offset {offset}")
}
