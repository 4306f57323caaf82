//! The end of a zstd:chunked layer: the table in a skippable frame, and one that says where it is.
//!
//! There are two dialects, that of the containers tools (podman, skopeo, buildah) and that of
//! stargz-snapshotter (nerdctl). Both have the same table and say in annotations where it lies; their
//! footers differ.

use std::collections::BTreeMap;

use super::chunks::Chunks;
use super::error::{LazyError, wrong};
use super::table;
use super::unpack::unpack;
use crate::digest::Digest;
use crate::layer::index::Index;
use crate::media_type::Compression;

/// Annotations of a layer with where its table lies and the digest of the compressed table.
const ANNOTATIONS: [[&str; 2]; 2] = [
    [
        "io.github.containers.zstd-chunked.manifest-position",
        "io.github.containers.zstd-chunked.manifest-checksum",
    ],
    [
        "io.containers.zstd-chunked.manifest-position",
        "io.containers.zstd-chunked.manifest-checksum",
    ],
];
/// Most bytes of a footer.
pub(super) const FOOTER: usize = 72;
/// The header of a skippable frame.
const SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
/// The kind of a table with rows as eStargz has them.
const ROWS: u64 = 1;

/// Where a table lies in a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) offset: u64,
    /// Bytes of the compressed table.
    pub(super) len: u64,
    /// Bytes that come out of it.
    unpacked: u64,
}

/// What annotations say of the table: where it lies, and its digest.
pub(super) fn annotated(
    annotations: &BTreeMap<String, String>,
) -> Option<(Position, Option<Digest>)> {
    ANNOTATIONS.iter().find_map(|[position, checksum]| {
        let numbers: Option<Vec<u64>> =
            annotations.get(*position)?.split(':').map(|number| number.parse().ok()).collect();
        let [offset, len, unpacked, ROWS] = numbers?[..] else { return None };
        // One that can't be read must not count as none.
        let digest = annotations.get(*checksum).map(|text| Digest::parse(text)).transpose().ok()?;
        Some((Position { offset, len, unpacked }, digest))
    })
}

/// Reads the last bytes of a blob.
pub(super) fn footer(tail: &[u8]) -> Option<Position> {
    let position = |numbers: usize, magic: &[u8]| {
        let payload = numbers * 8 + magic.len();
        let frame = tail.get(tail.len().checked_sub(payload + 8)?..)?;
        let rest = frame.strip_prefix(&SKIPPABLE)?;
        let rest = rest.strip_prefix(&u32::try_from(payload).ok()?.to_le_bytes())?;
        let numbers = rest.strip_suffix(magic)?.as_chunks::<8>().0;
        match numbers {
            [offset, len, unpacked, kind, ..] if u64::from_le_bytes(*kind) == ROWS => {
                Some(Position {
                    offset: u64::from_le_bytes(*offset),
                    len: u64::from_le_bytes(*len),
                    unpacked: u64::from_le_bytes(*unpacked),
                })
            }
            _ => None,
        }
    };
    position(7, b"GNUlInUx").or_else(|| position(4, b"GnUlInUx"))
}

/// Reads a compressed table, which has been compared with its digest.
pub(super) fn read(
    bytes: &[u8],
    position: Position,
    promised_json: Option<&Digest>,
    blob: Digest,
) -> Result<(Index, Chunks), LazyError> {
    let json = unpack(bytes, Compression::Zstd)?;
    if json.len() as u64 != position.unpacked {
        return wrong(format!("it has {} bytes, expected {}", json.len(), position.unpacked));
    }
    if let Some(promised) = promised_json {
        super::estargz::compare(&json, promised)?;
    }
    // In front of it stands the header of its frame.
    table::read(&json, blob, position.offset.saturating_sub(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_of_both_dialects_are_read() {
        let frame = |numbers: &[u64], magic: &[u8]| {
            let payload: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let len = ((payload.len() + magic.len()) as u32).to_le_bytes();
            [&b"before"[..], &SKIPPABLE, &len, &payload, magic].concat()
        };
        let expected = Some(Position { offset: 100, len: 20, unpacked: 50 });
        for (numbers, magic, expected) in [
            (&[100, 20, 50, 1, 7, 7, 7][..], b"GNUlInUx", expected),
            (&[100, 20, 50, 1], b"GnUlInUx", expected),
            (&[100, 20, 50, 2], b"GnUlInUx", None),
            (&[100, 20, 50, 1], b"GNUlInUx", None),
        ] {
            assert_eq!(footer(&frame(numbers, magic)), expected, "{numbers:?}");
        }
        assert_eq!(footer(b""), None);
    }

    #[test]
    fn annotations_of_both_dialects_are_read() {
        let position = Position { offset: 100, len: 20, unpacked: 50 };
        for prefix in ["io.github.containers", "io.containers"] {
            let key = |key: &str| format!("{prefix}.zstd-chunked.manifest-{key}");
            let digest = Digest::sha256(b"x");
            let mut annotations = BTreeMap::from([(key("position"), "100:20:50:1".to_owned())]);
            assert_eq!(annotated(&annotations), Some((position, None)));
            annotations.insert(key("checksum"), digest.to_string());
            assert_eq!(annotated(&annotations), Some((position, Some(digest))));
            annotations.insert(key("checksum"), "sha256:none".to_owned());
            assert_eq!(annotated(&annotations), None);
            for odd in ["", "100:20:50", "100:20:50:2", "-1:20:50:1", "1:2:3:1:5"] {
                let annotations = BTreeMap::from([(key("position"), odd.to_owned())]);
                assert_eq!(annotated(&annotations), None, "{odd}");
            }
        }
    }
}
