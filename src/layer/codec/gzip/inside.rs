//! How does decoding begin inside a deflate stream?
//!
//! A block may begin at any bit of a byte, and the decoder takes whole bytes. So it is given blocks
//! that hold nothing first, of as many bits that they end where the block begins.

use super::{Gzip, State};

/// A block with fixed codes and nothing in it (RFC 1951, 3.2.6): 10 bits.
const FIXED_BITS: u32 = 10;
const FIXED: u32 = 0b010;

impl Gzip {
    /// Begins in a member's deflate stream, at a block. The first `bits` lower bits (up to all 8) of
    /// `first` belong to what is before it; `window` came out before. The checksum of this member
    /// can't be compared.
    pub(crate) fn inside(window: &[u8], bits: u8, first: u8) -> Self {
        let mut gzip = Self { state: State::Body, members: 1, whole: false, ..Self::default() };
        let window = window.get(window.len().saturating_sub(super::WINDOW)..).unwrap_or(window);
        // A raw stream takes a dictionary at any time.
        let _taken = gzip.inflate.set_dictionary(window);
        let empty = empty_blocks(bits, first);
        // Nothing comes out of so few bits; whether they are damaged shows with the next ones.
        let _taken = gzip.inflate.decompress(&empty, &mut [0; 8], zlib_rs::InflateFlush::NoFlush);
        gzip
    }
}

/// Blocks without content that end at bit `bits` of the last byte, and the rest of `first` in that.
fn empty_blocks(bits: u8, first: u8) -> Vec<u8> {
    let mut all = Bits::default();
    let bits = u32::from(bits.min(8));
    if bits.is_multiple_of(8) {
        return if bits == 0 { vec![first] } else { Vec::new() };
    }
    if bits % 2 == 1 {
        all.odd_block();
    }
    while all.len % 8 != bits {
        all.push(FIXED, FIXED_BITS);
    }
    all.push(u32::from(first) >> bits, 8 - bits);
    all.bytes
}

/// Bits in the order of RFC 1951, 3.1.1.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    len: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.len.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> at & 1) as u8) << (self.len % 8);
            }
            self.len += 1;
        }
    }

    /// A block with its own codes (3.2.7) and nothing in it: 93 bits.
    fn odd_block(&mut self) {
        /// Where the code lengths of 18 (many zeros) and 1 stand among the 19.
        const MANY_ZEROS: u32 = 2;
        const ONE: u32 = 17;
        self.push(0b100, 3);
        // 257 codes of literals and lengths, 1 of distances, 19 code lengths of code lengths.
        self.push(0, 5 + 5);
        self.push(19 - 4, 4);
        for at in 0..19 {
            self.push(u32::from(at == MANY_ZEROS || at == ONE), 3);
        }
        // 138 and 118 literals have no code; the end has the code 0, and so has a distance.
        for zeros in [138, 118] {
            self.push(1, 1);
            self.push(zeros - 11, 7);
        }
        self.push(0b00, 2);
        self.push(0, 1);
    }
}
