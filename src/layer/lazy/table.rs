//! What stands in the table of contents of eStargz and zstd:chunked?
//!
//! A JSON object with the rows of the tar in its order (stargz-snapshotter, docs/estargz.md, "TOC").
//! It is read row by row, since a table may have a million of them. Go's readers take a key for
//! another one that differs only in case, so such keys are refused, as are keys that stand twice.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sha2::{Digest as _, Sha256};

use super::chunks::{Chunk, Chunks, Open};
use super::error::{LazyError, wrong};
use super::rows::{Record, Row, Time, enter, kind, sha256};
use crate::digest::Digest;
use crate::json;
use crate::layer::findings::display;
use crate::layer::index::{Index, Kind};

const SUBJECT: &str = "table of contents";
/// Files that the tools add for themselves, at the root.
const LANDMARKS: [&[u8]; 3] = [b".prefetch.landmark", b".no.prefetch.landmark", TABLE_NAME];
/// The name of the table in the tar of an eStargz layer.
pub(super) const TABLE_NAME: &[u8] = b"stargz.index.json";

/// Reads a table of the layer `blob`, in which its files lie before `end`.
pub(super) fn read(table: &[u8], blob: Digest, end: u64) -> Result<(Index, Chunks), LazyError> {
    let mut entries = Entries::default();
    if let Err(finding) = json::read_with(table, SUBJECT, Table(&mut entries)) {
        return Err(entries.failed.unwrap_or_else(|| {
            LazyError::Wrong(finding.message.trim_end_matches('.').to_owned())
        }));
    }
    entries.close()?;
    let Entries { mut index, mut chunks, .. } = entries;
    index.finish_listed(blob);
    let size = |entry| index.entry(entry).map_or(0, |entry| entry.size);
    chunks.finish(end, size)?;
    Ok((index, chunks))
}

/// The rows so far.
#[derive(Default)]
struct Entries {
    index: Index,
    chunks: Chunks,
    open: Option<Open>,
    /// Why reading stopped, where it was not for the JSON.
    failed: Option<LazyError>,
}

impl Entries {
    fn take(&mut self, entry: &Entry) -> Result<(), LazyError> {
        let Ok(size) = u64::try_from(entry.size) else {
            return wrong(format!("{} has a size of {}", display(entry.name()), entry.size));
        };
        if entry.kind == "chunk" {
            let Some(mut open) = self.open.take() else {
                return wrong(format!("a part of {} follows no file", display(entry.name())));
            };
            self.chunk(&mut open, entry)?;
            self.open = Some(open);
            return Ok(());
        }
        self.close()?;
        if LANDMARKS.contains(&entry.name().strip_prefix(b"./").unwrap_or_else(|| entry.name())) {
            return Ok(());
        }
        let Some(kind) = kind(entry.kind.as_bytes()) else {
            return wrong(format!(
                "{} is of the unknown type {}",
                display(entry.name()),
                entry.kind
            ));
        };
        let Some(time) = Time::parse(entry.modtime.as_bytes()) else {
            return wrong(format!("{} has no valid time", display(entry.name())));
        };
        let nothing = (size == 0).then(|| Sha256::digest(b"").into());
        let sum = sha256(&entry.digest).or(nothing);
        let row = Row {
            kind,
            name: entry.name(),
            link: entry.link_name.as_bytes(),
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            size,
            time,
            device: (entry.dev_major, entry.dev_minor),
            records: records(&entry.xattrs)?,
            sum,
            has_names: entry.has_names,
        };
        let ordinal = self.index.len() as u32;
        if enter(&mut self.index, row)? == Kind::File && size > 0 {
            let Ok(end) = u64::try_from(entry.end_offset) else {
                return wrong(format!("{} ends at {}", display(entry.name()), entry.end_offset));
            };
            let mut open = self.chunks.begin(ordinal, entry.name(), size, sum, end);
            self.chunk(&mut open, entry)?;
            self.open = Some(open);
        }
        Ok(())
    }

    fn chunk(&mut self, open: &mut Open, entry: &Entry) -> Result<(), LazyError> {
        let numbers = [entry.offset, entry.chunk_offset, entry.chunk_size, entry.inner_offset];
        let mut positive = [0; 4];
        for (to, number) in positive.iter_mut().zip(numbers) {
            let Ok(number) = u64::try_from(number) else {
                return wrong(format!("{} has a part at {number}", display(entry.name())));
            };
            *to = number;
        }
        let [start, file, len, inner] = positive;
        let is_hole = match entry.chunk_type.as_str() {
            "" => false,
            "zeros" => true,
            other => return wrong(format!("a part of a file is of the unknown type {other:.40}")),
        };
        if !is_hole && start == 0 {
            return wrong(format!("nothing says where {} lies", display(entry.name())));
        }
        let chunk = if is_hole {
            Chunk { entry: 0, file, start: 0, end: 0, inner: 0, sum: None }
        } else {
            Chunk { entry: 0, file, start, end: 0, inner, sum: sha256(&entry.chunk_digest) }
        };
        self.chunks.add(open, entry.name(), chunk, start, len)
    }

    fn close(&mut self) -> Result<(), LazyError> {
        match self.open.take() {
            Some(open) => self.chunks.end(&open),
            None => Ok(()),
        }
    }
}

fn records(xattrs: &Xattrs) -> Result<Vec<Record>, LazyError> {
    let record = |(name, value): &(String, String)| {
        let Some(value) = STANDARD.decode(value).ok().filter(|_| is_name(name)) else {
            return wrong(format!("the attribute {} can't be read", display(name.as_bytes())));
        };
        Ok((["SCHILY.xattr.", name].concat().into_bytes(), value))
    };
    xattrs.0.iter().map(record).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('\0')
}

/// A row as it stands in the table.
#[derive(Default)]
struct Entry {
    name: String,
    kind: String,
    size: i64,
    modtime: String,
    link_name: String,
    mode: i64,
    uid: i64,
    gid: i64,
    has_names: bool,
    dev_major: i64,
    dev_minor: i64,
    xattrs: Xattrs,
    digest: String,
    offset: i64,
    end_offset: i64,
    chunk_offset: i64,
    chunk_size: i64,
    chunk_digest: String,
    chunk_type: String,
    inner_offset: i64,
}

impl Entry {
    fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }
}

const KEYS: [&str; 23] = [
    "name",
    "type",
    "size",
    "modtime",
    "linkName",
    "mode",
    "uid",
    "gid",
    "userName",
    "groupName",
    "devMajor",
    "devMinor",
    "xattrs",
    "digest",
    "offset",
    "endOffset",
    "chunkOffset",
    "chunkSize",
    "chunkDigest",
    "chunkType",
    "innerOffset",
    // Of the table itself.
    "version",
    "entries",
];

/// The number of a known key; `None` for an unknown one.
fn known<E: Error>(key: &str) -> Result<Option<usize>, E> {
    if let Some(at) = KEYS.iter().position(|known| *known == key) {
        return Ok(Some(at));
    }
    let folded = json::folded(key);
    match KEYS.iter().find(|known| json::folded(known) == folded) {
        Some(known) => Err(E::custom(format_args!(
            "the key {} differs only in case from {known}",
            display(key.as_bytes())
        ))),
        None => Ok(None),
    }
}

/// Notes that a key was met, each of which may stand once.
fn once<E: Error>(met: &mut u32, at: usize) -> Result<(), E> {
    let bit = 1 << at;
    if *met & bit != 0 {
        return Err(E::custom(format_args!(
            "the key {} stands twice",
            KEYS.get(at).copied().unwrap_or_default()
        )));
    }
    *met |= bit;
    Ok(())
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry of a table of contents")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let (mut entry, mut met) = (Entry::default(), 0);
                while let Some(key) = map.next_key::<String>()? {
                    let Some(at) = known::<A::Error>(&key)? else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    once::<A::Error>(&mut met, at)?;
                    match key.as_str() {
                        "name" => entry.name = map.next_value()?,
                        "type" => entry.kind = map.next_value()?,
                        "size" => entry.size = map.next_value()?,
                        "modtime" => entry.modtime = map.next_value()?,
                        "linkName" => entry.link_name = map.next_value()?,
                        "mode" => entry.mode = map.next_value()?,
                        "uid" => entry.uid = map.next_value()?,
                        "gid" => entry.gid = map.next_value()?,
                        "userName" | "groupName" => {
                            entry.has_names |= !map.next_value::<String>()?.is_empty();
                        }
                        "devMajor" => entry.dev_major = map.next_value()?,
                        "devMinor" => entry.dev_minor = map.next_value()?,
                        "xattrs" => entry.xattrs = map.next_value()?,
                        "digest" => entry.digest = map.next_value()?,
                        "offset" => entry.offset = map.next_value()?,
                        "endOffset" => entry.end_offset = map.next_value()?,
                        "chunkOffset" => entry.chunk_offset = map.next_value()?,
                        "chunkSize" => entry.chunk_size = map.next_value()?,
                        "chunkDigest" => entry.chunk_digest = map.next_value()?,
                        "chunkType" => entry.chunk_type = map.next_value()?,
                        "innerOffset" => entry.inner_offset = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(entry)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Name and value in base64.
#[derive(Default)]
struct Xattrs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Xattrs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Xattrs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("extended attributes by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Xattrs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<String, String>()? {
                    pairs.push(pair);
                }
                pairs.sort();
                if pairs.windows(2).any(|two| matches!(two, [(a, _), (b, _)] if a == b)) {
                    return Err(Error::custom("an extended attribute stands twice"));
                }
                Ok(Xattrs(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// The table as a whole, whose rows go into the entries.
struct Table<'a>(&'a mut Entries);

impl<'de> DeserializeSeed<'de> for Table<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Table<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of contents")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut met, mut has_entries) = (0, false);
        while let Some(key) = map.next_key::<String>()? {
            if let Some(at) = known::<A::Error>(&key)? {
                once::<A::Error>(&mut met, at)?;
            }
            match key.as_str() {
                "version" => {
                    let version: i64 = map.next_value()?;
                    if version != 1 {
                        return Err(Error::custom(format_args!(
                            "its version is {version}, expected 1"
                        )));
                    }
                }
                "entries" => {
                    map.next_value_seed(Rows(&mut *self.0))?;
                    has_entries = true;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if has_entries { Ok(()) } else { Err(Error::missing_field("entries")) }
    }
}

struct Rows<'a>(&'a mut Entries);

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of a table of contents")
    }

    /// What Go writes for a list that was never begun.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(entry) = rows.next_element::<Entry>()? {
            if let Err(error) = self.0.take(&entry) {
                self.0.failed = Some(error);
                return Err(Error::custom("a row can't be read"));
            }
        }
        Ok(())
    }
}
