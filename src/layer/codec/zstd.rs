//! Zstandard, RFC 8878: every frame, skippable ones too.
//!
//! Frame and block headers are read here, so that the decoder only ever gets whole blocks and
//! limits are checked before it allocates anything.

mod headers;

use std::io;

use structured_zstd::decoding::errors::FrameDecoderError;
use structured_zstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use self::headers::{GARBAGE, Unit, block, frame};
use super::{Output, Stopped};
use crate::finding::Finding;
use crate::layer::findings::Findings;
use crate::limits;

/// Decodes a sequence of zstd frames.
pub(crate) struct Zstd {
    state: State,
    decoder: FrameDecoder,
    /// Bytes of a header or block that has not come whole yet.
    pending: Vec<u8>,
    frames: u64,
    checksum: bool,
    content_size: Option<u64>,
    produced: u64,
}

#[derive(Clone, Copy)]
enum State {
    /// Before a frame.
    Frame,
    /// Before a block of a frame.
    Block,
    /// In a skippable frame of which so many bytes are left.
    Skip(u64),
    /// Behind the last frame stands something else, already reported.
    Garbage,
}

impl Default for Zstd {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        let limited = decoder.set_max_window_size(limits::ZSTD_WINDOW_BYTES);
        debug_assert!(limited.is_ok(), "a limit that the decoder can have");
        Self {
            state: State::Frame,
            decoder,
            pending: Vec::new(),
            frames: 0,
            checksum: false,
            content_size: None,
            produced: 0,
        }
    }
}

impl Zstd {
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    pub(crate) fn in_garbage(&self) -> bool {
        matches!(self.state, State::Garbage)
    }

    pub(crate) fn push(
        &mut self,
        mut input: &[u8],
        mut offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let whole = input.len();
        while !input.is_empty() && !out.is_full() {
            if let State::Skip(left) = self.state {
                let skipped = left.min(input.len() as u64);
                self.state =
                    if skipped == left { State::Frame } else { State::Skip(left - skipped) };
                input = &input[skipped as usize..];
                offset += skipped;
                continue;
            }
            if self.in_garbage() {
                return Ok(whole);
            }
            // `start` is where the unit begins in the blob.
            let held = std::mem::take(&mut self.pending);
            let start = offset - held.len() as u64;
            let view = if held.is_empty() { input } else { &held };
            let unit = self.unit(view, start, subject, findings)?;
            let Unit::Needs(needed) = unit else {
                let len = self.process(&unit, view, start, subject, out, findings)?;
                // A held unit was filled up to its last byte and no further.
                if held.is_empty() {
                    input = input.get(len..).unwrap_or_default();
                    offset += len as u64;
                } else {
                    self.pending = held;
                    self.pending.clear();
                }
                continue;
            };
            let taken = input.len().min(needed.saturating_sub(held.len()));
            self.pending = held;
            self.pending.extend_from_slice(&input[..taken]);
            input = &input[taken..];
            offset += taken as u64;
            if input.is_empty() {
                self.try_whole(offset, subject, out, findings)?;
            }
        }
        Ok(whole - input.len())
    }

    /// Processes what is held when it has just become whole and no input is left to trigger it.
    fn try_whole(
        &mut self,
        offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<(), Stopped> {
        let mut held = std::mem::take(&mut self.pending);
        let start = offset - held.len() as u64;
        let unit = self.unit(&held, start, subject, findings)?;
        if !matches!(unit, Unit::Needs(_)) {
            self.process(&unit, &held, start, subject, out, findings)?;
            held.clear();
        }
        self.pending = held;
        Ok(())
    }

    fn unit(
        &mut self,
        view: &[u8],
        start: u64,
        subject: &str,
        findings: &mut Findings,
    ) -> Result<Unit, Stopped> {
        let unit = match self.state {
            State::Frame => frame(view),
            State::Block => block(view, self.checksum),
            State::Skip(_) | State::Garbage => return Err(Stopped),
        };
        unit.map_err(|problem| {
            findings.add(problem.rule, |rule| {
                let text = format!("At offset {start} of the blob {}.", problem.text);
                Finding::error(rule, subject, text)
            });
            if problem.rule == GARBAGE {
                self.state = State::Garbage;
            }
            Stopped
        })
    }

    /// Decodes a whole unit and says how long it was.
    fn process(
        &mut self,
        unit: &Unit,
        view: &[u8],
        start: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        match *unit {
            Unit::Needs(_) => Ok(0),
            Unit::Skippable { content } => {
                if content > 0 {
                    self.state = State::Skip(content);
                }
                Ok(8)
            }
            Unit::Frame { len, checksum, content_size } => {
                let header = view.get(..len).unwrap_or_default();
                self.decoder
                    .reset(header)
                    .map_err(|error| damaged(&error, start, subject, findings))?;
                (self.checksum, self.content_size, self.produced) = (checksum, content_size, 0);
                if out.wants_point(0) {
                    out.point(start, None);
                }
                self.frames += 1;
                self.state = State::Block;
                Ok(len)
            }
            Unit::Block { len, last } => {
                let block = view.get(..len).unwrap_or_default();
                let decoded =
                    self.decoder.decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1));
                let mut writer = Writer { out, written: 0 };
                let collected = self.decoder.collect_to_writer(&mut writer);
                self.produced += writer.written;
                out.reached(start + len as u64);
                decoded.map_err(|error| damaged(&error, start, subject, findings))?;
                if collected.is_err() {
                    return Err(Stopped);
                }
                if last {
                    self.state = State::Frame;
                    self.check_frame(start, subject, findings);
                }
                Ok(len)
            }
        }
    }

    fn check_frame(&self, start: u64, subject: &str, findings: &mut Findings) {
        let (expected, actual) =
            (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        if let (true, Some(expected), Some(actual)) = (self.checksum, expected, actual)
            && expected != actual
        {
            findings.add("zstd.checksum", |rule| {
                let text = format!(
                    "The content of zstd frame {} does not match the checksum behind its last \
                     block, which is at offset {start}.",
                    self.frames
                );
                Finding::error(rule, subject, text)
                    .expected(format!("{expected:08x}"))
                    .actual(format!("{actual:08x}"))
            });
        }
        if let Some(size) = self.content_size
            && size != self.produced
        {
            findings.add("zstd.content-size", |rule| {
                let text = format!(
                    "The content of zstd frame {} does not have the size that its header says.",
                    self.frames
                );
                Finding::error(rule, subject, text).expected(size).actual(self.produced)
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
        if matches!(self.state, State::Frame) && self.pending.is_empty() {
            return Ok(());
        }
        if self.in_garbage() {
            return Err(Stopped);
        }
        findings.add("zstd.truncated", |rule| {
            let text = format!(
                "The blob ends in the middle of a zstd frame, at offset {offset}: a part is \
                 missing."
            );
            Finding::error(rule, subject, text)
        });
        Err(Stopped)
    }
}

fn damaged(
    error: &FrameDecoderError,
    start: u64,
    subject: &str,
    findings: &mut Findings,
) -> Stopped {
    findings.add("zstd.data", |rule| {
        let text = format!(
            "The compressed data is damaged in the block at offset {start} of the blob: the rest \
             can't be read ({error})."
        );
        Finding::error(rule, subject, text)
    });
    Stopped
}

/// Hands what the decoder writes to the output.
struct Writer<'a, O> {
    out: &'a mut O,
    written: u64,
}

impl<O: Output> io::Write for Writer<'_, O> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.take(bytes);
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
