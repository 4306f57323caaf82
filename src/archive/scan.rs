//! Where in a tar do which files lie?

use std::ops::Range;

use super::error::{Error, Subject};
use super::files::{Builder, Files};
use super::read_at::{ReadAt, failed};
use crate::layer::findings::Findings;
use crate::layer::tar::Parser;
use crate::limits;

/// Bytes that are asked for at once. Small files and the headers between them come together; what
/// is read in vain behind the header of a large one is little.
const WINDOW: u64 = 8 << 10;

/// Walks through a tar by its headers and leaves out the contents.
///
/// ```text
/// while let Some(range) = scan.want() { scan.supply(bytes at range) }
/// scan.finish()
/// ```
pub struct Scan {
    parser: Parser,
    findings: Findings,
    file: usize,
    size: u64,
    offset: u64,
}

/// Walks through a tar of `size` bytes that is the file number `file` of `from`.
///
/// # Errors
/// When it can't be read, is no tar, or has too many entries.
pub async fn scan<R: ReadAt>(from: &R, file: usize, size: u64) -> Result<Files, Error> {
    let mut scan = Scan::new(file, size);
    while let Some(range) = scan.want() {
        let bytes = from.read(file, range).await;
        scan.supply(&bytes.map_err(|error| failed(error, &Subject::Tar))?);
    }
    scan.finish()
}

impl Scan {
    /// A tar of `size` bytes, not compressed, that is the file number `file` of the archive.
    #[must_use]
    pub fn new(file: usize, size: u64) -> Self {
        let (parser, findings) = (Parser::new(false), Findings::default());
        Self { parser, findings, file, size, offset: 0 }
    }

    /// The bytes that are needed next, or `None` when no more are. Asking again gives the same.
    #[must_use]
    pub fn want(&self) -> Option<Range<u64>> {
        let over = self.parser.is_over() || self.too_many() || self.offset >= self.size;
        (!over).then(|| self.offset..self.offset.saturating_add(WINDOW).min(self.size))
    }

    /// Takes bytes from the beginning of what was asked for; they may be fewer or more. None at all
    /// say that the file ends here.
    pub fn supply(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.size = self.offset;
            return;
        }
        self.parser.push(bytes, &mut self.findings);
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        let rest = self.size.saturating_sub(self.offset);
        let skipped = self.parser.skippable().min(rest);
        self.parser.skip(skipped, &mut self.findings);
        self.offset = self.offset.saturating_add(skipped);
    }

    /// The files that were found. Links are resolved, and names that lead out of the archive are
    /// left out with a finding; so are files that the tar is too short for.
    ///
    /// # Errors
    /// When the bytes were no tar, or one with too many entries.
    pub fn finish(mut self) -> Result<Files, Error> {
        if self.too_many() {
            return Err(Error::TooManyEntries);
        }
        let is_over = self.parser.is_over();
        let has_end = self.parser.finish(&mut self.findings) && is_over;
        if self.parser.entries() == 0 && !has_end {
            return Err(Error::NotATar);
        }
        let index = self.parser.into_index();
        let mut files = Builder::new(self.findings);
        for entry in index.entries() {
            let sparse = index.sparse(entry.ordinal).is_some();
            files.add_entry(&entry, sparse, self.file, self.size);
        }
        Ok(files.finish())
    }

    fn too_many(&self) -> bool {
        self.parser.entries() > limits::ARCHIVE_ENTRIES
    }
}
