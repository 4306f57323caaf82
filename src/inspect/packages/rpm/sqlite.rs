//! The blobs of one table of an SQLite database that lies in memory (sqlite.org/fileformat2.html).
//!
//! Only what that needs is read: table b-trees and their overflow pages. Readers of all of SQL bring a
//! parser for it and half a megabyte.

/// How deep a b-tree may be; one of 2^64 rows is no deeper.
const DEPTH: usize = 24;
const BROKEN: &str = "its pages make no sense";

/// Hands out the largest blob of each row of a table. All of them together have no more bytes than the
/// file: rows that share their pages are none that SQLite wrote.
///
/// # Errors
/// When this is no such database, has no such table, or can't be gone through; what was handed out
/// before stays right.
pub(super) fn blobs(
    file: &[u8],
    table: &str,
    each: &mut dyn FnMut(&[u8]),
) -> Result<(), &'static str> {
    let database = Database::open(file)?;
    let mut root = None;
    database.rows(1, &mut |row| {
        let values = values(row).ok_or(BROKEN)?;
        // type, name, tbl_name, rootpage, sql
        if let [Value::Other(b"table"), Value::Other(name), _, Value::Number(page), ..] = &*values
            && *name == table.as_bytes()
        {
            root = u32::try_from(*page).ok();
        }
        Ok(())
    })?;
    let root = root.ok_or("it has no table of packages")?;
    database.rows(root, &mut |row| {
        let values = values(row).ok_or(BROKEN)?;
        let blobs_of_it = values.iter().filter_map(|value| match value {
            Value::Other(bytes) => Some(*bytes),
            Value::Number(_) => None,
        });
        if let Some(blob) = blobs_of_it.max_by_key(|bytes| bytes.len()) {
            each(blob);
        }
        Ok(())
    })
}

struct Database<'a> {
    file: &'a [u8],
    page: usize,
    /// Bytes of a page that are used.
    usable: usize,
}

enum Value<'a> {
    Number(i64),
    /// A text or a blob.
    Other(&'a [u8]),
}

/// What may still be gone to, and handed out.
struct Left {
    pages: usize,
    bytes: usize,
}

type Row<'r> = &'r mut dyn FnMut(&[u8]) -> Result<(), &'static str>;

impl<'a> Database<'a> {
    fn open(file: &'a [u8]) -> Result<Self, &'static str> {
        const MAGIC: &[u8] = b"SQLite format 3\0";
        if !file.starts_with(MAGIC) {
            return Err("it is no database of SQLite");
        }
        let page = match be16(file, 16).ok_or(BROKEN)? {
            1 => 1 << 16,
            size => size,
        };
        let reserved = usize::from(*file.get(20).ok_or(BROKEN)?);
        let usable = page.checked_sub(reserved).filter(|usable| *usable >= 480).ok_or(BROKEN)?;
        Ok(Self { file, page, usable })
    }

    fn page(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_sub(1)?.checked_mul(self.page)?;
        self.file.get(start..start.checked_add(self.page)?)
    }

    /// Hands out the payload of each row of the table at this page, in the order of the rows.
    fn rows(&self, root: u32, row: Row<'_>) -> Result<(), &'static str> {
        // However pages and cells point to each other, no more can be in them than the file has.
        let mut left = Left { pages: self.file.len() / self.page, bytes: self.file.len() };
        self.walk(root, DEPTH, &mut left, row)
    }

    fn walk(
        &self,
        number: u32,
        depth: usize,
        left: &mut Left,
        row: Row<'_>,
    ) -> Result<(), &'static str> {
        left.pages = left.pages.checked_sub(1).ok_or(BROKEN)?;
        let deeper = depth.checked_sub(1).ok_or(BROKEN)?;
        let page = self.page(number).ok_or(BROKEN)?;
        let header = if number == 1 { 100 } else { 0 };
        let cells = be16(page, header + 3).ok_or(BROKEN)?;
        let (is_leaf, pointers) = match page.get(header) {
            Some(0x0d) => (true, header + 8),
            Some(0x05) => (false, header + 12),
            _ => return Err(BROKEN),
        };
        for cell in 0..cells {
            let at = be16(page, pointers + 2 * cell).ok_or(BROKEN)?;
            let cell = page.get(at..).ok_or(BROKEN)?;
            if is_leaf {
                let payload = self.payload(cell, left.bytes).ok_or(BROKEN)?;
                left.bytes -= payload.len();
                row(&payload)?;
            } else {
                self.walk(be32(cell, 0).ok_or(BROKEN)?, deeper, left, row)?;
            }
        }
        match is_leaf {
            true => Ok(()),
            false => self.walk(be32(page, header + 8).ok_or(BROKEN)?, deeper, left, row),
        }
    }

    /// The payload of a cell of a leaf, with what lies in overflow pages, of at most so many bytes.
    fn payload(&self, cell: &[u8], most: usize) -> Option<Vec<u8>> {
        let (len, rest) = varint(cell)?;
        let (_row, rest) = varint(rest)?;
        let len = usize::try_from(len).ok().filter(|len| *len <= most)?;
        let in_page = self.usable - 35;
        let local = if len <= in_page {
            len
        } else {
            let least = (self.usable - 12) * 32 / 255 - 23;
            let fits = least + (len - least) % (self.usable - 4);
            if fits <= in_page { fits } else { least }
        };
        let mut payload = rest.get(..local)?.to_vec();
        let mut next = if local < len { be32(rest, local)? } else { 0 };
        while payload.len() < len {
            let page = self.page(next)?;
            next = be32(page, 0)?;
            let more = (len - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(page.get(4..4 + more)?);
        }
        Some(payload)
    }
}

/// The values of a row (section 2.1, "Record Format").
fn values(row: &[u8]) -> Option<Vec<Value<'_>>> {
    let (header, mut types) = varint(row)?;
    let header = usize::try_from(header).ok()?;
    let ends = row.len() - types.len();
    types = row.get(ends..header)?;
    let mut rest = row.get(header..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        let (kind, after) = varint(types)?;
        types = after;
        let len = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            kind => usize::try_from((kind - 12) / 2).ok()?,
        };
        let (value, after) = rest.split_at_checked(len)?;
        rest = after;
        values.push(match kind {
            0 | 7 | 8 => Value::Number(0),
            9 => Value::Number(1),
            1..=6 => {
                let sign = value.first().is_some_and(|byte| *byte >= 0x80);
                let start = if sign { -1 } else { 0 };
                Value::Number(value.iter().fold(start, |sum, byte| sum << 8 | i64::from(*byte)))
            }
            _ => Value::Other(value),
        });
    }
    Some(values)
}

/// A number of one to nine bytes, and what stands behind it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_up_to_nine_bytes() {
        assert_eq!(varint(&[0x7f, 1]), Some((127, &[1][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
    }

    #[test]
    fn rows_have_typed_values() {
        let row = [4, 1, 0x18, 9, 0xfe, b'a', b'b', b'c', b'd', b'e', b'f'];
        let values = values(&row).expect("a row");
        assert!(matches!(&*values, [Value::Number(-2), Value::Other(b"abcdef"), Value::Number(1)]));
        assert!(super::values(&[4, 1, 0x18, 9, 0xfe]).is_none());
    }

    #[test]
    fn what_is_no_database_is_said_to_be_none() {
        assert_eq!(blobs(b"", "Packages", &mut |_| ()), Err("it is no database of SQLite"));
        let mut hostile = b"SQLite format 3\0".to_vec();
        hostile.resize(4096, 0xff);
        hostile[16..18].copy_from_slice(&[0x10, 0]);
        assert_eq!(blobs(&hostile, "Packages", &mut |_| ()), Err(BROKEN));
        // A page that points to itself.
        hostile[20] = 0;
        hostile[100] = 5;
        hostile[103..105].copy_from_slice(&[0, 0]);
        hostile[108..112].copy_from_slice(&[0, 0, 0, 1]);
        assert_eq!(blobs(&hostile, "Packages", &mut |_| ()), Err(BROKEN));
    }
    /// Rows that all have the same bytes would be more than there is memory.
    #[test]
    fn rows_that_share_their_bytes_end() {
        let mut page = vec![0; 4096];
        page[..16].copy_from_slice(b"SQLite format 3\0");
        page[16..18].copy_from_slice(&[0x10, 0]);
        // A leaf with 1900 cells, each of which is the one at 4000.
        page[100] = 0x0d;
        page[103..105].copy_from_slice(&1900_u16.to_be_bytes());
        for cell in 0..1900 {
            let at = 108 + 2 * cell;
            if at + 2 <= 4000 {
                page[at..at + 2].copy_from_slice(&4000_u16.to_be_bytes());
            }
        }
        // 60 bytes: a row of one blob of 57 bytes.
        page[4000..4004].copy_from_slice(&[60, 1, 3, 0x81]);
        page[4004] = 0x00;
        let mut rows = 0;
        let database = Database::open(&page).expect("a database");
        let done = database.rows(1, &mut |_| {
            rows += 1;
            Ok(())
        });
        assert_eq!(done, Err(BROKEN));
        assert_eq!(rows, 4096 / 60);
    }
}
