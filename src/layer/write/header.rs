//! What does the header of an entry look like that is made here?
//!
//! POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header": a plain ustar header
//! as long as everything fits into it, and else a pax header in front of it for what does not. The
//! same entry always gives the same bytes, on every machine: there are no names of owners, no
//! times but the one given, and nothing depends on the version of a library.

use std::borrow::Cow;

use crate::layer::index::{Index, Kind};
use crate::layer::tar::MTIME;

/// Bytes of a header, and of the blocks that contents are filled up to.
pub(super) const BLOCK: u64 = 512;

/// Largest numbers that 7 and 11 octal digits can hold.
const OCTAL_7: u64 = 0o7_777_777;
const OCTAL_11: u64 = 0o77_777_777_777;

/// Everything that is written about one entry.
#[derive(Clone, Debug)]
pub(super) struct Head<'a> {
    pub(super) kind: Kind,
    /// The name without a slash at its end, which directories get here.
    pub(super) path: Cow<'a, [u8]>,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Bytes of content that follow; 0 for all but files.
    pub(super) size: u64,
    pub(super) mtime: i64,
    /// Target of a link, else empty.
    pub(super) link: Cow<'a, [u8]>,
    pub(super) device: Option<(u32, u32)>,
    /// Further records of the pax header: keyword and value.
    pub(super) records: Vec<(Vec<u8>, Cow<'a, [u8]>)>,
}

impl<'a> Head<'a> {
    /// An entry that belongs to root and was never changed.
    pub(super) fn new(kind: Kind, path: impl Into<Cow<'a, [u8]>>, mode: u16) -> Self {
        Self {
            kind,
            path: path.into(),
            mode,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: 0,
            link: Cow::Borrowed(&[]),
            device: None,
            records: Vec::new(),
        }
    }

    /// An entry of an existing layer, under its own name. Names of owner and group, other times and
    /// records that are not read here are not in an index, so they get lost. A sparse file is written whole, with zeros for its holes: the formats for sparse
    /// files are read by some tools only, or not in the same way.
    pub(super) fn of(index: &'a Index, ordinal: u32) -> Option<Self> {
        let entry = index.entry(ordinal)?;
        let records = index.records(ordinal);
        let records = records.map(|(key, value)| (key.to_vec(), Cow::Borrowed(value))).collect();
        Some(Self {
            kind: entry.kind,
            path: trim_slashes(entry.name()),
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            mtime: entry.mtime,
            link: Cow::Borrowed(entry.link),
            device: index.device(ordinal),
            records,
        })
    }

    /// Sets the time of last change, in whole seconds.
    pub(super) fn set_mtime(&mut self, mtime: i64) {
        self.mtime = mtime;
        self.records.retain(|(key, _)| key != MTIME);
    }

    /// The blocks in front of the content.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut path = self.path.to_vec();
        if self.kind == Kind::Directory && path.last() != Some(&b'/') {
            path.push(b'/');
        }
        let mut records = Vec::new();
        let name = Name::new(&path);
        let link = Name::new(&self.link);
        if [&name, &link].iter().any(|text| text.record && !text.is_utf8()) {
            record(b"hdrcharset", b"BINARY", &mut records);
        }
        if name.record && !name.fits_in_two() {
            record(b"path", &path, &mut records);
        }
        if link.record {
            record(b"linkpath", &self.link, &mut records);
        }
        for (key, value, end) in [
            (&b"size"[..], self.size, OCTAL_11),
            (b"uid", self.uid.into(), OCTAL_7),
            (b"gid", self.gid.into(), OCTAL_7),
        ] {
            if value > end {
                record(key, value.to_string().as_bytes(), &mut records);
            }
        }
        let is_said = self.records.iter().any(|(key, _)| key == MTIME);
        if !is_said && !u64::try_from(self.mtime).is_ok_and(|mtime| mtime <= OCTAL_11) {
            record(MTIME, self.mtime.to_string().as_bytes(), &mut records);
        }
        for (key, value) in &self.records {
            record(key, value, &mut records);
        }
        let mut bytes = Vec::with_capacity(512);
        if !records.is_empty() {
            let mut block = Block::new(b"././@PaxHeader", b'x');
            block.octal(MODE, 0o644);
            block.octal(SIZE, records.len() as u64);
            bytes.extend_from_slice(&block.finish());
            bytes.extend_from_slice(&records);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        bytes.extend_from_slice(&self.block(&name, &link));
        bytes
    }

    fn block(&self, name: &Name<'_>, link: &Name<'_>) -> [u8; 512] {
        let (prefix, base) = name.split.unwrap_or((&[], name.text));
        let mut block = Block::new(base, type_flag(self.kind));
        block.text(PREFIX, prefix);
        block.text(LINK, link.text);
        block.octal(MODE, u64::from(self.mode & 0o7777));
        block.octal(UID, self.uid.into());
        block.octal(GID, self.gid.into());
        block.octal(SIZE, self.size);
        block.octal(TIME, u64::try_from(self.mtime).unwrap_or(0));
        if let Some((major, minor)) = self.device {
            block.device(MAJOR, major);
            block.device(MINOR, minor);
        }
        block.finish()
    }
}

/// A name or link target, and how it is written.
struct Name<'a> {
    text: &'a [u8],
    /// Whether the field of the header can't hold it, or not in the same way for all readers.
    record: bool,
    /// Prefix and rest, when it does not fit into the field for the name but into both.
    split: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Name<'a> {
    /// Names in ASCII that fit stand in the header. Other UTF-8 gets a record, since the encoding
    /// of the header is anybody's guess; what is no UTF-8 at all is safest in the header, where
    /// readers take the bytes as they are.
    fn new(text: &'a [u8]) -> Self {
        let utf8 = std::str::from_utf8(text).is_ok();
        let long = text.len() > 100;
        let split = if long && text.is_ascii() { split(text) } else { None };
        Self { text, record: long || utf8 && !text.is_ascii(), split }
    }

    fn fits_in_two(&self) -> bool {
        self.split.is_some()
    }

    fn is_utf8(&self) -> bool {
        std::str::from_utf8(self.text).is_ok()
    }
}

/// Cuts a long name at a slash so that both parts fit into a ustar header.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = text.len().checked_sub(101)?;
    let at = first + text.get(first..)?.iter().position(|byte| *byte == b'/')?;
    let (prefix, base) = (text.get(..at)?, text.get(at + 1..)?);
    (!prefix.is_empty() && prefix.len() <= 155 && !base.is_empty()).then_some((prefix, base))
}

fn type_flag(kind: Kind) -> u8 {
    match kind {
        Kind::File => b'0',
        Kind::Hardlink => b'1',
        Kind::Symlink => b'2',
        Kind::Char => b'3',
        Kind::Block => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    }
}

/// A field of a header: where it begins and its length.
type Field = (usize, usize);

const MODE: Field = (100, 8);
const UID: Field = (108, 8);
const GID: Field = (116, 8);
const SIZE: Field = (124, 12);
const TIME: Field = (136, 12);
const CHECKSUM: Field = (148, 8);
const LINK: Field = (157, 100);
const MAJOR: Field = (329, 8);
const MINOR: Field = (337, 8);
const PREFIX: Field = (345, 155);

/// A header block on its way.
struct Block([u8; 512]);

impl Block {
    fn new(name: &[u8], type_flag: u8) -> Self {
        let mut block = Self([0; 512]);
        block.text((0, 100), name);
        for field in [MODE, UID, GID, SIZE, TIME, MAJOR, MINOR] {
            block.octal(field, 0);
        }
        block.text((156, 1), &[type_flag]);
        block.text((257, 8), b"ustar\x0000");
        block
    }

    /// As much of a text as fits; a record says all of it then.
    fn text(&mut self, (start, len): Field, text: &[u8]) {
        if let Some(field) = self.0.get_mut(start..start + len) {
            field.iter_mut().zip(text).for_each(|(byte, from)| *byte = *from);
        }
    }

    /// A number, or 0 when it has too many digits; a record says it then.
    fn octal(&mut self, field: Field, number: u64) {
        let digits = field.1 - 1;
        let fits = number >> (3 * digits) == 0;
        let text = format!("{:0digits$o}", if fits { number } else { 0 });
        self.text(field, text.as_bytes());
    }

    /// A device number. There is no record for larger ones than Linux has, so they are written as
    /// GNU does, in base 256.
    fn device(&mut self, field: Field, number: u32) {
        if u64::from(number) <= OCTAL_7 {
            self.octal(field, number.into());
        } else {
            let [a, b, c, d] = number.to_be_bytes();
            self.text(field, &[0x80, 0, 0, 0, a, b, c, d]);
        }
    }

    fn finish(mut self) -> [u8; 512] {
        self.text(CHECKSUM, b"        ");
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.text(CHECKSUM, format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

/// Appends one record, `"%d %s=%s\n"`. Its length counts its own digits.
fn record(key: &[u8], value: &[u8], records: &mut Vec<u8>) {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    for part in [len.to_string().as_bytes(), b" ", key, b"=", value, b"\n"] {
        records.extend_from_slice(part);
    }
}

/// A name without the slashes at its end, as long as anything else is left.
fn trim_slashes(name: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let end = name.iter().rposition(|byte| *byte != b'/').map_or(name.len(), |at| at + 1);
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.get(..end).unwrap_or(name)),
        Cow::Owned(mut name) => {
            name.truncate(end);
            Cow::Owned(name)
        }
    }
}
