//! gzip, RFC 1952: every member, one after the other.
//!
//! The frame is parsed here and only the raw deflate stream is left to zlib-rs, since its own
//! CRC is slower than one beside it and since a member's end must be seen.

mod header;
mod inside;

use zlib_rs::{Inflate, InflateFlush, Status};

use self::header::{Header, Read, stop};
use super::{Output, Stopped};
use crate::finding::Finding;
use crate::layer::findings::Findings;

/// Size of the buffer that the tar comes out in; small enough to stay in a core's cache.
const OUTPUT_BYTES: usize = 128 << 10;
/// How far back a match can reach.
const WINDOW: usize = 32 << 10;

/// Decodes a sequence of gzip members.
pub(crate) struct Gzip {
    state: State,
    inflate: Inflate,
    /// Filled from its beginning again and again, so that it holds what came out last.
    output: Vec<u8>,
    /// Where in it what was not handed out begins, and ends.
    ready: usize,
    filled: usize,
    members: u64,
    crc: crc32fast::Hasher,
    /// Bytes that came out of this member.
    produced: u64,
    /// Whether it was decoded from its beginning.
    whole: bool,
    /// Whether the output had no room for all that came out of what was taken.
    holds: bool,
    header: Header,
}

enum State {
    /// Before the first byte of a member.
    Start,
    /// In a member's header.
    Header,
    /// In the deflate stream.
    Body,
    /// In the checksum and length behind it.
    Trailer { bytes: [u8; 8], len: usize },
    /// In zeros that pad the last member; holds where they begin.
    Padding { start: u64 },
    /// Behind the last member stands something else, already reported.
    Garbage,
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: State::Start,
            inflate: Inflate::new(false, 15),
            output: vec![0; OUTPUT_BYTES],
            ready: 0,
            filled: 0,
            members: 0,
            crc: crc32fast::Hasher::new(),
            produced: 0,
            whole: true,
            holds: false,
            header: Header::at(0),
        }
    }
}

impl Gzip {
    pub(crate) fn members(&self) -> u64 {
        self.members
    }

    pub(crate) fn in_garbage(&self) -> bool {
        matches!(self.state, State::Garbage)
    }

    pub(crate) fn holds(&self) -> bool {
        self.holds
    }

    pub(crate) fn push(
        &mut self,
        input: &[u8],
        offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let result = self.run(input, offset, subject, out, findings);
        let taken = result.as_ref().map_or(input.len(), |taken| *taken);
        self.flush(out, offset + taken as u64);
        result
    }

    /// Hands out what came out of the blob before `offset`.
    fn flush(&mut self, out: &mut impl Output, offset: u64) {
        if self.filled > self.ready {
            out.take(&self.output[self.ready..self.filled]);
            out.reached(offset);
        }
        if self.filled == self.output.len() {
            self.filled = 0;
        }
        self.ready = self.filled;
    }

    /// What a match can reach back to.
    fn window(&self) -> Vec<u8> {
        let len = self.produced.min(WINDOW as u64) as usize;
        let (now, before) = self.output.split_at(self.filled);
        let older = len.saturating_sub(now.len());
        let newer = now.len().saturating_sub(len);
        [&before[before.len().saturating_sub(older)..], &now[newer..]].concat()
    }

    fn run(
        &mut self,
        mut input: &[u8],
        mut offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let start = offset;
        while !(input.is_empty() && !self.holds || out.is_full()) {
            let used = match &mut self.state {
                State::Start if input.starts_with(&[0]) && self.members > 0 => {
                    self.state = State::Padding { start: offset };
                    0
                }
                State::Start => {
                    if out.wants_point(self.filled - self.ready) {
                        self.flush(out, offset);
                        out.point(offset, None);
                    }
                    self.header = Header::at(offset);
                    self.state = State::Header;
                    0
                }
                State::Header => self.read_header(input, subject, findings)?,
                State::Body => self.read_body(input, offset, subject, out, findings)?,
                State::Trailer { bytes, len } => {
                    let used = input.len().min(8 - *len);
                    bytes[*len..*len + used].copy_from_slice(&input[..used]);
                    *len += used;
                    if *len == 8 {
                        let bytes = *bytes;
                        self.check_trailer(bytes, offset + used as u64 - 8, subject, findings);
                        self.state = State::Start;
                    }
                    used
                }
                State::Padding { start } => {
                    let start = *start;
                    match input.iter().position(|&byte| byte != 0) {
                        None => input.len(),
                        Some(at) => {
                            let zeros = offset + at as u64 > start;
                            self.garbage(start, zeros, subject, findings);
                            at
                        }
                    }
                }
                State::Garbage => input.len(),
            };
            input = input.get(used..).unwrap_or_default();
            offset += used as u64;
        }
        Ok((offset - start) as usize)
    }

    fn garbage(&mut self, start: u64, zeros: bool, subject: &str, findings: &mut Findings) {
        self.state = State::Garbage;
        findings.add("gzip.trailing-garbage", |rule| {
            let text = format!(
                "Behind the last gzip member, at offset {start}, stand bytes that are no gzip \
                 member{}: other tools refuse the blob.",
                if zeros { " (after zeros)" } else { "" }
            );
            Finding::error(rule, subject, text).expected("another gzip member or the end")
        });
    }

    /// Reads as much of the header as is there.
    fn read_header(
        &mut self,
        input: &[u8],
        subject: &str,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let was_known = self.header.is_known();
        let used = match self.header.read(input, subject, findings)? {
            Read::Part(used) => used,
            Read::NoGzip(used) => {
                self.garbage(self.header.start, false, subject, findings);
                return Ok(used);
            }
            Read::End(used) => {
                self.state = State::Body;
                self.inflate.reset(false);
                self.crc.reset();
                self.produced = 0;
                self.whole = true;
                used
            }
        };
        if !was_known && self.header.is_known() {
            self.members += 1;
        }
        Ok(used)
    }

    fn read_body(
        &mut self,
        input: &[u8],
        offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let mut used = 0;
        self.holds = false;
        let mut between: Option<(u64, Vec<u8>)> = None;
        let mut stuck = false;
        loop {
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let looks = between.is_none() && !stuck && out.wants_point(self.filled - self.ready);
            let flush = if looks { InflateFlush::Block } else { InflateFlush::NoFlush };
            let space = &mut self.output[self.filled..];
            let room = space.len();
            let rest = input.get(used..).unwrap_or_default();
            let status = self.inflate.decompress(rest, space, flush);
            let made = (self.inflate.total_out() - before_out) as usize;
            let taken = (self.inflate.total_in() - before_in) as usize;
            used += taken;
            self.crc.update(&self.output[self.filled..self.filled + made]);
            self.produced += made as u64;
            self.filled += made;
            let more = made < room && used < input.len();
            // Behind the last block no other begins.
            if let Some((at, window)) = between.take()
                && !(made == 0 && status == Ok(Status::StreamEnd))
            {
                out.point(at, Some(&window));
            }
            // With input and room left the decoder stops between blocks only.
            if looks && more && status == Ok(Status::Ok) {
                let at = offset + used as u64;
                between = Some((at.saturating_sub(1), self.window()));
                self.flush(out, at);
            }
            stuck = looks && more && made == 0 && taken == 0;
            if self.filled == self.output.len() {
                self.flush(out, offset + used as u64);
            }
            match status {
                Ok(Status::StreamEnd) => {
                    self.state = State::Trailer { bytes: [0; 8], len: 0 };
                    return Ok(used);
                }
                // Output may be left inside when there was no room for it.
                Ok(_) if made == room && out.is_full() => {
                    self.holds = true;
                    return Ok(used);
                }
                Ok(_) if made == room => {}
                Ok(_) if used == input.len() => return Ok(used),
                Ok(_) if taken > 0 || made > 0 || stuck => {}
                Ok(_) | Err(_) => {
                    let at = offset + used as u64;
                    return Err(stop(findings, "gzip.data", subject, || {
                        format!(
                            "The compressed data is damaged at offset {at} of the blob (byte {} \
                             of the tar's gzip member): the rest can't be read.",
                            self.produced
                        )
                    }));
                }
            }
        }
    }

    fn check_trailer(&self, bytes: [u8; 8], offset: u64, subject: &str, findings: &mut Findings) {
        if !self.whole {
            return;
        }
        let [a, b, c, d, e, f, g, h] = bytes;
        let (crc, size) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let actual = self.crc.clone().finalize();
        if crc != actual {
            findings.add("gzip.crc", |rule| {
                let text = format!(
                    "The content of gzip member {} does not match the checksum at offset {offset}.",
                    self.members
                );
                Finding::error(rule, subject, text)
                    .expected(format!("{crc:08x}"))
                    .actual(format!("{actual:08x}"))
            });
        }
        if size != self.produced as u32 {
            findings.add("gzip.size", |rule| {
                let text = format!(
                    "The content of gzip member {} does not have the size that stands at offset {}.",
                    self.members,
                    offset + 4
                );
                Finding::error(rule, subject, text).expected(size).actual(self.produced as u32)
            });
        }
    }

    /// Says that the blob ends at `offset`.
    pub(crate) fn finish(
        &mut self,
        offset: u64,
        subject: &str,
        findings: &mut Findings,
    ) -> Result<(), Stopped> {
        let place = match &self.state {
            State::Start => return Ok(()),
            State::Padding { start } => {
                let start = *start;
                findings.add("gzip.trailing-zeros", |rule| {
                    let text = format!(
                        "Behind the last gzip member, at offset {start}, stand {} zeros; some \
                         tools refuse that.",
                        offset - start
                    );
                    Finding::warning(rule, subject, text).expected("the end")
                });
                return Ok(());
            }
            State::Garbage => return Err(Stopped),
            State::Header if self.members > 0 && self.header.is_one_byte() => {
                let start = self.header.start;
                self.garbage(start, false, subject, findings);
                return Err(Stopped);
            }
            State::Header => "in the header of a gzip member",
            State::Body => "in the middle of the compressed data",
            State::Trailer { .. } => "in the checksum of a gzip member",
        };
        Err(stop(findings, "gzip.truncated", subject, || {
            format!("The blob ends {place}, at offset {offset}: a part is missing.")
        }))
    }
}
