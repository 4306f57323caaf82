//! How does an index grow while the tar goes by?

use super::{Extras, Index, Kind, NOWHERE};
use crate::digest::Digest;
use crate::limits;

/// An entry on its way into the index.
#[derive(Debug)]
pub(crate) struct NewEntry<'a> {
    pub(crate) kind: Kind,
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    pub(crate) mtime: i64,
    pub(crate) name: &'a [u8],
    pub(crate) link: &'a [u8],
    pub(crate) header_offset: u64,
    pub(crate) content_offset: u64,
    pub(crate) device: Option<(u32, u32)>,
    pub(crate) records: &'a [(Vec<u8>, Vec<u8>)],
    pub(crate) sparse: Option<&'a [[u64; 2]]>,
    pub(crate) extras: Extras,
    /// Where the content ends in the tar.
    pub(crate) end: u64,
}

/// The index holds as much as it may.
#[derive(Debug)]
pub(crate) struct Full;

impl Index {
    /// Appends an entry.
    pub(crate) fn push(&mut self, entry: &NewEntry<'_>) -> Result<(), Full> {
        let (dir, base) = split(entry.name);
        let sparse = entry.sparse.unwrap_or_default();
        let record_bytes: usize =
            entry.records.iter().map(|(key, value)| key.len() + value.len()).sum();
        let grows = entry.name.len() + entry.link.len() + record_bytes + sparse.len() * 16;
        if self.len() >= limits::TAR_ENTRIES
            || (grows > 4096 || self.len().is_multiple_of(1024))
                && self.memory() + grows + (1 << 20) > limits::INDEX_BYTES
        {
            return Err(Full);
        }
        let ordinal = self.len() as u32;
        let last_dir = self.dir_names.ends.len();
        if last_dir == 0 || self.dir_names.get(last_dir - 1) != dir {
            self.dir_names.push(dir);
        }
        self.dirs.push(self.dir_names.ends.len() as u32 - 1);
        self.bases.push(base);
        self.links.push(entry.link);
        self.kinds.push(entry.kind as u8);
        self.modes.push(entry.mode);
        self.uids.push(entry.uid);
        self.gids.push(entry.gid);
        self.sizes.push(entry.size);
        self.mtimes.push(entry.mtime);
        self.contents.push(entry.content_offset);
        let blocks = entry.content_offset.saturating_sub(entry.header_offset) / 512;
        self.header_blocks.push(u32::try_from(blocks).unwrap_or(u32::MAX));
        if let Some((major, minor)) = entry.device {
            self.devices.push([ordinal, major, minor]);
        }
        for (key, value) in entry.records {
            self.record_entries.push(ordinal);
            self.record_texts.push(key);
            self.record_texts.push(value);
        }
        if entry.sparse.is_some() {
            self.sparse_regions.extend_from_slice(sparse);
            self.sparse_entries.push([ordinal, self.sparse_regions.len() as u32]);
        }
        self.extras.push(entry.extras.0);
        self.end = entry.end;
        Ok(())
    }

    /// Records the SHA-256 of the last entry's content.
    pub(crate) fn set_sum(&mut self, sum: [u8; 32]) {
        self.sha256.resize(self.len().saturating_sub(1), [0; 32]);
        self.sha256.push(sum);
    }

    /// Ends an index whose entries come from a table of contents.
    pub(crate) fn finish_listed(&mut self, blob: Digest) {
        self.finish(blob);
        self.end = NOWHERE;
    }

    /// Ends the index.
    pub(crate) fn finish(&mut self, blob: Digest) {
        self.blob = Some(blob);
        if !self.sha256.is_empty() {
            self.sha256.resize(self.len(), [0; 32]);
        }
    }
}

/// Cuts a name behind the last slash that anything but slashes follows.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    let end = name.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    let at = name[..end].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    name.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_keep_every_byte() {
        for (name, dir, base) in [
            ("", "", ""),
            ("/", "", "/"),
            ("///", "", "///"),
            ("a", "", "a"),
            ("a/", "", "a/"),
            ("./", "", "./"),
            ("/a", "/", "a"),
            ("a//b//", "a//", "b//"),
            ("usr/lib/x", "usr/lib/", "x"),
        ] {
            assert_eq!(split(name.as_bytes()), (dir.as_bytes(), base.as_bytes()), "{name}");
        }
    }
}
