//! Which entries does a tar hold? A push parser for v7, ustar, GNU and pax.
//!
//! Where writers and readers of tars disagree, the reading follows Go's `archive/tar`, which most
//! container tools use, and a finding says what is ambiguous.

mod entry;
mod extension;
mod header;
mod listing;
mod pax;
mod sparse;
mod state;

use sha2::{Digest as _, Sha256};

use self::header::{Block, Format, Header};
pub(crate) use self::pax::MTIME;
use self::pax::Records;
use self::state::{Draft, Extension, Pending, State, place};
use crate::finding::Finding;
use crate::layer::findings::Findings;
use crate::layer::index::{Extras, Index};

/// Reads a tar in pieces of any size.
pub(crate) struct Parser {
    state: State,
    /// A block that has not come whole yet.
    block: Box<Block>,
    block_len: usize,
    /// Offset in the tar of the next byte.
    offset: u64,
    /// Extensions for the next entry.
    pending: Pending,
    globals: Records,
    /// [`Extras::GLOBAL`] once a global header has come.
    global_extras: Extras,
    /// Number of findings up to the last entry.
    findings_before: usize,
    body: Vec<u8>,
    draft: Draft,
    index: Index,
    index_full: bool,
    hash_files: bool,
    hasher: Option<Sha256>,
    entries: u64,
    trailing: u64,
}

/// Whether a tar can begin with these bytes: with a header, or with the end of one without entries.
pub(crate) fn begins(head: &[u8]) -> bool {
    let header = head.first_chunk::<512>().map(Header);
    header.is_some_and(|header| header.is_zero() || header.checksum().is_some())
}

impl Parser {
    pub(crate) fn new(hash_files: bool) -> Self {
        Self {
            state: State::Header,
            block: Box::new([0; 512]),
            block_len: 0,
            offset: 0,
            pending: Pending::default(),
            globals: Records::default(),
            global_extras: Extras::default(),
            findings_before: 0,
            body: Vec::new(),
            draft: Draft::default(),
            index: Index::default(),
            index_full: false,
            hash_files,
            hasher: None,
            entries: 0,
            trailing: 0,
        }
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn into_index(self) -> Index {
        self.index
    }

    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Takes the next bytes of the tar.
    pub(crate) fn push(&mut self, mut bytes: &[u8], findings: &mut Findings) {
        while !bytes.is_empty() {
            let used = match &mut self.state {
                State::Content { left, padding } => {
                    let used = (*left).min(bytes.len() as u64) as usize;
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(&bytes[..used]);
                    }
                    *left -= used as u64;
                    if *left == 0 {
                        self.state = State::Padding { left: *padding };
                        self.end_content();
                    }
                    used
                }
                State::Padding { left } => {
                    let used = (*left).min(bytes.len() as u64);
                    *left -= used;
                    if *left == 0 {
                        self.state = State::Header;
                    }
                    used as usize
                }
                State::Extension { kind, left, padding } => {
                    let used = (*left).min(bytes.len() as u64) as usize;
                    if *kind != Extension::TooLarge {
                        self.body.extend_from_slice(&bytes[..used]);
                    }
                    *left -= used as u64;
                    if *left == 0 {
                        let kind = *kind;
                        self.state = State::Padding { left: *padding };
                        // Findings name where the extension begins, wherever this piece does.
                        let before = self.body.len().saturating_sub(used) as u64;
                        self.offset -= before;
                        self.end_extension(kind, findings);
                        self.offset += before;
                    }
                    used
                }
                State::End => {
                    let first = bytes.iter().position(|byte| self.trailing > 0 || *byte != 0);
                    self.trailing += first.map_or(0, |at| (bytes.len() - at) as u64);
                    bytes.len()
                }
                State::Stopped => bytes.len(),
                State::Header | State::ZeroBlock | State::SparseBlocks | State::SparseMap(_) => {
                    match bytes.first_chunk::<512>() {
                        Some(block) if self.block_len == 0 => {
                            self.block(block, findings);
                            512
                        }
                        _ => self.partial(bytes, findings),
                    }
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
            self.offset += used as u64;
        }
    }

    /// Number of bytes from here on that may be left out, as [`Self::skip`] takes their place:
    /// content that nobody hashes, and what fills its last block.
    pub(crate) fn skippable(&self) -> u64 {
        match &self.state {
            State::Content { left, padding } if self.hasher.is_none() => {
                left.saturating_add(*padding)
            }
            State::Extension { kind: Extension::TooLarge, left, padding } => {
                left.saturating_add(*padding)
            }
            State::Padding { left } => *left,
            _ => 0,
        }
    }

    /// Goes on `len` bytes later, at most [`Self::skippable`], without having seen them.
    pub(crate) fn skip(&mut self, len: u64, findings: &mut Findings) {
        let mut rest = len.min(self.skippable());
        self.offset = self.offset.saturating_add(rest);
        while rest > 0 {
            let step = match &mut self.state {
                State::Content { left, .. }
                | State::Extension { left, .. }
                | State::Padding { left } => {
                    let step = rest.min(*left);
                    *left -= step;
                    step
                }
                _ => return,
            };
            rest -= step;
            match &self.state {
                State::Content { left: 0, padding } => {
                    self.state = State::Padding { left: *padding };
                    self.end_content();
                }
                State::Extension { kind, left: 0, padding } => {
                    let kind = *kind;
                    self.state = State::Padding { left: *padding };
                    self.end_extension(kind, findings);
                }
                State::Padding { left: 0 } => self.state = State::Header,
                _ => {}
            }
        }
    }

    /// Whether nothing more is read: the end marker has come, or the place of the next header is
    /// not known.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::End | State::Stopped)
    }

    /// Collects a block that comes in parts.
    fn partial(&mut self, bytes: &[u8], findings: &mut Findings) -> usize {
        let used = bytes.len().min(512 - self.block_len);
        self.block[self.block_len..self.block_len + used].copy_from_slice(&bytes[..used]);
        self.block_len += used;
        if self.block_len == 512 {
            self.block_len = 0;
            // Offsets count from the beginning of the block.
            self.offset -= 512 - used as u64;
            let block = *self.block;
            self.block(&block, findings);
            self.offset += 512 - used as u64;
        }
        used
    }

    /// Takes a whole block, which begins at `self.offset`.
    fn block(&mut self, block: &Block, findings: &mut Findings) {
        match &mut self.state {
            State::SparseBlocks => self.sparse_block(block, findings),
            State::SparseMap(reader) => {
                let result = reader.push(block);
                let map_bytes = 512 * reader.blocks();
                let left = self.draft.stored.saturating_sub(map_bytes);
                match result {
                    Ok(None) if left >= 512 => return,
                    Ok(None) => self.sparse_problem("its map does not end", findings),
                    Ok(Some(regions)) => self.draft.regions = Some(regions),
                    Err(problem) => self.sparse_problem(problem, findings),
                }
                self.draft.stored = left;
                self.begin_content(self.offset + 512, findings);
            }
            _ => self.header(block, findings),
        }
    }

    fn header(&mut self, block: &Block, findings: &mut Findings) {
        let header = Header(block);
        let offset = self.offset;
        if header.is_zero() {
            self.state = match self.state {
                State::ZeroBlock => State::End,
                _ => State::ZeroBlock,
            };
            self.dangling(findings);
            return;
        }
        if matches!(self.state, State::ZeroBlock) {
            self.trailing = 512;
            self.state = State::End;
            findings.add("tar.lone-zero-block", |rule| {
                let text = format!(
                    "One block of zeros at offset {} of the tar is followed by something else: \
                     some tools stop there, others refuse the tar.",
                    offset.saturating_sub(512)
                );
                Finding::error(rule, place(offset), text).expected("two blocks of zeros")
            });
            return;
        }
        match header.checksum() {
            None => {
                self.state = State::Stopped;
                findings.add("tar.checksum", |rule| {
                    let text = format!(
                        "At offset {offset} of the tar stands no header with a valid checksum: \
                         the entries from there on can't be read."
                    );
                    Finding::error(rule, place(offset), text)
                });
                return;
            }
            Some(true) => findings.add("tar.signed-checksum", |rule| {
                let text = "The checksum of the header is made of signed bytes.";
                Finding::note(rule, place(offset), text)
            }),
            Some(false) => {}
        }
        if header.format() == Format::UstarNoVersion {
            findings.add("tar.version", |rule| {
                let text = "The header has the magic of ustar without its version: tools disagree \
                            about its fields.";
                Finding::error(rule, place(offset), text).expected("00")
            });
        }
        match header.type_flag() {
            b'x' | b'X' => self.begin_extension(&header, Extension::Pax, findings),
            b'g' => self.begin_extension(&header, Extension::Global, findings),
            b'L' => self.begin_extension(&header, Extension::LongName, findings),
            b'K' => self.begin_extension(&header, Extension::LongLink, findings),
            _ => self.begin_entry(&header, findings),
        }
    }

    fn stop(&mut self, rule: &'static str, findings: &mut Findings, text: &str) {
        self.state = State::Stopped;
        let offset = self.offset;
        findings.add(rule, |rule| {
            let text = format!(
                "{text} at offset {offset} of the tar: the entries from there on can't be read."
            );
            Finding::error(rule, place(offset), text)
        });
    }

    /// Says that the tar ends here. Returns whether it was read to its end.
    pub(crate) fn finish(&mut self, findings: &mut Findings) -> bool {
        let offset = self.offset;
        let no_end = |findings: &mut Findings, text: &str| {
            findings.add("tar.no-end", |rule| {
                Finding::warning(rule, place(offset), text).expected("two blocks of zeros")
            });
        };
        let truncated = match &self.state {
            State::Header if self.block_len == 0 => {
                self.dangling(findings);
                no_end(findings, "The tar has no end marker.");
                false
            }
            State::ZeroBlock if self.block_len == 0 => {
                no_end(findings, "The tar ends with one block of zeros.");
                false
            }
            State::Padding { .. } => {
                self.dangling(findings);
                no_end(findings, "The tar ends behind the last content, in an unfinished block.");
                false
            }
            State::End => {
                let trailing = self.trailing;
                if trailing > 0 {
                    findings.add("tar.data-after-end", |rule| {
                        let text = format!(
                            "Behind the end marker of the tar stand {trailing} bytes that are not \
                             only zeros; tools ignore them."
                        );
                        Finding::warning(rule, place(offset - trailing), text)
                    });
                }
                return true;
            }
            State::Stopped => return false,
            _ => true,
        };
        if truncated {
            findings.add("tar.truncated", |rule| {
                let text = format!(
                    "The tar ends in the middle of an entry, at offset {offset}: a part is missing."
                );
                Finding::error(rule, place(offset), text)
            });
        }
        !truncated
    }
}
