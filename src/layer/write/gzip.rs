//! How do blocks of a tar become one gzip member? RFC 1952 and 1951.
//!
//! Each block is deflated by itself, with the bytes before it as dictionary, and ends at a byte
//! boundary (with an empty stored block, as `Z_SYNC_FLUSH` does), so that what comes of them is one
//! deflate stream when one is put behind the other. The frame is written here, so that it says
//! nothing about the machine.

use crc32fast::Hasher;
use zlib_rs::{Deflate, DeflateFlush, Status};

use super::method::GzipLevel;

/// How far back deflate refers.
pub(super) const WINDOW_BYTES: usize = 32 << 10;
/// Room for what comes out of one call of deflate.
const OUTPUT_BYTES: usize = 256 << 10;

/// The beginning of a member without name or time.
pub(super) fn header(level: GzipLevel) -> [u8; 10] {
    let extra = match level {
        GzipLevel::FAST => 4,
        GzipLevel::SMALL => 2,
        _ => 0,
    };
    // Deflate, no flags, no time, and a system that is not known.
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extra, 255]
}

/// What the end of a member says of the blocks in it.
#[derive(Default)]
pub(super) struct Trailer {
    crc: Hasher,
    size: u64,
}

impl Trailer {
    /// The next block: the CRC-32 of what is in it, and how many bytes that is.
    pub(super) fn add(&mut self, crc: u32, size: u64) {
        self.crc.combine(&Hasher::new_with_initial_len(crc, size));
        self.size += size;
    }

    pub(super) fn bytes(self) -> [u8; 8] {
        // The field holds the size modulo 2^32.
        let fields = u64::from(self.crc.finalize()) | self.size << 32;
        fields.to_le_bytes()
    }
}

/// Deflates a block. A new state for each: none can have anything left of another block.
pub(super) fn deflate(level: GzipLevel, before: &[u8], block: &[u8], is_last: bool) -> Vec<u8> {
    let mut deflate = Deflate::new(u8::from(level).into(), false, 15);
    if let Err(error) = deflate.set_dictionary(before) {
        unreachable!("deflate has not begun: {error:?}");
    }
    let flush = if is_last { DeflateFlush::Finish } else { DeflateFlush::SyncFlush };
    let (mut rest, mut packed) = (block, Vec::new());
    loop {
        let (taken, made) = (deflate.total_in(), packed.len());
        packed.resize(made + OUTPUT_BYTES, 0);
        let status = deflate.compress(rest, packed.get_mut(made..).unwrap_or_default(), flush);
        rest = rest.get((deflate.total_in() - taken) as usize..).unwrap_or_default();
        let had_room = (deflate.total_out() as usize) < packed.len();
        packed.truncate(deflate.total_out() as usize);
        match status {
            Ok(Status::StreamEnd) => return packed,
            Ok(_) if !is_last && rest.is_empty() && had_room => return packed,
            Ok(_) => {}
            // Deflate takes any bytes; it only refuses to be used in the wrong order.
            Err(error) => unreachable!("deflate was not finished: {error:?}"),
        }
    }
}
