//! What rpm has installed: a header for each package (rpm, docs/manual/hregions.md, tags.md), in a
//! database of SQLite.

mod sqlite;

use super::package::{Kind, Package};
use crate::limits;

/// A package, the bytes that its record says it takes, and its files.
pub(super) struct Installed {
    pub(super) package: Package,
    pub(super) bytes: Option<u64>,
    pub(super) paths: Vec<Vec<u8>>,
}

/// Hands out all packages of a database, and says how many headers made no sense.
///
/// # Errors
/// When it is no database of SQLite, or can't be gone through to its end; in words without a full stop.
pub(super) fn read(
    database: &[u8],
    each: &mut dyn FnMut(Installed),
) -> Result<usize, &'static str> {
    let mut senseless = 0;
    sqlite::blobs(database, "Packages", &mut |header| {
        match Header::of(header) {
            // The keys that signatures were checked with are kept as packages.
            Some(header) if header.text(NAME).is_some_and(|name| name == "gpg-pubkey") => {}
            Some(header) => match header.installed() {
                Some(package) => each(package),
                None => senseless += 1,
            },
            None => senseless += 1,
        }
    })?;
    Ok(senseless)
}

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const SIZE: u32 = 1009;
const LICENCE: u32 = 1014;
const ARCHITECTURE: u32 = 1022;
const SOURCE: u32 = 1044;
const FOLDER_NUMBERS: u32 = 1116;
const NAMES: u32 = 1117;
const FOLDERS: u32 = 1118;
const LONG_SIZE: u32 = 5009;

/// Types of values.
const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const TRANSLATED: u32 = 9;

/// A header as the database has it: entries of 16 bytes, and the values that they point to.
struct Header<'a> {
    entries: &'a [u8],
    values: &'a [u8],
}

impl<'a> Header<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let entries = usize::try_from(number(bytes, 0)?).ok()?.checked_mul(16)?;
        let values = usize::try_from(number(bytes, 4)?).ok()?;
        let (entries, rest) = bytes.get(8..)?.split_at_checked(entries)?;
        Some(Self { entries, values: rest.get(..values)? })
    }

    /// Type, number of values, and the bytes from the first one on.
    fn find(&self, tag: u32) -> Option<(u32, usize, &'a [u8])> {
        let is_it = |entry: &&[u8]| number(entry, 0) == Some(tag);
        let entry = self.entries.chunks_exact(16).find(is_it)?;
        let offset = usize::try_from(number(entry, 8)?).ok()?;
        let count = usize::try_from(number(entry, 12)?).ok()?;
        Some((number(entry, 4)?, count, self.values.get(offset..)?))
    }

    fn strings(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        let found = self.find(tag);
        let found = found.filter(|(kind, ..)| matches!(*kind, STRING | STRINGS | TRANSLATED));
        let (count, bytes) = found.map_or((0, &[][..]), |(_, count, bytes)| (count, bytes));
        bytes.split(|byte| *byte == 0).take(count)
    }

    fn text(&self, tag: u32) -> Option<String> {
        let text = self.strings(tag).next()?;
        Some(String::from_utf8_lossy(text).into_owned()).filter(|text| !text.is_empty())
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> {
        let found = self.find(tag).filter(|(kind, ..)| *kind == INT32);
        let (count, bytes) = found.map_or((0, &[][..]), |(_, count, bytes)| (count, bytes));
        bytes.chunks_exact(4).take(count).filter_map(|bytes| number(bytes, 0))
    }

    fn size(&self) -> Option<u64> {
        let long = self.find(LONG_SIZE).filter(|(kind, ..)| *kind == INT64);
        let long = long.and_then(|(.., bytes)| Some(u64::from_be_bytes(*bytes.first_chunk()?)));
        long.or_else(|| self.numbers(SIZE).next().map(u64::from))
    }

    fn installed(&self) -> Option<Installed> {
        let version = format!("{}-{}", self.text(VERSION)?, self.text(RELEASE)?);
        let version = match self.numbers(EPOCH).next() {
            Some(epoch) if epoch > 0 => format!("{epoch}:{version}"),
            _ => version,
        };
        let mut package = Package::new(Kind::Rpm, &self.text(NAME)?, &version)?;
        package.architecture = self.text(ARCHITECTURE);
        package.source = self.text(SOURCE);
        self.text(LICENCE).into_iter().for_each(|licence| package.licence(&licence));
        Some(Installed { package, bytes: self.size(), paths: self.paths() })
    }

    fn paths(&self) -> Vec<Vec<u8>> {
        let folders: Vec<_> = self.strings(FOLDERS).take(limits::PACKAGE_FILES).collect();
        let numbers = self.numbers(FOLDER_NUMBERS).take(limits::PACKAGE_FILES);
        let named = numbers.zip(self.strings(NAMES));
        // Many files of one folder repeat its name, but not without end.
        let mut room = (self.values.len() + self.entries.len()).saturating_mul(16);
        let paths = named.map_while(|(folder, name)| {
            let path = [folders.get(folder as usize)?, name].concat();
            room = room.checked_sub(path.len())?;
            Some(path)
        });
        paths.collect()
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of these tags.
    fn header(tags: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let (mut entries, mut values) = (Vec::new(), Vec::new());
        for (tag, kind, count, bytes) in tags {
            for number in [*tag, *kind, values.len() as u32, *count] {
                entries.extend_from_slice(&number.to_be_bytes());
            }
            values.extend_from_slice(bytes);
        }
        let mut header = (tags.len() as u32).to_be_bytes().to_vec();
        header.extend_from_slice(&(values.len() as u32).to_be_bytes());
        [header, entries, values].concat()
    }

    #[test]
    fn a_header_is_a_package() {
        let bytes = header(&[
            (NAME, STRING, 1, b"bash\0"),
            (VERSION, STRING, 1, b"5.2\0"),
            (RELEASE, STRING, 1, b"3.fc40\0"),
            (EPOCH, INT32, 1, &[0, 0, 0, 2]),
            (SIZE, INT32, 1, &[0, 0, 1, 0]),
            (LICENCE, STRING, 1, b"GPL-3.0-or-later\0"),
            (ARCHITECTURE, STRING, 1, b"x86_64\0"),
            (FOLDER_NUMBERS, INT32, 2, &[0, 0, 0, 1, 0, 0, 0, 0]),
            (NAMES, STRINGS, 2, b"bash\0bashrc\0"),
            (FOLDERS, STRINGS, 2, b"/etc/\0/usr/bin/\0"),
        ]);
        let read = Header::of(&bytes).and_then(|header| header.installed()).expect("a package");
        assert_eq!((&*read.package.name, &*read.package.version), ("bash", "2:5.2-3.fc40"));
        assert_eq!(read.bytes, Some(256));
        assert_eq!(read.paths, [b"/usr/bin/bash".to_vec(), b"/etc/bashrc".to_vec()]);
    }

    #[test]
    fn senseless_headers_are_none() {
        for bytes in [&[][..], &[0; 7], &[0xff; 64], &[0, 0, 0, 1, 0, 0, 0, 0]] {
            let read = Header::of(bytes).and_then(|header| header.installed());
            assert!(read.is_none(), "{bytes:?}");
        }
    }
}
