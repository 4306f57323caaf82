//! Zstandard, RFC 8878: every frame, skippable ones too.
//!
//! Frame and block headers are read here, so that the decoder only ever gets whole blocks and
//! limits are checked before it allocates anything.

use std::io;

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{Output, Stopped};
use crate::finding::Finding;
use crate::layer::findings::Findings;
use crate::limits;

/// Largest block (RFC 8878, 3.1.1.2.4).
const BLOCK_BYTES: usize = 128 << 10;

const GARBAGE: &str = "zstd.trailing-garbage";

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

/// What stands at the front of the bytes that are there.
enum Unit {
    /// So many bytes are needed to say it, or to have it whole.
    Needs(usize),
    /// A frame header.
    Frame { len: usize, checksum: bool, content_size: Option<u64> },
    /// The header of a skippable frame.
    Skippable { content: u64 },
    /// A block with its header, and the frame's checksum if it is the last one.
    Block { len: usize, last: bool },
}

impl Default for Zstd {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(limits::ZSTD_WINDOW_BYTES);
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
    ) -> Result<(), Stopped> {
        while !input.is_empty() {
            if let State::Skip(left) = self.state {
                let skipped = left.min(input.len() as u64);
                self.state =
                    if skipped == left { State::Frame } else { State::Skip(left - skipped) };
                input = &input[skipped as usize..];
                offset += skipped;
                continue;
            }
            if self.in_garbage() {
                return Ok(());
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
        Ok(())
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

struct Problem {
    rule: &'static str,
    text: String,
}

fn problem(rule: &'static str, text: impl Into<String>) -> Problem {
    Problem { rule, text: text.into() }
}

/// Reads a frame header (RFC 8878, 3.1.1.1) or that of a skippable frame (3.1.2).
fn frame(view: &[u8]) -> Result<Unit, Problem> {
    let Some((magic, rest)) = view.split_first_chunk::<4>() else {
        return Ok(Unit::Needs(4));
    };
    match u32::from_le_bytes(*magic) {
        0x184d_2a50..=0x184d_2a5f => Ok(match rest.first_chunk::<4>() {
            None => Unit::Needs(8),
            Some(len) => Unit::Skippable { content: u64::from(u32::from_le_bytes(*len)) },
        }),
        0xfd2f_b528 => frame_header(rest),
        _ => Err(problem(GARBAGE, "stands no zstd frame where one should begin")),
    }
}

fn frame_header(rest: &[u8]) -> Result<Unit, Problem> {
    let Some((&descriptor, fields)) = rest.split_first() else { return Ok(Unit::Needs(5)) };
    let single = descriptor & 0b10_0000 != 0;
    let window_len = usize::from(!single);
    let dictionary_len = [0, 1, 2, 4][usize::from(descriptor & 0b11)];
    let size_len = match descriptor >> 6 {
        0 => usize::from(single),
        flag => 1 << flag,
    };
    let len = 5 + window_len + dictionary_len + size_len;
    if fields.len() < len - 5 {
        return Ok(Unit::Needs(len));
    }
    if descriptor & 0b1000 != 0 {
        return Err(problem("zstd.header", "a zstd frame sets a reserved flag"));
    }
    let little_endian =
        |bytes: &[u8]| bytes.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let (window, fields) = fields.split_at(window_len);
    let (dictionary, fields) = fields.split_at(dictionary_len);
    let size = little_endian(&fields[..size_len]) + if size_len == 2 { 256 } else { 0 };
    let window = match window.first() {
        None => size,
        Some(byte) => {
            let base = 1u64 << (10 + (byte >> 3));
            base + base / 8 * u64::from(byte & 7)
        }
    };
    if window > limits::ZSTD_WINDOW_BYTES {
        return Err(problem(
            "zstd.window",
            format!(
                "a zstd frame wants a window of {window} bytes, more than the {} that decoders \
                 grant: the window is too large",
                limits::ZSTD_WINDOW_BYTES
            ),
        ));
    }
    let dictionary = little_endian(dictionary);
    if dictionary != 0 {
        return Err(problem(
            "zstd.dictionary",
            format!("a zstd frame needs dictionary {dictionary}, and none is known"),
        ));
    }
    Ok(Unit::Frame {
        len,
        checksum: descriptor & 0b100 != 0,
        content_size: (size_len > 0).then_some(size),
    })
}

/// Reads a block header (RFC 8878, 3.1.1.2).
fn block(view: &[u8], checksum: bool) -> Result<Unit, Problem> {
    let Some([a, b, c]) = view.first_chunk::<3>() else { return Ok(Unit::Needs(3)) };
    let header = u32::from_le_bytes([*a, *b, *c, 0]);
    let last = header & 1 != 0;
    let size = (header >> 3) as usize;
    if size > BLOCK_BYTES {
        return Err(problem(
            "zstd.data",
            format!("a zstd block says that it has {size} bytes, more than {BLOCK_BYTES}"),
        ));
    }
    let content = match header >> 1 & 3 {
        0 | 2 => size,
        1 => 1,
        _ => return Err(problem("zstd.data", "a zstd block has a reserved type")),
    };
    let len = 3 + content + if last && checksum { 4 } else { 0 };
    Ok(if view.len() < len { Unit::Needs(len) } else { Unit::Block { len, last } })
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
