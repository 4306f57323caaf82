//! What stands in a zTOC?
//!
//! A FlatBuffer (soci-snapshotter, ztoc/fbs/ztoc.fbs) with the entries of a tar, where each lies in it,
//! and checkpoints: places in the compressed layer at which decompression can begin, each with the
//! 32 KiB that came out before. Between two of them lies a span, whose compressed bytes have a digest.

use super::error::{LazyError, wrong};
use super::flatbuffer::{Buffer, Table};
use super::rows::{Record, Row, Time, enter, kind, sha256};
use super::spans::{Point, Spans};
use crate::digest::Digest;
use crate::layer::findings::display;
use crate::layer::index::{Index, Kind};
use crate::limits;

/// Bytes that a window has.
const WINDOW: usize = 32 << 10;
/// Number of checkpoints and size of a span, before them.
const HEAD: usize = 12;
/// Offsets in blob and tar, bits, window.
const CHECKPOINT: usize = 8 + 8 + 1 + WINDOW;
/// Where the first span begins when there is no checkpoint for it, as in the first version: behind a
/// gzip header without optional fields.
const GZIP_HEADER: u64 = 10;

const GZIP: i8 = 1;
const PLAIN: i8 = 2;

/// Reads the zTOC of the layer `blob`, which has `size` bytes.
pub(super) fn read(ztoc: &[u8], blob: Digest, size: u64) -> Result<(Index, Spans), LazyError> {
    let buffer = Buffer::new(ztoc);
    let root = buffer.root()?;
    let version = root.bytes(0)?;
    if !version.starts_with(b"0.") && !version.starts_with(b"1.") {
        return wrong(format!("it has the unknown version {}", display(version)));
    }
    let (packed, tar) = (root.size(2)?, root.size(3)?);
    if packed != size {
        return wrong(format!("it is of a layer with {packed} bytes, this one has {size}"));
    }
    let (mut index, contents) = entries(&root.table(4)?, tar)?;
    let mut spans = spans(&root.table(5)?, packed, tar)?;
    spans.contents = contents;
    if !spans.is_sound(size, index.len()) {
        return wrong("its spans lie outside of the layer, or in each other");
    }
    index.finish_listed(blob);
    Ok((index, spans))
}

/// The entries, and where the content of each lies in the tar.
fn entries(toc: &Table<'_>, tar: u64) -> Result<(Index, Vec<u64>), LazyError> {
    let (mut index, mut contents, mut end) = (Index::default(), Vec::new(), 0);
    for entry in toc.vector(0)?.tables() {
        let entry = entry?;
        let name = entry.bytes(0)?;
        let type_name = entry.bytes(1)?;
        let Some(kind) = kind(type_name) else {
            return wrong(format!("{} is of an unknown type", display(name)));
        };
        let (offset, size) = (entry.size(2)?, entry.size(3)?);
        let Some(time) = Time::parse(entry.bytes(10)?) else {
            return wrong(format!("{} has no valid time", display(name)));
        };
        let (records, is_sparse) = records(&entry)?;
        let row = Row {
            kind,
            name,
            link: entry.bytes(4)?,
            mode: entry.i64(5)?,
            uid: i64::from(entry.u32(6)?),
            gid: i64::from(entry.u32(7)?),
            size,
            time,
            device: (entry.i64(11)?, entry.i64(12)?),
            records,
            sum: None,
            has_names: !entry.bytes(8)?.is_empty() || !entry.bytes(9)?.is_empty(),
        };
        let mut content = u64::MAX;
        if enter(&mut index, row)? == Kind::File && !is_sparse {
            let behind = offset.checked_add(size).filter(|behind| *behind <= tar);
            let Some(behind) = behind.filter(|_| offset >= end) else {
                return wrong(format!(
                    "{} lies outside of the layer, or in another",
                    display(name)
                ));
            };
            (content, end) = (offset, behind);
        }
        contents.push(content);
    }
    Ok((index, contents))
}

/// The records of an entry's pax header that an index keeps, and whether they say that the file is
/// sparse, so that its bytes do not lie in one run.
fn records(entry: &Table<'_>) -> Result<(Vec<Record>, bool), LazyError> {
    let (mut records, mut bytes, mut is_sparse) = (Vec::new(), 0, false);
    for record in entry.vector(13)?.tables() {
        let record = record?;
        let (key, value) = (record.bytes(0)?, record.bytes(1)?);
        bytes += (key.len() + value.len() + 8) as u64;
        if bytes > limits::TAR_PAX_BYTES {
            return Err(LazyError::TooMany);
        }
        is_sparse |= key.starts_with(b"GNU.sparse.");
        let is_kept = match key.strip_prefix(b"SCHILY.xattr.") {
            Some(name) => !name.is_empty() && !name.contains(&0),
            None => key.starts_with(b"SCHILY.acl."),
        };
        if is_kept && records.iter().any(|(known, _)| *known == key) {
            return wrong(format!("{} stands twice", display(key)));
        }
        if is_kept {
            records.push((key.to_vec(), value.to_vec()));
        }
    }
    Ok((records, is_sparse))
}

fn spans(info: &Table<'_>, packed: u64, tar: u64) -> Result<Spans, LazyError> {
    let digests = info.vector(2)?;
    if i64::from(info.i32(1)?).checked_add(1) != i64::try_from(digests.len).ok() {
        return wrong("it does not have as many digests as spans");
    }
    let mut sums = Vec::new();
    for digest in digests.strings() {
        let sum = std::str::from_utf8(digest?).ok().and_then(sha256);
        sums.push(sum.map_or_else(|| wrong("a span has no valid digest"), Ok)?);
    }
    let checkpoints = info.bytes(3)?;
    match info.i8(0, GZIP)? {
        GZIP => gzip(checkpoints, &sums, packed, tar),
        PLAIN => plain(checkpoints, &sums, packed, tar),
        other => wrong(format!("it is for an unknown compression ({other})")),
    }
}

/// Spans that begin at blocks of a deflate stream.
fn gzip(checkpoints: &[u8], sums: &[[u8; 32]], packed: u64, tar: u64) -> Result<Spans, LazyError> {
    let short = || wrong("its checkpoints are cut off");
    let Some((head, rest)) = checkpoints.split_at_checked(HEAD) else { return short() };
    let count = head.first_chunk::<4>().map_or(0, |count| u32::from_le_bytes(*count)) as usize;
    let found = rest.len() / CHECKPOINT;
    let implied = count.checked_sub(found);
    if count != sums.len()
        || !rest.len().is_multiple_of(CHECKPOINT)
        || !matches!(implied, Some(0 | 1))
    {
        return short();
    }
    let mut spans = Spans { tar, ..Spans::default() };
    spans.windows.reserve_exact(found.saturating_mul(WINDOW));
    let first = (implied == Some(1)).then_some((GZIP_HEADER, 0, 0, &[][..]));
    let listed = rest.chunks_exact(CHECKPOINT).filter_map(|checkpoint| {
        let (start, rest) = checkpoint.split_first_chunk::<8>()?;
        let (out, rest) = rest.split_first_chunk::<8>()?;
        let (bits, window) = rest.split_first()?;
        Some((u64::from_le_bytes(*start), u64::from_le_bytes(*out), *bits, window))
    });
    for ((start, out, bits, window), sum) in first.into_iter().chain(listed).zip(sums) {
        // The other bits of the byte in front belong to the block.
        let (start, before) = match bits {
            0 => (Some(start), 0),
            1..=7 => (start.checked_sub(1), 8 - bits),
            _ => (None, 0),
        };
        let Some(start) = start else { return wrong("a checkpoint lies nowhere") };
        if let Some(last) = spans.points.last_mut() {
            last.end = start + u64::from(before > 0);
        }
        let point = Point {
            start,
            end: packed,
            out,
            bits: before,
            window: spans.windows.len() as u64,
            sum: *sum,
        };
        spans.points.push(point);
        let came_out = usize::try_from(out).unwrap_or(usize::MAX).min(window.len());
        spans.windows.extend_from_slice(window.get(window.len() - came_out..).unwrap_or_default());
    }
    Ok(spans)
}

/// Spans of one size of a tar that is not compressed.
fn plain(checkpoints: &[u8], sums: &[[u8; 32]], packed: u64, tar: u64) -> Result<Spans, LazyError> {
    let buffer = Buffer::new(checkpoints);
    let info = buffer.root()?;
    let (span, size) = (info.size(1)?, info.size(2)?);
    if size != packed || tar > packed || span == 0 || size.div_ceil(span) != sums.len() as u64 {
        return wrong("its spans don't add up to the layer");
    }
    let starts = (0..).map(|at: u64| at.saturating_mul(span));
    let points = starts.zip(sums).map(|(start, sum)| Point {
        start,
        end: start.saturating_add(span).min(packed),
        out: start,
        bits: 0,
        window: 0,
        sum: *sum,
    });
    // What stands behind the end of the tar comes out, too.
    Ok(Spans { points: points.collect(), is_plain: true, tar: packed, ..Spans::default() })
}
