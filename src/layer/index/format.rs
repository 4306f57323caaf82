//! How is an index kept as bytes?
//!
//! Magic, format version, parser version, digest of the blob, then every column as a length and
//! its values in little-endian order, then the SHA-256 of all of it. A later format may append
//! columns, such as points to begin decompressing at; older readers then ask for a new index.

use sha2::{Digest as _, Sha256};

use super::{Index, Kind, Texts};
use crate::digest::Digest;
use crate::layer::columns::{self, Value, write};
use crate::limits;

const MAGIC: &[u8; 8] = b"ddlayer\0";
/// Version of the layout of the bytes.
const FORMAT: u32 = 2;
/// Version of what the parser makes of a tar; raise it when entries come out differently.
const PARSER: u32 = 2;
const SUM_BYTES: usize = 32;

/// Why bytes are no index that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Not an index at all.
    #[error("these bytes are no layer index; read the layer again")]
    Magic,
    /// Written by another version of the format or of the parser.
    #[error("the layer index has version {found}, expected {expected}; read the layer again")]
    Version {
        /// Version that this library writes.
        expected: u32,
        /// Version of the bytes.
        found: u32,
    },
    /// The checksum does not match.
    #[error("the layer index is damaged: its checksum does not match; read the layer again")]
    Checksum,
    /// The checksum matches, but the columns contradict each other.
    #[error("the layer index is damaged: {0}; read the layer again")]
    Content(&'static str),
}

fn write_texts(texts: &Texts, bytes: &mut Vec<u8>) {
    write(&texts.ends, bytes);
    write(&texts.bytes, bytes);
}

fn read<T: Value>(bytes: &mut &[u8]) -> Result<Vec<T>, IndexError> {
    columns::read(bytes).ok_or(IndexError::Content("a column is cut off"))
}

fn read_texts(bytes: &mut &[u8], count: Option<usize>) -> Result<Texts, IndexError> {
    let texts = Texts { ends: read(bytes)?, bytes: read(bytes)? };
    let whole = texts.ends.last().copied().unwrap_or(0) as usize == texts.bytes.len();
    if !texts.ends.is_sorted() || !whole {
        return Err(IndexError::Content("the ends of its names don't rise"));
    }
    same(count.unwrap_or(texts.ends.len()), texts.ends.len())?;
    Ok(texts)
}

fn same(expected: usize, found: usize) -> Result<(), IndexError> {
    if expected == found {
        Ok(())
    } else {
        Err(IndexError::Content("its columns have different lengths"))
    }
}

impl Index {
    /// One buffer with everything, its version and its checksum.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.memory() + 1024);
        bytes.extend_from_slice(MAGIC);
        FORMAT.write(&mut bytes);
        PARSER.write(&mut bytes);
        let blob = self.blob.as_ref().map_or("", Digest::as_str);
        write(blob.as_bytes(), &mut bytes);
        write(&self.kinds, &mut bytes);
        write(&self.modes, &mut bytes);
        write(&self.uids, &mut bytes);
        write(&self.gids, &mut bytes);
        write(&self.sizes, &mut bytes);
        write(&self.mtimes, &mut bytes);
        write(&self.contents, &mut bytes);
        write(&self.header_blocks, &mut bytes);
        write(&self.dirs, &mut bytes);
        write_texts(&self.bases, &mut bytes);
        write_texts(&self.links, &mut bytes);
        write_texts(&self.dir_names, &mut bytes);
        write(&self.devices, &mut bytes);
        write(&self.record_entries, &mut bytes);
        write_texts(&self.record_texts, &mut bytes);
        write(&self.sparse_entries, &mut bytes);
        write(&self.sparse_regions, &mut bytes);
        write(&self.sha256, &mut bytes);
        write(&self.extras, &mut bytes);
        write(&[self.end], &mut bytes);
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// Reads what [`Index::to_bytes`] wrote. Compare [`Index::blob`] with the digest that the
    /// index was kept under.
    ///
    /// # Errors
    /// When the bytes are of another version, damaged, or contradict themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(IndexError::Magic)?;
        let (versions, _) = rest.split_first_chunk::<8>().ok_or(IndexError::Magic)?;
        let [format, parser] = <[u32; 2]>::read(versions);
        for (expected, found) in [(FORMAT, format), (PARSER, parser)] {
            if expected != found {
                return Err(IndexError::Version { expected, found });
            }
        }
        let (body, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or(IndexError::Checksum)?;
        if Sha256::digest(body)[..] != sum[..] {
            return Err(IndexError::Checksum);
        }
        let rest = &mut body.get(16..).unwrap_or_default();
        let blob = String::from_utf8(read(rest)?)
            .map_err(|_| IndexError::Content("its digest is no text"))?;
        let blob = (!blob.is_empty())
            .then(|| Digest::parse(&blob))
            .transpose()
            .map_err(|_| IndexError::Content("its digest is none"))?;
        let kinds: Vec<u8> = read(rest)?;
        let count = kinds.len();
        let index = Self {
            blob,
            kinds,
            modes: read(rest)?,
            uids: read(rest)?,
            gids: read(rest)?,
            sizes: read(rest)?,
            mtimes: read(rest)?,
            contents: read(rest)?,
            header_blocks: read(rest)?,
            dirs: read(rest)?,
            bases: read_texts(rest, Some(count))?,
            links: read_texts(rest, Some(count))?,
            dir_names: read_texts(rest, None)?,
            devices: read(rest)?,
            record_entries: read(rest)?,
            record_texts: read_texts(rest, None)?,
            sparse_entries: read(rest)?,
            sparse_regions: read(rest)?,
            sha256: read(rest)?,
            extras: read(rest)?,
            end: read(rest)?.first().copied().unwrap_or(0),
        };
        if !rest.is_empty() {
            return Err(IndexError::Content("something stands behind its last column"));
        }
        index.check()?;
        Ok(index)
    }

    /// Everything that the other methods rely on.
    fn check(&self) -> Result<(), IndexError> {
        let count = self.kinds.len();
        if u32::try_from(count).is_err() {
            return Err(IndexError::Content("it has too many entries"));
        }
        for len in [
            self.modes.len(),
            self.uids.len(),
            self.gids.len(),
            self.sizes.len(),
            self.mtimes.len(),
            self.contents.len(),
            self.header_blocks.len(),
            self.dirs.len(),
            self.extras.len(),
        ] {
            same(count, len)?;
        }
        same(self.record_entries.len() * 2, self.record_texts.ends.len())?;
        if !self.sha256.is_empty() {
            same(count, self.sha256.len())?;
        }
        let holds = |holds: bool, what| if holds { Ok(()) } else { Err(IndexError::Content(what)) };
        let in_range = |entry: u32| (entry as usize) < count;
        let dir_count = self.dir_names.ends.len();
        let offset = |offset: &u64| i64::try_from(*offset).is_ok();
        holds(
            self.kinds.iter().all(|kind| usize::from(*kind) < Kind::ALL.len()),
            "it has an unknown kind of entry",
        )?;
        holds(
            self.dirs.iter().all(|dir| (*dir as usize) < dir_count),
            "a name has no directory part",
        )?;
        // A long directory part stands there once, and is looked at for each entry.
        let lens = (0..count).map(|at| {
            let dir = self.dirs.get(at).map_or(0, |dir| self.dir_names.get(*dir as usize).len());
            (dir + self.bases.get(at).len(), self.links.get(at).len())
        });
        let sum = lens.clone().map(|(name, link)| (name + link) as u64).sum::<u64>();
        holds(
            lens.into_iter().all(|(name, link)| name.max(link) <= limits::TAR_NAME_BYTES)
                && sum <= limits::INDEX_NAME_BYTES,
            "its names are too long",
        )?;
        holds(
            self.contents
                .iter()
                .zip(&self.header_blocks)
                .all(|(content, blocks)| offset(content) && *content >= u64::from(*blocks) * 512)
                && self.sizes.iter().all(offset)
                && offset(&self.end),
            "an offset or size is out of range",
        )?;
        holds(
            self.devices.is_sorted_by(|a, b| a[0] < b[0])
                && self.devices.iter().all(|device| in_range(device[0])),
            "its device numbers belong to no entry",
        )?;
        holds(
            self.record_entries.is_sorted() && self.record_entries.iter().all(|at| in_range(*at)),
            "its records belong to no entry",
        )?;
        let ends = self.sparse_entries.last().map_or(0, |entry| entry[1] as usize);
        holds(
            self.sparse_entries.is_sorted_by(|a, b| a[0] < b[0] && a[1] <= b[1])
                && self.sparse_entries.iter().all(|entry| in_range(entry[0]))
                && ends == self.sparse_regions.len()
                && self.sparse_regions.iter().flatten().all(offset),
            "its sparse files don't add up",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::NOWHERE;
    use super::{Index, IndexError};
    use crate::limits;

    /// Entries without a name of their own in one directory, whose name is as long as this.
    fn in_a_directory(count: usize, len: usize) -> Index {
        let mut index = Index {
            kinds: vec![0; count],
            modes: vec![0o644; count],
            uids: vec![0; count],
            gids: vec![0; count],
            sizes: vec![0; count],
            mtimes: vec![0; count],
            contents: vec![512; count],
            header_blocks: vec![1; count],
            dirs: vec![0; count],
            extras: vec![0; count],
            end: 512,
            ..Index::default()
        };
        index.dir_names.push(&vec![b'a'; len]);
        for _ in 0..count {
            index.bases.push(b"");
            index.links.push(b"");
        }
        index
    }

    #[test]
    fn names_are_within_what_a_tar_may_have_each_and_together() {
        let read = |count, len| Index::from_bytes(&in_a_directory(count, len).to_bytes());
        let too_long = Err(IndexError::Content("its names are too long"));
        let longest = limits::TAR_NAME_BYTES;
        assert!(read(2, longest).is_ok());
        assert_eq!(read(2, longest + 1), too_long);
        let most = usize::try_from(limits::INDEX_NAME_BYTES).expect("64 bit") / longest;
        assert!(read(most, longest).is_ok());
        assert_eq!(read(most + 1, longest), too_long);
    }

    #[test]
    fn a_list_is_the_same_but_for_the_places() {
        let index = in_a_directory(3, 10);
        let listed = index.without_offsets();
        assert!(index.has_offsets() && !listed.has_offsets());
        assert_eq!((listed.end, listed.len()), (NOWHERE, 3));
        let names = |index: &Index| index.entries().map(|it| it.name().into_owned()).collect();
        let (one, other): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (names(&index), names(&listed));
        assert_eq!(one, other);
        assert!(listed.entries().all(|entry| entry.content_offset == 0));
        assert_eq!(Index::from_bytes(&listed.to_bytes()), Ok(listed));
    }
}
