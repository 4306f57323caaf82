//! Of what parts does a new tar consist?

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::header::{BLOCK, Head};
use crate::digest::Digest;
use crate::layer::content::Wanted;
use crate::layer::index::{Index, Kind};

/// Most bytes of one [`Part::Bytes`].
const PART_BYTES: u64 = 64 << 10;

/// Where the bytes of one part of a new tar come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Headers and padding, made here; at most 64 KiB.
    Bytes(Bytes),
    /// A whole file that the user supplied, by its content.
    File {
        /// Digest of the file.
        digest: Digest,
        /// Size of the file in bytes.
        size: u64,
    },
    /// A run of the tar of an existing layer. The runs of one layer rise as long as no other
    /// layer's come between, so that it can be read as a stream.
    Layer {
        /// Which of the layers that the plan was made from, counted from 0.
        layer: usize,
        /// The run, in bytes of that layer's tar.
        range: Range<u64>,
    },
}

/// A new tar as the parts that it is put together from, in order.
///
/// What is made here is kept without its many zeros, about 130 bytes for a header, and becomes
/// whole again as the parts are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TarPlan {
    steps: Vec<Step>,
    /// What is made here, as [`Builder::token`] writes it.
    made: Vec<u8>,
    size: u64,
    entries: u64,
    /// Whether it was made from a layer of which only a table of contents was read.
    is_unfounded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// So many bytes that are made here.
    Made(u64),
    File {
        digest: Digest,
        size: u64,
    },
    Layer {
        layer: usize,
        start: u64,
        end: u64,
    },
}

impl TarPlan {
    /// Number of bytes of the tar. Sizes that hostile layers name may add up to more than can be
    /// counted: then it is [`u64::MAX`].
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Number of entries.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The layers that bytes are copied from, in the order in which they are needed.
    #[must_use]
    pub fn layers(&self) -> Vec<usize> {
        let layers = self.steps.iter().filter_map(|step| match step {
            Step::Layer { layer, .. } => Some(*layer),
            Step::Made(_) | Step::File { .. } => None,
        });
        let mut layers: Vec<usize> = layers.collect();
        layers.dedup();
        layers
    }

    /// Whether it can be carried out: not when it was made from a layer of which only a table of
    /// contents was read, since neither is it known where anything stands in that tar, nor was what
    /// the table says compared with it. [`assemble`](super::assemble) refuses such a plan.
    #[must_use]
    pub fn is_founded(&self) -> bool {
        !self.is_unfounded
    }

    /// The parts, from the first byte to the last.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        Parts { steps: &self.steps, made: &self.made, left: 0, zeros: 0, literal: 0 }
    }
}

/// Goes through the parts of a [`TarPlan`].
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    steps: &'a [Step],
    /// Tokens that were not begun, behind what is left of the literal of the one that was.
    made: &'a [u8],
    /// Bytes that are left of a step that is made here.
    left: u64,
    /// Bytes that are left of the literal of a token, and zeros behind it.
    literal: usize,
    zeros: u64,
}

impl Iterator for Parts<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        if self.left == 0 {
            let (step, steps) = self.steps.split_first()?;
            self.steps = steps;
            match step {
                Step::Made(len) => self.left = *len,
                Step::File { digest, size } => {
                    return Some(Part::File { digest: digest.clone(), size: *size });
                }
                Step::Layer { layer, start, end } => {
                    return Some(Part::Layer { layer: *layer, range: *start..*end });
                }
            }
        }
        let len = self.left.min(PART_BYTES);
        self.left -= len;
        Some(Part::Bytes(self.unpack(len as usize)))
    }
}

impl Parts<'_> {
    /// The next bytes that are made here.
    fn unpack(&mut self, len: usize) -> Bytes {
        let mut bytes = Vec::with_capacity(len);
        while bytes.len() < len {
            let room = len - bytes.len();
            if self.literal > 0 {
                let (literal, rest) = self.made.split_at(self.literal.min(room));
                bytes.extend_from_slice(literal);
                self.literal -= literal.len();
                self.made = rest;
            } else if self.zeros > 0 {
                let zeros = self.zeros.min(room as u64);
                bytes.resize(bytes.len() + zeros as usize, 0);
                self.zeros -= zeros;
            } else {
                self.literal = self.number() as usize;
                self.zeros = self.number();
            }
        }
        bytes.into()
    }

    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        while let Some((byte, rest)) = self.made.split_first() {
            self.made = rest;
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
}

/// Puts a plan together.
#[derive(Debug)]
pub(super) struct Builder {
    plan: TarPlan,
    /// Bytes of the step that is being made, and the token that is being filled.
    made: u64,
    literal: Vec<u8>,
    zeros: u64,
    /// Padding behind a run of a layer, which may yet be copied with the next run.
    gap: u64,
}

impl Builder {
    /// A plan of what is made here and of what these layers hold.
    pub(super) fn over<'a>(layers: impl IntoIterator<Item = &'a Arc<Index>>) -> Self {
        let is_unfounded = layers.into_iter().any(|layer| !layer.has_offsets());
        let plan = TarPlan { is_unfounded, ..TarPlan::default() };
        Self { plan, made: 0, literal: Vec::new(), zeros: 0, gap: 0 }
    }

    /// Begins an entry whose header is made here. Its content has to follow, and then
    /// [`Self::pad`].
    pub(super) fn head(&mut self, head: &Head<'_>) {
        self.plan.entries += 1;
        self.bytes(&head.to_bytes());
    }

    /// A whole file that the user supplied.
    pub(super) fn file(&mut self, digest: &Digest, size: u64) {
        if size > 0 {
            self.end_made();
            self.grow(size);
            self.plan.steps.push(Step::File { digest: digest.clone(), size });
        }
    }

    /// A run of a layer.
    pub(super) fn layer(&mut self, layer: usize, range: Range<u64>) {
        let Range { start, end } = range;
        if start >= end {
            return;
        }
        if let Some(Step::Layer { layer: last, end: last_end, .. }) = self.plan.steps.last_mut()
            && self.made == 0
            && *last == layer
            && last_end.checked_add(self.gap) == Some(start)
        {
            *last_end = end;
            self.gap = 0;
        } else {
            self.end_made();
            self.plan.steps.push(Step::Layer { layer, start, end });
        }
        self.grow(end - start);
    }

    /// Entries of a layer with their headers, up to the end of the last one's content.
    pub(super) fn entries(&mut self, layer: usize, range: Range<u64>, count: u64) {
        self.plan.entries += count;
        self.layer(layer, range);
        self.pad();
    }

    /// An entry of a layer under a header that is made here. The content is written whole.
    pub(super) fn remade(
        &mut self,
        head: &Head<'_>,
        layer: usize,
        index: &Index,
        content: Option<u32>,
    ) {
        self.head(head);
        if let (Kind::File, Some(content)) = (head.kind, content) {
            self.content(layer, index, content);
        }
        self.pad();
    }

    /// The content of a file of a layer, with zeros for its holes.
    fn content(&mut self, layer: usize, index: &Index, ordinal: u32) {
        let Some(wanted) = Wanted::file(index, ordinal) else { return };
        let mut at = 0;
        for run in wanted.segments() {
            self.zeros(run.file_offset.saturating_sub(at));
            self.layer(layer, run.tar_offset..run.tar_offset.saturating_add(run.len));
            at = run.file_offset.saturating_add(run.len);
        }
        self.zeros(wanted.size().saturating_sub(at));
    }

    /// Fills up the last block.
    pub(super) fn pad(&mut self) {
        let padding = self.plan.size.wrapping_neg() % BLOCK;
        if self.made == 0 && matches!(self.plan.steps.last(), Some(Step::Layer { .. })) {
            self.grow(padding);
            self.gap += padding;
        } else {
            self.zeros(padding);
        }
    }

    /// The plan, with an end marker.
    pub(super) fn finish(mut self) -> TarPlan {
        self.zeros(2 * BLOCK);
        self.end_made();
        self.plan
    }

    fn bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let literal = memchr::memchr(0, bytes).unwrap_or(bytes.len());
            let (literal, rest) = bytes.split_at(literal);
            let zeros = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
            if !literal.is_empty() {
                self.begin_made();
                if self.zeros > 0 {
                    self.token();
                }
                self.literal.extend_from_slice(literal);
                self.made = self.made.saturating_add(literal.len() as u64);
                self.grow(literal.len() as u64);
            }
            self.zeros(zeros as u64);
            bytes = rest.get(zeros..).unwrap_or_default();
        }
    }

    fn zeros(&mut self, zeros: u64) {
        if zeros > 0 {
            self.begin_made();
            self.zeros = self.zeros.saturating_add(zeros);
            self.made = self.made.saturating_add(zeros);
            self.grow(zeros);
        }
    }

    fn grow(&mut self, len: u64) {
        self.plan.size = self.plan.size.saturating_add(len);
    }

    /// Padding that is still owed is made here, and no run of a layer can follow it.
    fn begin_made(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        self.zeros += gap;
        self.made += gap;
    }

    fn end_made(&mut self) {
        self.begin_made();
        if self.made > 0 {
            self.token();
            self.plan.steps.push(Step::Made(std::mem::take(&mut self.made)));
        }
    }

    /// Writes the literal and the number of zeros behind it: both lengths, then the literal.
    fn token(&mut self) {
        for mut number in [self.literal.len() as u64, self.zeros] {
            while number > 0x7f {
                self.plan.made.push(number as u8 | 0x80);
                number >>= 7;
            }
            self.plan.made.push(number as u8);
        }
        self.plan.made.append(&mut self.literal);
        self.zeros = 0;
    }
}
