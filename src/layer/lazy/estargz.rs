//! The end of an eStargz layer: a gzip member with the table, and an empty one that says where it is.
//!
//! stargz-snapshotter, docs/estargz.md ("Footer", "TOC"), and the older stargz.

use super::chunks::Chunks;
use super::error::{LazyError, wrong};
use super::table::{self, TABLE_NAME};
use super::unpack::unpack;
use crate::digest::Digest;
use crate::layer::findings::Findings;
use crate::layer::index::{Index, Kind};
use crate::layer::tar::Parser;
use crate::media_type::Compression;

/// The digest of the table's JSON, as an annotation of the layer.
pub(super) const DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";
/// Most bytes of a footer.
pub(super) const FOOTER: usize = 51;

/// What the end of a blob says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Footer {
    /// Where the table begins, and how long the footer is.
    Table { offset: u64, len: usize },
    /// The table lies in another image.
    Elsewhere,
}

/// Reads the last bytes of a blob.
pub(super) fn footer(tail: &[u8]) -> Option<Footer> {
    // An empty member whose extra field has the offset, in a subfield of its own or as it stands.
    let table = |len: usize, before: &[u8]| {
        let extra = extra(tail, len)?;
        let text = extra.strip_prefix(before)?.strip_suffix(b"STARGZ")?;
        let is_hex = text.len() == 16 && text.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(text).ok().filter(|_| is_hex)?;
        let offset = u64::from_str_radix(text, 16).ok()?;
        Some(Footer::Table { offset, len })
    };
    let elsewhere =
        || (extra(tail, 46)?.ends_with(b"STARGZEXTERNALTOC")).then_some(Footer::Elsewhere);
    table(FOOTER, b"SG\x16\0").or_else(|| table(47, b"")).or_else(elsewhere)
}

/// The extra field of the empty gzip member that the last `len` bytes are.
fn extra(tail: &[u8], len: usize) -> Option<&[u8]> {
    let member = tail.get(tail.len().checked_sub(len)?..)?;
    let (head, rest) = member.split_first_chunk::<12>()?;
    let [0x1f, 0x8b, 8, 4, .., low, high] = *head else { return None };
    let (extra, body) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
    (body == [1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]).then_some(extra)
}

/// Reads the member with the table, which begins at `offset` in the blob. Compares the JSON in it with
/// its digest, where that is promised.
pub(super) fn read(
    member: &[u8],
    offset: u64,
    promised: Option<&Digest>,
    blob: Digest,
) -> Result<(Index, Chunks), LazyError> {
    let tar = unpack(member, Compression::Gzip)?;
    let json = json(&tar)?;
    if let Some(promised) = promised {
        compare(json, promised)?;
    }
    table::read(json, blob, offset)
}

/// Compares bytes with the digest that is said of them.
pub(super) fn compare(bytes: &[u8], expected: &Digest) -> Result<(), LazyError> {
    let algorithm =
        expected.algorithm().ok_or_else(|| LazyError::Unverifiable(expected.clone()))?;
    let found = Digest::of(algorithm, bytes);
    if found == *expected {
        Ok(())
    } else {
        Err(LazyError::OtherTable { expected: expected.clone(), found })
    }
}

/// The content of the one file in a tar.
fn json(tar: &[u8]) -> Result<&[u8], LazyError> {
    let (mut parser, mut findings) = (Parser::new(false), Findings::default());
    parser.push(tar, &mut findings);
    parser.finish(&mut findings);
    let index = parser.into_index();
    let only = index.entry(0).filter(|entry| {
        index.len() == 1 && entry.kind == Kind::File && *entry.name() == *TABLE_NAME
    });
    let Some(only) = only else {
        return wrong("there is another file in its place");
    };
    let range = usize::try_from(only.content_offset).ok().zip(usize::try_from(only.size).ok());
    let content = range.and_then(|(start, len)| tar.get(start..start.checked_add(len)?));
    content.map_or_else(|| wrong("it is cut off"), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(extra: &[u8]) -> Vec<u8> {
        let len = (extra.len() as u16).to_le_bytes();
        let head = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff];
        let end = [1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        [&head[..], &len, extra, &end].concat()
    }

    #[test]
    fn footers_of_three_kinds_are_told_apart() {
        let at = |len| Some(Footer::Table { offset: 0x12ab, len });
        for (extra, expected) in [
            (&b"SG\x16\x0000000000000012abSTARGZ"[..], at(51)),
            (b"00000000000012abSTARGZ", at(47)),
            (b"SG\x11\0STARGZEXTERNALTOC", Some(Footer::Elsewhere)),
            (b"SG\x16\x00000000000000+2abSTARGZ", None),
            (b"SG\x16\x0000000000000012abSTARGY", None),
            (b"", None),
        ] {
            let tail = [&b"something before"[..], &member(extra)].concat();
            assert_eq!(footer(&tail), expected, "{}", extra.escape_ascii());
        }
        assert_eq!(footer(b""), None);
    }
}
