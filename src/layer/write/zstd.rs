//! How does a piece of a tar become a zstd frame? RFC 8878.
//!
//! The frame and its entropy coding are ruzstd's. What repeats is found here, since ruzstd's own
//! search sees one block of 128 KiB and makes blobs larger than gzip's: two hash tables, for long
//! and for short repeats, over the whole frame, as level 3 of the reference implementation has
//! them. It is plain arithmetic, so the same content gives the same frame on every machine.

use ruzstd::encoding::{CompressionLevel, FrameCompressor, Matcher, Sequence, compress};
use structured_zstd::decoding::FrameDecoder;

/// Largest block (RFC 8878, 3.1.1.2.4).
const BLOCK_BYTES: usize = 128 << 10;
/// Bytes that a repeat is looked up by, and the shortest ones that are worth a sequence.
const LONG: usize = 8;
const SHORT: usize = 5;
/// Entries of the tables: 2 to the power of these.
const LONG_BITS: u32 = 17;
const SHORT_BITS: u32 = 16;
/// The search goes faster the longer nothing was found; a byte more for each of these.
const PATIENCE: usize = 256;

/// A frame with this content.
pub(super) fn frame(content: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let matcher = Repeats::new(content.len());
    let mut encoder = FrameCompressor::new_with_matcher(matcher, CompressionLevel::Fastest);
    encoder.set_source(content);
    encoder.set_drain(&mut frame);
    encoder.compress();
    // An encoder's mistake would become a layer that nobody can unpack, under a digest that
    // matches. This one is young, so that another library reads what it wrote.
    if !decodes_to(&frame, content) {
        frame.clear();
        compress(content, &mut frame, CompressionLevel::Uncompressed);
    }
    frame
}

fn decodes_to(frame: &[u8], content: &[u8]) -> bool {
    let mut decoded = vec![0; content.len()];
    let len = FrameDecoder::new().decode_all(frame, &mut decoded);
    len.is_ok_and(|len| decoded.get(..len) == Some(content))
}

/// Finds what repeats within one frame.
struct Repeats {
    /// All of the frame that was committed.
    data: Vec<u8>,
    /// Where the last block begins in it.
    block: usize,
    window: usize,
    /// Position + 1 at which bytes with this hash were last seen, or 0.
    long: Vec<u32>,
    short: Vec<u32>,
}

/// So many bytes that were seen so far back.
#[derive(Clone, Copy)]
struct Repeat {
    at: usize,
    from: usize,
    len: usize,
}

impl Repeats {
    /// For a frame of so many bytes, less than 4 GiB.
    fn new(len: usize) -> Self {
        Self {
            data: Vec::with_capacity(len),
            block: 0,
            window: len.max(1 << 10),
            long: vec![0; 1 << LONG_BITS],
            short: vec![0; 1 << SHORT_BITS],
        }
    }

    /// What repeats in the last block, from its beginning to its end.
    fn search(&mut self) -> Vec<Repeat> {
        let mut repeats = Vec::new();
        // Literals that belong to no sequence yet begin here.
        let mut anchor = self.block;
        let mut at = anchor;
        while at + LONG <= self.data.len() {
            let Some(repeat) = self.find(at) else {
                at += 1 + (at - anchor) / PATIENCE;
                continue;
            };
            let repeat = self.stretch(repeat, anchor);
            anchor = repeat.at + repeat.len;
            for place in [repeat.at + 2, anchor - 2] {
                self.remember_long(place);
                self.remember_short(place);
            }
            at = anchor;
            repeats.push(repeat);
        }
        repeats
    }

    /// The repeats, or none if the encoder can't cope with them: it makes no table for one symbol
    /// alone, so some sequence needs literals, and these need two different bytes.
    fn if_encodable(&self, repeats: Vec<Repeat>) -> Vec<Repeat> {
        let (mut anchor, mut has_literals) = (self.block, false);
        let mut bytes = [false; 256];
        for Repeat { at, len, .. } in &repeats {
            has_literals |= *at > anchor;
            self.data[anchor..*at].iter().for_each(|byte| bytes[usize::from(*byte)] = true);
            anchor = at + len;
        }
        self.data[anchor..].iter().for_each(|byte| bytes[usize::from(*byte)] = true);
        let differ = bytes.iter().filter(|seen| **seen).count() > 1;
        if has_literals && differ { repeats } else { Vec::new() }
    }

    /// What is seen again at a position, and remembers the position.
    fn find(&mut self, at: usize) -> Option<Repeat> {
        let (long, short) = (self.remember_long(at), self.remember_short(at));
        let long = long.and_then(|from| self.repeat(at, from, LONG));
        if long.is_some() {
            return long;
        }
        let short = self.repeat(at, short?, SHORT)?;
        // A long one may begin one byte further on.
        let next = self.remember_long(at + 1);
        let next = next.and_then(|from| self.repeat(at + 1, from, LONG));
        Some(next.filter(|next| next.len > short.len).unwrap_or(short))
    }

    fn remember_long(&mut self, at: usize) -> Option<usize> {
        let bytes = self.data.get(at..)?.first_chunk::<LONG>()?;
        let hash = hash(u64::from_le_bytes(*bytes), LONG_BITS);
        remember(&mut self.long, hash, at)
    }

    fn remember_short(&mut self, at: usize) -> Option<usize> {
        let bytes = self.data.get(at..)?.first_chunk::<LONG>()?;
        let hash = hash(u64::from_le_bytes(*bytes) << (64 - 8 * SHORT), SHORT_BITS);
        remember(&mut self.short, hash, at)
    }

    /// How long the bytes at both positions are the same, if it is long enough.
    fn repeat(&self, at: usize, from: usize, least: usize) -> Option<Repeat> {
        let len = common(self.data.get(from..)?, self.data.get(at..)?);
        (len >= least).then_some(Repeat { at, from, len })
    }

    /// Takes bytes in front of a repeat into it that are the same too.
    fn stretch(&self, mut repeat: Repeat, anchor: usize) -> Repeat {
        while repeat.at > anchor
            && repeat.from > 0
            && self.data[repeat.at - 1] == self.data[repeat.from - 1]
        {
            repeat.at -= 1;
            repeat.from -= 1;
            repeat.len += 1;
        }
        repeat
    }
}

impl Matcher for Repeats {
    fn get_next_space(&mut self) -> Vec<u8> {
        vec![0; BLOCK_BYTES]
    }

    fn get_last_space(&mut self) -> &[u8] {
        self.data.get(self.block..).unwrap_or_default()
    }

    fn commit_space(&mut self, space: Vec<u8>) {
        self.block = self.data.len();
        self.data.extend_from_slice(&space);
    }

    /// A block of one repeated byte: there is nothing in it that is worth to be found.
    fn skip_matching(&mut self) {}

    fn start_matching(&mut self, mut handle: impl for<'a> FnMut(Sequence<'a>)) {
        let repeats = self.search();
        let mut anchor = self.block;
        for Repeat { at, from, len } in self.if_encodable(repeats) {
            let literals = &self.data[anchor..at];
            handle(Sequence::Triple { literals, offset: at - from, match_len: len });
            anchor = at + len;
        }
        if anchor < self.data.len() {
            handle(Sequence::Literals { literals: &self.data[anchor..] });
        }
    }

    fn reset(&mut self, _level: CompressionLevel) {}

    fn window_size(&self) -> u64 {
        self.window as u64
    }
}

/// The upper bits of a product with a number without pattern.
fn hash(bytes: u64, bits: u32) -> usize {
    (bytes.wrapping_mul(0x9e37_79b1_85eb_ca87) >> (64 - bits)) as usize
}

/// Puts a position into a table and says which one stood there.
fn remember(table: &mut [u32], hash: usize, at: usize) -> Option<usize> {
    let slot = table.get_mut(hash)?;
    let last = std::mem::replace(slot, at as u32 + 1);
    last.checked_sub(1).map(|last| last as usize)
}

/// Number of bytes that two texts have in common from their beginnings.
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut len = 0;
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        let differ = u64::from_le_bytes(a.try_into().unwrap_or_default())
            ^ u64::from_le_bytes(b.try_into().unwrap_or_default());
        if differ != 0 {
            return len + differ.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    let rest = a.get(len..).unwrap_or_default().iter().zip(b.get(len..).unwrap_or_default());
    len + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a decoder makes of the sequences of all blocks.
    fn rebuild(blocks: &[Vec<u8>]) -> Vec<u8> {
        let mut repeats = Repeats::new(blocks.iter().map(Vec::len).sum());
        let mut out: Vec<u8> = Vec::new();
        for block in blocks {
            repeats.commit_space(block.clone());
            assert_eq!(repeats.get_last_space(), block);
            repeats.start_matching(|sequence| match sequence {
                Sequence::Literals { literals } => out.extend_from_slice(literals),
                Sequence::Triple { literals, offset, match_len } => {
                    assert!(match_len >= SHORT && offset > 0);
                    out.extend_from_slice(literals);
                    (0..match_len).for_each(|_| out.push(out[out.len() - offset]));
                }
            });
        }
        out
    }

    #[test]
    fn a_frame_that_is_no_good_is_noticed() {
        let content = b"content ".repeat(100);
        let mut made = frame(&content);
        assert!(made.len() < 100);
        assert!(decodes_to(&made, &content));
        assert!(!decodes_to(&made, &content[1..]));
        assert!(!decodes_to(&made[..made.len() - 9], &content));
        made[6] ^= 1;
        assert!(!decodes_to(&made, &content));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sequences_say_what_was_there(
            blocks in prop::collection::vec(prop::collection::vec(0u8..3, 0..600), 0..4),
            period in 1usize..20,
        ) {
            let mut blocks = blocks;
            blocks.push((0..500).map(|at| (at % period) as u8).collect());
            prop_assert_eq!(rebuild(&blocks), blocks.concat());
        }
    }
}
