//! Layers with tables of contents that the field's own tools made, and how they are read.

use std::ops::Range;

use drydock::descriptor::Descriptor;
use drydock::layer::content::Trust;
use drydock::layer::lazy::{LazyError, Lister, Promise, Toc};
use drydock::layer::partial::{ReadError, Reading};
use drydock::layer::{Index, Kind, LayerReader, ReadOptions, Sink};
use serde_json::Value;

/// A layer, and the blob that its table is in.
pub(crate) struct Made {
    pub(crate) name: &'static str,
    pub(crate) layer: &'static [u8],
    pub(crate) descriptor: Descriptor,
    pub(crate) ztoc: Option<(&'static [u8], Descriptor)>,
}

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/lazy/", $name))
    };
}
pub(crate) use data;

/// The first layer that a manifest lists.
pub(crate) fn listed(manifest: &[u8]) -> Descriptor {
    let manifest: Value = serde_json::from_slice(manifest).expect("JSON");
    serde_json::from_value(manifest["layers"][0].clone()).expect("a descriptor")
}

/// One layer in each of the formats.
pub(crate) fn made() -> [Made; 3] {
    let plain = Made {
        name: "SOCI",
        layer: data!("plain.tar.gz"),
        descriptor: listed(data!("soci-image.json")),
        ztoc: Some((data!("plain.ztoc"), listed(data!("soci-index.json")))),
    };
    let made =
        |name, layer, manifest| Made { name, layer, descriptor: listed(manifest), ztoc: None };
    [
        made("eStargz", data!("estargz.tar.gz"), data!("estargz.json")),
        made("zstd:chunked", data!("zstd-chunked.tar.zst"), data!("zstd-chunked.json")),
        plain,
    ]
}

impl Made {
    pub(crate) fn lister(&self) -> Lister {
        match &self.ztoc {
            Some((_, ztoc)) => {
                Lister::soci(ztoc, &self.descriptor, Promise::Manifest).expect("small")
            }
            None => Lister::of(&self.descriptor).expect("annotated"),
        }
    }

    /// What the table is in.
    pub(crate) fn table(&self) -> &'static [u8] {
        self.ztoc.as_ref().map_or(self.layer, |(ztoc, _)| *ztoc)
    }

    pub(crate) fn toc(&self) -> Toc {
        list(self.lister(), self.table(), usize::MAX).0.expect(self.name)
    }
}

/// Lists with answers out of a blob, in pieces of a size, and says which were asked for.
pub(crate) fn list(
    mut lister: Lister,
    blob: &[u8],
    piece: usize,
) -> (Result<Toc, LazyError>, Vec<Range<u64>>) {
    let mut asked = Vec::new();
    while let Some(range) = lister.ask() {
        assert!(asked.len() < 4, "asks on and on");
        let answer = &blob[range.start as usize..range.end as usize];
        asked.push(range);
        for piece in answer.chunks(piece.max(1)) {
            if let Err(error) = lister.push(piece) {
                return (Err(error), asked);
            }
        }
    }
    (lister.finish(), asked)
}

/// The bytes of a file, what they are worth, and what was asked for.
pub(crate) type Came = (Vec<u8>, Trust, Vec<Range<u64>>);

/// What comes of a file: its bytes with holes filled up to `size`, what they can be trusted for, and
/// what was asked for.
pub(crate) fn read(
    mut reading: Reading,
    blob: &[u8],
    size: usize,
    piece: usize,
) -> Result<Came, ReadError> {
    let (mut bytes, mut asked) = (vec![0; size], Vec::new());
    while let Some(range) = reading.ask() {
        assert!(range.end <= blob.len() as u64, "{range:?}");
        let answer = &blob[range.start as usize..range.end as usize];
        asked.push(range);
        for piece in answer.chunks(piece.max(1)) {
            reading.push(piece, &mut |offset, run| {
                bytes[offset as usize..][..run.len()].copy_from_slice(run);
            })?;
        }
    }
    Ok((bytes, reading.trust(), asked))
}

/// A layer as it is read from its first byte to its last: index and tar.
pub(crate) fn whole(layer: &[u8]) -> (Index, Vec<u8>) {
    struct Tar(Vec<u8>);
    impl Sink for Tar {
        fn tar(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }
    let mut tar = Tar(Vec::new());
    let options = ReadOptions { tar: true, file_digests: true, ..ReadOptions::default() };
    let mut reader = LayerReader::new(options);
    reader.push(layer, &mut tar);
    let summary = reader.finish(&mut tar);
    assert!(summary.complete, "{:?}", summary.findings);
    (summary.index.expect("an index"), tar.0)
}

/// Everything that an index says of each entry but where it stands and, unless wanted, the digests of
/// files. The table itself, which only the tar of an eStargz layer lists, is left out.
pub(crate) fn lines(index: &Index, digests: bool) -> Vec<String> {
    let line = |entry: drydock::layer::Entry<'_>| {
        let mut xattrs: Vec<String> = index
            .xattrs(entry.ordinal)
            .map(|(key, value)| format!("{}={}", key.escape_ascii(), value.escape_ascii()))
            .collect();
        xattrs.sort();
        format!(
            "{} {} {:o} {}:{} {} {} -> {} {:?} {xattrs:?} {}",
            entry.name().escape_ascii(),
            entry.kind,
            entry.mode,
            entry.uid,
            entry.gid,
            entry.size,
            entry.mtime,
            entry.link.escape_ascii(),
            index.device(entry.ordinal),
            index
                .file_digest(entry.ordinal)
                .filter(|_| digests && entry.kind == Kind::File)
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
        )
    };
    let listed = index.entries().filter(|entry| *entry.name() != *b"stargz.index.json");
    listed.map(line).collect()
}
