//! Is the archive compressed as a whole, and what comes out of it?

use super::error::ended;
use crate::finding::Finding;
use crate::layer::codec::{self, Codec, Output, Unsupported};
use crate::layer::findings::Findings;
use crate::layer::tar;
use crate::media_type::Compression;

/// What findings are about.
const SUBJECT: &str = "archive";

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A tar, to be read in place.
    Tar,
    /// Compressed: to be unpacked first, as there are no places in it to read from.
    Packed(Compression),
    /// Compressed in a way that can't be read here; its name.
    Unsupported(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// Says what a file is. `head` are its first 512 bytes, or all of it.
#[must_use]
pub fn sniff(head: &[u8]) -> Sniffed {
    match codec::sniff(head) {
        Ok(Compression::None) if tar::begins(head) => Sniffed::Tar,
        Ok(Compression::None) => Sniffed::Unknown,
        Ok(compression) => Sniffed::Packed(compression),
        Err(Unsupported(name)) => Sniffed::Unsupported(name),
    }
}

/// Unpacks an archive in pieces of any size, for a worker that writes what comes out to disk.
pub struct Unpacker {
    codec: Codec,
    findings: Findings,
    /// Whether only bytes that belong to nothing follow.
    over: bool,
    packed: u64,
    limit: u64,
    size: u64,
}

/// What came of unpacking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// Number of bytes that came out.
    pub size: u64,
    /// What is wrong with what went in, though all of it could be read.
    pub findings: Vec<Finding>,
}

const DAMAGED: &str = "The archive can't be unpacked";

/// Why an archive can't be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// The compressed bytes are damaged or end early.
    #[error("{DAMAGED}. {}", .0.message)]
    Damaged(
        /// What is wrong, and where.
        Box<Finding>,
    ),
    /// More comes out than there may be.
    #[error("The archive unpacks to more than the {0} bytes that there is room for")]
    TooLarge(
        /// The bytes that there may be.
        u64,
    ),
}

impl UnpackError {
    /// What went wrong, in one sentence without a full stop.
    #[must_use]
    pub fn headline(&self) -> String {
        match self {
            Self::Damaged(_) => DAMAGED.to_owned(),
            other @ Self::TooLarge(_) => other.to_string(),
        }
    }

    /// What is wrong with the bytes, and where, in whole sentences; empty when the headline says it.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Damaged(finding) => ended(&finding.message),
            Self::TooLarge(_) => String::new(),
        }
    }
}

impl Unpacker {
    /// Starts with nothing unpacked. Of what comes out there may be `limit` bytes: a few kilobytes
    /// can unpack to terabytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        let (codec, findings) = (Codec::new(), Findings::default());
        Self { codec, findings, over: false, packed: 0, limit, size: 0 }
    }

    /// Takes the next bytes of the file, and hands out what comes of them.
    ///
    /// # Errors
    /// When they are damaged, or too much comes out. Nothing more may be pushed then.
    pub fn push(&mut self, chunk: &[u8], mut out: impl FnMut(&[u8])) -> Result<(), UnpackError> {
        if self.over {
            return Ok(());
        }
        let mut room = Room { size: &mut self.size, limit: self.limit, out: &mut out };
        let result = self.codec.push(chunk, self.packed, SUBJECT, &mut room, &mut self.findings);
        self.packed = self.packed.saturating_add(chunk.len() as u64);
        self.judge(result.is_err())
    }

    /// Says that the file ends, and hands out the rest.
    ///
    /// # Errors
    /// When it ends too early, or too much comes out.
    pub fn finish(mut self, mut out: impl FnMut(&[u8])) -> Result<Unpacked, UnpackError> {
        if !self.over {
            let mut room = Room { size: &mut self.size, limit: self.limit, out: &mut out };
            let result = self.codec.finish(self.packed, SUBJECT, &mut room, &mut self.findings);
            self.judge(result.is_err())?;
        }
        Ok(Unpacked { size: self.size, findings: self.findings.finish(SUBJECT) })
    }

    /// Bytes that have come out so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    fn judge(&mut self, stopped: bool) -> Result<(), UnpackError> {
        if self.size > self.limit {
            return Err(UnpackError::TooLarge(self.limit));
        }
        // What stands behind the last member belongs to nothing; the tar is whole.
        self.over = self.codec.in_garbage();
        if !stopped || self.over {
            return Ok(());
        }
        let findings = std::mem::take(&mut self.findings).finish(SUBJECT);
        let worst = findings.into_iter().min_by_key(|finding| finding.severity);
        let unknown = || Finding::error("archive.packed", SUBJECT, "Its compression is damaged.");
        Err(UnpackError::Damaged(Box::new(worst.unwrap_or_else(unknown))))
    }
}

/// Hands out bytes as long as there is room for them.
struct Room<'a, F> {
    size: &'a mut u64,
    limit: u64,
    out: &'a mut F,
}

impl<F: FnMut(&[u8])> Output for Room<'_, F> {
    fn begin(&mut self, _compression: Compression) {}

    fn take(&mut self, bytes: &[u8]) {
        *self.size = self.size.saturating_add(bytes.len() as u64);
        if *self.size <= self.limit {
            (self.out)(bytes);
        }
    }
}
