//! Which runs of a file with holes stand in the tar? GNU tar manual, "Storing Sparse Files".

use super::header::{Block, number};
use super::pax::decimal;
use crate::limits;

/// Offset and length in the file.
pub(super) type Region = [u64; 2];

/// Appends the runs of old GNU headers (offset and length, 12 bytes each) up to the first empty
/// one.
pub(super) fn gnu_runs(fields: &[u8], regions: &mut Vec<Region>) -> Result<(), &'static str> {
    for field in fields.chunks_exact(24) {
        let (offset, len) = field.split_at(12);
        if offset[0] == 0 || len[0] == 0 {
            break;
        }
        let read = |field| number(field).ok().and_then(|value| u64::try_from(value).ok());
        match (read(offset), read(len)) {
            (Some(offset), Some(len)) => regions.push([offset, len]),
            _ => return Err("an offset or length in its map is no number"),
        }
        if regions.len() > limits::TAR_SPARSE_REGIONS {
            return Err("its map has too many runs");
        }
    }
    Ok(())
}

/// Reads the map that stands in front of the content in version 1.0: the number of runs, then
/// offset and length of each, one decimal number a line.
#[derive(Debug, Default)]
pub(super) struct MapReader {
    digits: Vec<u8>,
    count: Option<u64>,
    values: Vec<u64>,
    blocks: u64,
}

impl MapReader {
    /// Takes the next block; `Some` when the map is whole.
    pub(super) fn push(&mut self, block: &Block) -> Result<Option<Vec<Region>>, &'static str> {
        self.blocks += 1;
        for byte in block {
            if self.done() {
                break;
            }
            match byte {
                b'\n' => {
                    let value = decimal(&self.digits)
                        .map(i64::unsigned_abs)
                        .ok_or("a line of its map is no number")?;
                    self.digits.clear();
                    match self.count {
                        Some(_) => self.values.push(value),
                        None if value > limits::TAR_SPARSE_REGIONS as u64 => {
                            return Err("its map has too many runs");
                        }
                        None => self.count = Some(value),
                    }
                }
                b'0'..=b'9' if self.digits.len() < 20 => self.digits.push(*byte),
                _ => return Err("a line of its map is no number"),
            }
        }
        Ok(self.done().then(|| pairs(&self.values)))
    }

    /// Number of blocks that the map took.
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    fn done(&self) -> bool {
        self.count.is_some_and(|count| self.values.len() as u64 == 2 * count)
    }
}

/// Offsets and lengths by turns, as pairs.
pub(super) fn pairs(values: &[u64]) -> Vec<Region> {
    values.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// Checks that the runs rise, do not overlap, lie within the file and make up what is stored.
pub(super) fn check(regions: &[Region], real_size: u64, stored: u64) -> Result<(), &'static str> {
    let (mut end, mut sum) = (0u64, 0u64);
    for [offset, len] in regions {
        if *offset < end {
            return Err("the runs of its map overlap or are out of order");
        }
        end = offset.checked_add(*len).ok_or("a run of its map is too long")?;
        sum += len;
    }
    if end > real_size {
        return Err("a run of its map lies behind its end");
    }
    if sum != stored {
        return Err("the runs of its map are not as long as what is stored");
    }
    Ok(())
}
