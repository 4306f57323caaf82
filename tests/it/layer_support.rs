//! Small tars and layers, put together byte by byte.

use std::sync::Arc;

use drydock::layer::{Index, LayerReader, LayerSummary, NodeId, Overlay, ReadOptions};

/// One header block, ustar unless changed.
pub(crate) struct Head([u8; 512]);

impl Head {
    pub(crate) fn new(name: impl AsRef<[u8]>, flag: u8) -> Self {
        let mut block = [0; 512];
        block[..name.as_ref().len().min(100)]
            .copy_from_slice(&name.as_ref()[..name.as_ref().len().min(100)]);
        block[156] = flag;
        block[257..265].copy_from_slice(b"ustar\x0000");
        Self(block).mode(if flag == b'5' { 0o755 } else { 0o644 }).owner(0, 0).size(0).mtime(0)
    }

    pub(crate) fn raw(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn octal(self, at: usize, digits: usize, value: u64) -> Self {
        self.raw(at, format!("{value:0digits$o}\0").as_bytes())
    }

    pub(crate) fn mode(self, mode: u64) -> Self {
        self.octal(100, 7, mode)
    }

    pub(crate) fn owner(self, uid: u64, gid: u64) -> Self {
        self.octal(108, 7, uid).octal(116, 7, gid)
    }

    pub(crate) fn size(self, size: u64) -> Self {
        self.octal(124, 11, size)
    }

    pub(crate) fn mtime(self, mtime: u64) -> Self {
        self.octal(136, 11, mtime)
    }

    pub(crate) fn link(self, target: impl AsRef<[u8]>) -> Self {
        self.raw(157, target.as_ref())
    }

    pub(crate) fn device(self, major: u64, minor: u64) -> Self {
        self.octal(329, 7, major).octal(337, 7, minor)
    }

    pub(crate) fn v7(self) -> Self {
        self.raw(257, &[0; 8])
    }

    pub(crate) fn gnu(self) -> Self {
        self.raw(257, b"ustar  \0")
    }

    /// The block with its checksum.
    pub(crate) fn done(self) -> Vec<u8> {
        let head = self.raw(148, b"        ");
        let sum: u32 = head.0.iter().map(|byte| u32::from(*byte)).sum();
        head.raw(148, format!("{sum:06o}\0 ").as_bytes()).0.to_vec()
    }

    /// The block and its content, with the size of the content.
    pub(crate) fn with(self, content: &[u8]) -> Vec<u8> {
        [self.size(content.len() as u64).done(), padded(content)].concat()
    }
}

pub(crate) fn padded(content: &[u8]) -> Vec<u8> {
    let mut bytes = content.to_vec();
    bytes.resize(content.len().next_multiple_of(512), 0);
    bytes
}

pub(crate) fn file(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Vec<u8> {
    Head::new(name, b'0').with(content.as_ref())
}

pub(crate) fn dir(name: impl AsRef<[u8]>) -> Vec<u8> {
    Head::new(name, b'5').done()
}

pub(crate) fn symlink(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Vec<u8> {
    Head::new(name, b'2').link(target).done()
}

pub(crate) fn hardlink(name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Vec<u8> {
    Head::new(name, b'1').link(target).done()
}

pub(crate) fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    [len.to_string().as_bytes(), b" ", key.as_bytes(), b"=", value, b"\n"].concat()
}

pub(crate) fn pax_of(flag: u8, body: &[u8]) -> Vec<u8> {
    Head::new("PaxHeaders/x", flag).with(body)
}

pub(crate) fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let body: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
    pax_of(b'x', &body)
}

/// GNU's header for a long name (`L`) or link target (`K`).
pub(crate) fn long(flag: u8, text: &[u8]) -> Vec<u8> {
    Head::new("././@LongLink", flag).gnu().with(&[text, b"\0"].concat())
}

/// The parts and an end marker.
pub(crate) fn tar(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0; 1024]].concat()
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut deflate = zlib_rs::Deflate::new(6, false, 15);
    let mut output = vec![0; data.len() + data.len() / 8 + 1024];
    deflate.compress(data, &mut output, zlib_rs::DeflateFlush::Finish).expect("compresses");
    output.truncate(deflate.total_out() as usize);
    output
}

/// One gzip member with these flags and the fields that they announce.
pub(crate) fn member(flags: u8, fields: &[u8], data: &[u8]) -> Vec<u8> {
    [
        &[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255],
        fields,
        &deflate(data),
        &crc32fast::hash(data).to_le_bytes(),
        &(data.len() as u32).to_le_bytes(),
    ]
    .concat()
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    member(0, &[], data)
}

pub(crate) fn zstd(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn read_with(blob: &[u8], options: ReadOptions, chunk: usize) -> LayerSummary {
    let mut reader = LayerReader::new(options);
    blob.chunks(chunk.max(1)).for_each(|chunk| reader.push(chunk, &mut ()));
    reader.finish(&mut ())
}

pub(crate) fn read(blob: &[u8]) -> LayerSummary {
    read_with(blob, ReadOptions::default(), usize::MAX)
}

/// The rules of all findings, each once.
pub(crate) fn rules(summary: &LayerSummary) -> Vec<String> {
    let mut rules: Vec<String> =
        summary.findings.iter().map(|finding| finding.rule.to_string()).collect();
    rules.sort();
    rules.dedup();
    rules
}

/// Name, kind and size of every entry.
pub(crate) fn entries(summary: &LayerSummary) -> Vec<String> {
    let index = summary.index.as_ref().expect("an index");
    index
        .entries()
        .map(|entry| {
            let name = entry.name().escape_ascii().to_string();
            format!("{name} {} {}", entry.kind.name(), entry.size)
        })
        .collect()
}

pub(crate) fn layer(parts: &[Vec<u8>]) -> Arc<Index> {
    let summary = read(&tar(parts));
    assert!(summary.complete, "{:?}", summary.findings);
    Arc::new(summary.index.expect("an index"))
}

/// A layer with a digest of each file.
pub(crate) fn summed(parts: &[Vec<u8>]) -> Arc<Index> {
    let options = ReadOptions { file_digests: true, ..ReadOptions::default() };
    Arc::new(read_with(&tar(parts), options, 4096).index.expect("an index"))
}

pub(crate) fn overlay(layers: &[&[Vec<u8>]]) -> Overlay {
    let layers: Vec<Arc<Index>> = layers.iter().map(|parts| layer(parts)).collect();
    Overlay::build(&layers)
}

/// One line per path: the path, the letter of its kind, the layer, and what it links to.
pub(crate) fn tree(overlay: &Overlay) -> Vec<String> {
    overlay.walk().map(|id| line(overlay, id)).collect()
}

fn line(overlay: &Overlay, id: NodeId) -> String {
    let node = overlay.node(id).expect("a live node");
    let path = |id| overlay.path(id).escape_ascii().to_string();
    let link = match node.hardlink_to {
        Some(target) => format!(" => {}", path(target)),
        None if node.link.is_empty() => String::new(),
        None => format!(" -> {}", node.link.escape_ascii()),
    };
    format!("{} {} {}{link}", path(id), node.kind.name(), node.layer + 1)
}

/// The rules of an overlay's findings, each once.
pub(crate) fn overlay_rules(overlay: &Overlay) -> Vec<String> {
    let mut rules: Vec<String> =
        overlay.findings().iter().map(|finding| finding.rule.to_string()).collect();
    rules.sort();
    rules.dedup();
    rules
}

/// A tar of these parts holds these entries and breaks these rules.
#[track_caller]
pub(crate) fn case(parts: &[Vec<u8>], expected: &[&str], broken: &[&str]) -> LayerSummary {
    raw_case(&tar(parts), expected, broken)
}

/// The same of a tar that is whole already.
#[track_caller]
pub(crate) fn raw_case(bytes: &[u8], expected: &[&str], broken: &[&str]) -> LayerSummary {
    let summary = read(bytes);
    assert_eq!(
        (entries(&summary), rules(&summary)),
        (
            expected.iter().map(|line| (*line).to_owned()).collect(),
            broken.iter().map(|rule| (*rule).to_owned()).collect(),
        )
    );
    assert_eq!(summary.entries, expected.len() as u64);
    summary
}
