//! How far a blob has come, across broken connections: what is asked for next, and what an answer
//! brings of it. Nothing is sent here.

use std::ops::Range;
use std::time::Duration;

use http::StatusCode;

use super::range::{self, Rest};
use crate::limits;

/// Bytes after which a connection counts as working again.
const PROGRESS: u64 = 1 << 20;

/// A blob that is read from its first to its last byte, or a range of it.
#[derive(Clone, Debug)]
pub struct Course {
    size: u64,
    /// Where the range ends that is read; none when all is read that comes.
    until: Option<u64>,
    /// Whether the head of the answer said how long its body is.
    is_announced: bool,
    /// Where the bytes of the body end, as far as its head says.
    end: Option<u64>,
    /// Where the body began to bring something new.
    began: u64,
    /// Whether the blob is asked for from its start, as the registry gives wrong parts of it.
    anew: bool,
    /// Where a body without a length ended too early; the same place twice is the blob's end.
    ended: Option<u64>,
    skip: u64,
    offset: u64,
    resumed: u32,
    failures: u32,
    offset_at_failure: u64,
}

/// The head of an answer to the question for a blob.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The status.
    pub status: StatusCode,
    /// `Content-Range`.
    pub content_range: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Length`.
    pub length: Option<u64>,
}

/// What an answer brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brings {
    /// Bytes of the blob.
    Bytes,
    /// Nothing: all has come.
    Nothing,
    /// A page for people, such as a login.
    Page,
    /// Another part than was asked for; it says which. The whole is asked for next.
    OtherPart(String),
    /// No success: the status says why.
    Refusal,
}

/// What the end of a body means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was the end of the blob.
    OfAll,
    /// It was not, but something came: the rest is asked for at once.
    OfSome,
    /// It was not, and hardly anything came.
    Early,
}

impl Course {
    /// Of a blob that is to have this many bytes.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self {
            size,
            until: None,
            is_announced: false,
            end: None,
            began: 0,
            anew: false,
            ended: None,
            skip: 0,
            offset: 0,
            resumed: 0,
            failures: 0,
            offset_at_failure: 0,
        }
    }

    /// Of a range of such a blob.
    #[must_use]
    pub fn of(range: Range<u64>, size: u64) -> Self {
        let until = range.end.min(size);
        let offset = range.start.min(until);
        Self { until: Some(until), offset, offset_at_failure: offset, ..Self::new(size) }
    }

    /// Whether a range of it is read.
    #[must_use]
    pub fn is_range(&self) -> bool {
        self.until.is_some()
    }

    /// Whether all of a range has come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.until.is_some_and(|until| self.offset >= until)
    }

    /// The byte that comes next.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes that come now and are not wanted, as the registry gave more than it was asked for.
    #[must_use]
    pub fn skips(&self) -> u64 {
        self.skip
    }

    /// How often the connection had to be made anew.
    #[must_use]
    pub fn resumed(&self) -> u32 {
        self.resumed
    }

    /// Whether it is so much longer than expected that no more is read of it.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.offset > self.size.saturating_add(limits::OVERRUN_BYTES)
    }

    /// The first byte that is to be asked for.
    #[must_use]
    pub fn asked(&self) -> u64 {
        if self.anew { 0 } else { self.offset }
    }

    /// The field `Range` of the question; none for all of it.
    #[must_use]
    pub fn range(&self) -> Option<String> {
        match self.until.filter(|until| !self.anew && (*until < self.size || self.asked() > 0)) {
            Some(until) => Some(format!("bytes={}-{}", self.asked(), until.saturating_sub(1))),
            None => (self.asked() > 0).then(|| format!("bytes={}-", self.asked())),
        }
    }

    /// An answer has come.
    pub fn answered(&mut self, head: &Head<'_>) -> Brings {
        let asked = self.asked();
        let rest = range::rest(asked, self.size, head.status, head.content_range);
        if rest.is_some() && self.is_page(head) {
            return Brings::Page;
        }
        self.began = self.offset;
        self.is_announced = head.length.is_some();
        (self.skip, self.end) = match rest {
            Some(Rest::From { end }) => (0, end),
            Some(Rest::Whole { end }) => (self.offset, end),
            Some(Rest::Over) => return Brings::Nothing,
            Some(Rest::Again(other)) => {
                self.anew = true;
                return Brings::OtherPart(other);
            }
            None => return Brings::Refusal,
        };
        Brings::Bytes
    }

    /// Whether an answer is a page for people: it is said to be one, and has another length.
    fn is_page(&self, head: &Head<'_>) -> bool {
        let is_html = head.content_type.is_some_and(|name| name.starts_with("text/html"));
        let rest = self.size.saturating_sub(self.asked());
        let fits = |length| length == self.size || length == rest;
        head.status == StatusCode::OK && is_html && !head.length.is_some_and(fits)
    }

    /// So many bytes have come; those in the range that is given back are wanted, and new.
    pub fn came(&mut self, bytes: u64) -> Range<u64> {
        let skipped = self.skip.min(bytes);
        self.skip -= skipped;
        let left = self.until.map_or(u64::MAX, |until| until.saturating_sub(self.offset));
        let new = left.min(bytes - skipped);
        self.offset += new;
        skipped..skipped + new
    }

    /// A body has come to its end.
    pub fn ended(&mut self) -> End {
        if !self.is_cut() {
            return End::OfAll;
        }
        let some = self.offset >= self.began.saturating_add(PROGRESS);
        if some { End::OfSome } else { End::Early }
    }

    /// Whether a body that came to its end was not all of the blob: it was a part, or nothing said
    /// how long it was.
    fn is_cut(&mut self) -> bool {
        let all = self.until.unwrap_or(self.size);
        if self.offset >= all {
            return false;
        }
        match self.end {
            Some(end) => end < all || self.offset < end,
            None if self.is_announced => false,
            None => self.ended.replace(self.offset) != Some(self.offset),
        }
    }

    /// It went wrong: how long to wait before it is tried again, by the number of failures in a row
    /// without progress. `None` when it is given up.
    pub fn failed(&mut self, delay: impl FnOnce(u32) -> Option<Duration>) -> Option<Duration> {
        if self.offset >= self.offset_at_failure.saturating_add(PROGRESS) {
            self.failures = 0;
        }
        self.offset_at_failure = self.offset;
        self.failures += 1;
        let time = delay(self.failures)?;
        self.resumed += 1;
        Some(time)
    }
}
