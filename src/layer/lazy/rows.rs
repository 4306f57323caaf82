//! What becomes of a row of a table of contents in an index?

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::{LazyError, wrong};
use crate::layer::findings::display;
use crate::layer::index::{Extras, Index, Kind, NOWHERE, NewEntry};
use crate::limits;

/// Keyword and value of a record.
pub(super) type Record = (Vec<u8>, Vec<u8>);

/// What a table says of an entry, whatever its format.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a [u8],
    pub(super) link: &'a [u8],
    pub(super) mode: i64,
    pub(super) uid: i64,
    pub(super) gid: i64,
    pub(super) size: u64,
    pub(super) time: Time,
    pub(super) device: (i64, i64),
    /// Records as a pax header would have them.
    pub(super) records: Vec<Record>,
    /// SHA-256 of the content.
    pub(super) sum: Option<[u8; 32]>,
    /// Whether the owner or the group has a name.
    pub(super) has_names: bool,
}

/// Seconds since 1970, rounded down, and what is left in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Time {
    seconds: i64,
    nanoseconds: u32,
}

impl Time {
    /// RFC 3339; nothing at all stands for 1970.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let time = OffsetDateTime::parse(std::str::from_utf8(text).ok()?, &Rfc3339).ok()?;
        Some(Self { seconds: time.unix_timestamp(), nanoseconds: time.nanosecond() })
    }

    /// As the record of a pax header, where it is not a whole second.
    fn record(self) -> Option<Record> {
        if self.nanoseconds == 0 {
            return None;
        }
        let (sign, seconds, fraction) = match self.seconds {
            0.. => ("", self.seconds.unsigned_abs(), self.nanoseconds),
            _ => ("-", self.seconds.unsigned_abs() - 1, 1_000_000_000 - self.nanoseconds),
        };
        let text = format!("{sign}{seconds}.{fraction:09}");
        Some((b"mtime".to_vec(), text.trim_end_matches('0').as_bytes().to_vec()))
    }
}

/// The kind of this name in all three formats.
pub(super) fn kind(name: &[u8]) -> Option<Kind> {
    match name {
        b"reg" => Some(Kind::File),
        b"dir" => Some(Kind::Directory),
        b"symlink" => Some(Kind::Symlink),
        b"hardlink" => Some(Kind::Hardlink),
        b"char" => Some(Kind::Char),
        b"block" => Some(Kind::Block),
        b"fifo" => Some(Kind::Fifo),
        _ => None,
    }
}

/// Appends a row, and says what became of its kind.
pub(super) fn enter(index: &mut Index, mut row: Row<'_>) -> Result<Kind, LazyError> {
    let is_link = matches!(row.kind, Kind::Symlink | Kind::Hardlink);
    let link = if is_link { row.link } else { b"" };
    if row.name.len().max(link.len()) > limits::TAR_NAME_BYTES {
        return Err(LazyError::TooMany);
    }
    if row.name.contains(&0) || link.contains(&0) {
        return wrong(format!("the name {} is none that a tar has", display(row.name)));
    }
    let mut extras = Extras::default();
    let mut kind = row.kind;
    if kind == Kind::File && row.name.ends_with(b"/") {
        // As the headers of a tar are read.
        kind = Kind::Directory;
        extras |= Extras::AMBIGUOUS;
    }
    if row.has_names {
        extras |= Extras::OWNER_NAMES;
    }
    if let Some(record) = row.time.record() {
        extras |= Extras::FRACTION;
        row.records.push(record);
    }
    let mut number = |number: i64| {
        u32::try_from(number).unwrap_or_else(|_| {
            extras |= Extras::AMBIGUOUS;
            u32::MAX
        })
    };
    let (uid, gid) = (number(row.uid), number(row.gid));
    let device = (number(row.device.0), number(row.device.1));
    let entry = NewEntry {
        kind,
        mode: (row.mode & 0o7777) as u16,
        uid,
        gid,
        size: if kind == Kind::File { row.size } else { 0 },
        mtime: row.time.seconds,
        name: row.name,
        link,
        header_offset: NOWHERE,
        content_offset: NOWHERE,
        device: matches!(kind, Kind::Char | Kind::Block).then_some(device),
        records: &row.records,
        sparse: None,
        extras,
        end: NOWHERE,
    };
    index.push(&entry).map_err(|_| LazyError::TooMany)?;
    if let Some(sum) = row.sum.filter(|_| kind == Kind::File) {
        index.set_sum(sum);
    }
    Ok(kind)
}

/// The 32 bytes of a SHA-256 digest; `None` for other digests.
pub(super) fn sha256(text: &str) -> Option<[u8; 32]> {
    let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64)?;
    let mut sum = [0; 32];
    for (byte, pair) in sum.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let nibble = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = (nibble(0)? << 4 | nibble(1)?) as u8;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_down_and_keep_their_fraction() {
        for (text, seconds, record) in [
            ("", 0, None),
            ("2023-11-14T22:13:20Z", 1_700_000_000, None),
            ("2023-11-14T23:13:20.25+01:00", 1_700_000_000, Some("1700000000.25")),
            ("1969-12-31T23:59:58.5Z", -2, Some("-1.5")),
            ("1969-12-31T23:59:59.000000001Z", -1, Some("-0.999999999")),
            ("0001-01-01T00:00:00Z", -62_135_596_800, None),
        ] {
            let time = Time::parse(text.as_bytes()).expect(text);
            let shown = time.record().map(|(_, value)| String::from_utf8(value).expect("text"));
            assert_eq!((time.seconds, shown.as_deref()), (seconds, record), "{text}");
        }
        assert_eq!(Time::parse(b"yesterday"), None);
    }
}
