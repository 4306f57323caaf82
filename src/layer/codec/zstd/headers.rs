//! Headers of frames and blocks.

use crate::limits;

/// Largest block (RFC 8878, 3.1.1.2.4).
const BLOCK_BYTES: usize = 128 << 10;

/// Something stands where a frame should begin.
pub(super) const GARBAGE: &str = "zstd.trailing-garbage";

/// What stands at the front of the bytes that are there.
pub(super) enum Unit {
    /// So many bytes are needed to say it, or to have it whole.
    Needs(usize),
    /// A frame header.
    Frame { len: usize, checksum: bool, content_size: Option<u64> },
    /// The header of a skippable frame.
    Skippable { content: u64 },
    /// A block with its header, and the frame's checksum if it is the last one.
    Block { len: usize, last: bool },
}

/// What is wrong with a header, as the end of a sentence.
pub(super) struct Problem {
    pub(super) rule: &'static str,
    pub(super) text: String,
}

fn problem(rule: &'static str, text: impl Into<String>) -> Problem {
    Problem { rule, text: text.into() }
}

/// Reads a frame header (RFC 8878, 3.1.1.1) or that of a skippable frame (3.1.2).
pub(super) fn frame(view: &[u8]) -> Result<Unit, Problem> {
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
pub(super) fn block(view: &[u8], checksum: bool) -> Result<Unit, Problem> {
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
