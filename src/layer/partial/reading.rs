//! Which bytes of the blob are needed next, and what came of them?

use std::collections::VecDeque;
use std::ops::Range;

use super::check::Checking;
use super::decode::{Decoder, Out};
use super::{Decode, ReadError, Span};
use crate::layer::content::{Cutter, Trust, Wanted};
use crate::limits;

/// Reads wanted runs out of spans: a machine without IO.
///
/// ```
/// use drydock::layer::content::{Trust, Wanted};
/// use drydock::layer::partial::{Check, Decode, Reading, Span};
///
/// let blob = b"one two three";
/// let word = Span { blob: 4..7, decode: Decode::Plain, skip: 0, offset: 4, len: 3, check: Check::None };
/// let mut reading = Reading::new(vec![word], Wanted::stream(13).slice(4, 7));
/// let mut read = Vec::new();
/// while let Some(range) = reading.ask() {
///     let answer = &blob[range.start as usize..range.end as usize];
///     reading.push(answer, &mut |_, bytes| read.extend_from_slice(bytes)).unwrap();
/// }
/// assert_eq!(read, b"two");
/// assert!(reading.is_whole());
/// assert_eq!(reading.trust(), Trust::None);
/// ```
pub struct Reading {
    spans: VecDeque<Span>,
    wanted: Cutter,
    current: Option<Current>,
    /// What is asked for and has not come.
    asked: Range<u64>,
    /// Spans that begin in what was asked for, the current one counted.
    grouped: usize,
    /// The last byte that came: the next span may begin with it.
    last: Option<u8>,
    worth: Worth,
}

/// The span that is read.
struct Current {
    blob: Range<u64>,
    decoder: Decoder,
    check: Checking,
    skip: u64,
    left: u64,
    offset: u64,
}

/// What the spans that ended were compared with.
#[derive(Default)]
struct Worth {
    recorded: bool,
    promised: bool,
    nothing: bool,
    failed: bool,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reading({:?}, {} more spans)", self.ask(), self.spans.len())
    }
}

impl Reading {
    /// Nothing was read yet. Spans stand in the order of the stream; so do the runs of `wanted`,
    /// whose offsets are those in the spans' stream.
    #[must_use]
    pub fn new(spans: Vec<Span>, wanted: Wanted) -> Self {
        let mut reading = Self {
            spans: spans.into(),
            wanted: Cutter::new(wanted),
            current: None,
            asked: 0..0,
            grouped: 0,
            last: None,
            worth: Worth::default(),
        };
        reading.go_on();
        reading
    }

    /// The bytes of the blob to give next, at most [`RANGE_BYTES`](limits::RANGE_BYTES); what is left
    /// of them when some have come. `None` when no more are needed.
    #[must_use]
    pub fn ask(&self) -> Option<Range<u64>> {
        (self.current.is_some() && !self.worth.failed).then(|| self.asked.clone())
    }

    /// Takes the next bytes of what was [asked](Self::ask) for, in pieces of any size, and gives out
    /// bytes of the file with their offsets in it. Offsets only rise; what they leave out is a hole.
    /// All of it is provisional until [`trust`](Self::trust) has said what it is worth.
    ///
    /// # Errors
    /// When these can't be decoded, or are not what was promised. Nothing more is read then.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        give: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), ReadError> {
        while !bytes.is_empty()
            && let Some(range) = self.ask()
        {
            // A range that was asked for is used up before the next one, needed or not.
            let end = match &self.current {
                Some(current) if self.grouped > 0 => current.blob.end.min(range.end),
                _ => range.end,
            };
            let count = end.saturating_sub(range.start).min(bytes.len() as u64);
            let (now, rest) = bytes.split_at_checked(count as usize).unwrap_or((bytes, &[]));
            self.asked.start += now.len() as u64;
            bytes = rest;
            if self.grouped > 0 {
                let taken = self.take(now, give);
                self.worth.failed |= taken.is_err();
                taken?;
            }
            if self.asked.is_empty() {
                self.go_on();
            }
        }
        Ok(())
    }

    /// Whether all that is wanted was given out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.wanted.done()
    }

    /// What the bytes that were given out were compared with. [`Trust::None`] when not all have come,
    /// and where nothing but holes did.
    #[must_use]
    pub fn trust(self) -> Trust {
        let over = self.current.is_none() && self.is_whole();
        let Worth { recorded, promised, nothing, failed } = self.worth;
        match self.wanted.trust() {
            _ if failed => Trust::Mismatch,
            Trust::Mismatch => Trust::Mismatch,
            _ if !over => Trust::None,
            Trust::File => Trust::File,
            _ if nothing => Trust::None,
            _ if promised => Trust::Promised,
            _ if recorded => Trust::Recorded,
            _ => Trust::None,
        }
    }

    /// Takes the next bytes of the current span.
    fn take(&mut self, bytes: &[u8], give: &mut dyn FnMut(u64, &[u8])) -> Result<(), ReadError> {
        self.last = bytes.last().copied().or(self.last);
        let Some(current) = &mut self.current else { return Ok(()) };
        let at = current.blob.start;
        let is_last = self.asked.start >= current.blob.end;
        let begin = self.asked.start.saturating_sub(bytes.len() as u64);
        current.check.compressed(bytes);
        if current.left > 0 {
            let Self { wanted, .. } = self;
            let mut cut = |offset: u64, run: &[u8]| wanted.push(offset, run, &mut *give);
            let mut out = Out {
                skip: &mut current.skip,
                left: &mut current.left,
                offset: &mut current.offset,
                check: &mut current.check,
                give: &mut cut,
            };
            let decoded = current.decoder.push(bytes, begin, is_last, &mut out);
            if matches!(current.check, Checking::Failed) {
                return Err(ReadError::Mismatch { at });
            }
            decoded.map_err(|why| ReadError::Damaged { at, why })?;
        }
        let done = current.left == 0 && !current.check.takes_all() && self.spans.is_empty();
        if is_last || done { self.end(give) } else { Ok(()) }
    }

    /// Ends the current span.
    fn end(&mut self, give: &mut dyn FnMut(u64, &[u8])) -> Result<(), ReadError> {
        let Some(Current { blob, check, left, .. }) = self.current.take() else { return Ok(()) };
        let at = blob.start;
        match &check {
            Checking::None => self.worth.nothing = true,
            Checking::States { .. } => self.worth.recorded = true,
            _ => self.worth.promised = true,
        }
        if left > 0 {
            return Err(ReadError::Short { at, missing: left });
        }
        if !check.finish() {
            return Err(ReadError::Mismatch { at });
        }
        self.grouped = self.grouped.saturating_sub(1);
        self.go_on();
        // Two spans may share a byte in which a block of the one ends and one of the other begins.
        let shares =
            |current: &Current| current.blob.start.checked_add(1) == Some(self.asked.start);
        match self.last {
            Some(byte) if self.grouped > 0 && self.current.as_ref().is_some_and(shares) => {
                self.take(&[byte], give)
            }
            _ => Ok(()),
        }
    }

    /// Makes the next span the current one, if there is none, and asks for more if all has come.
    fn go_on(&mut self) {
        while self.current.is_none()
            && let Some(span) = self.spans.pop_front()
        {
            let Span { blob, decode, skip, offset, len, check } = span;
            let end = offset.saturating_add(len);
            if decode == Decode::Zeros {
                self.wanted.skip_to(end);
            } else if needs_bytes(&blob, len) {
                let check = Checking::new(check, offset);
                let decoder = Decoder::new(decode);
                self.current =
                    Some(Current { blob, decoder, check, skip, left: end - offset, offset });
            }
        }
        let Some(current) = &self.current else { return };
        if self.asked.is_empty() {
            let is_begun = self.grouped > 0 && current.blob.contains(&self.asked.start);
            let start = if is_begun { self.asked.start } else { current.blob.start };
            let mut end = current.blob.end;
            self.grouped = 1;
            for Span { blob, decode, len, .. } in &self.spans {
                if *decode == Decode::Zeros || !needs_bytes(blob, *len) {
                    continue;
                }
                let touches = blob.start == end || blob.start.checked_add(1) == Some(end);
                if !touches || blob.end <= end || blob.end - start > limits::RANGE_BYTES {
                    break;
                }
                end = blob.end;
                self.grouped += 1;
            }
            self.asked = start..end.min(start.saturating_add(limits::RANGE_BYTES));
        }
    }
}

/// Whether a span that is no hole is read at all.
fn needs_bytes(blob: &Range<u64>, len: u64) -> bool {
    len > 0 && !blob.is_empty()
}
