//! How is one layer read from beginning to end?

use crate::digest::{Algorithm, DiffId, Digest, Hasher};
use crate::finding::Finding;
use crate::layer::codec::{Codec, Output};
use crate::layer::content::{Cutter, Trust, Wanted};
use crate::layer::findings::Findings;
use crate::layer::index::Index;
use crate::layer::tar::Parser;
use crate::media_type::{Compression, Kind, MediaType};

/// What to do while a layer goes by.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What findings about the layer as a whole are about, for example its digest.
    pub subject: String,
    /// The media type that the descriptor claims; a different compression is a finding.
    pub media_type: Option<MediaType>,
    /// Algorithm for the bytes of the blob as they come.
    pub digest: Algorithm,
    /// Algorithm for the tar (the diff ID), or `None` when somebody else hashes what
    /// [`Sink::tar`] is given.
    pub diff_id: Option<Algorithm>,
    /// Whether every piece of the tar is handed to [`Sink::tar`].
    pub tar: bool,
    /// Whether the tar is parsed and its entries are kept in an [`Index`].
    pub index: bool,
    /// Whether the index records the SHA-256 of every file. Costs one more pass over the tar.
    pub file_digests: bool,
    /// The part of the tar that is handed to [`Sink::content`].
    pub content: Option<Wanted>,
}

impl Default for ReadOptions {
    /// Checks both digests and builds the index.
    fn default() -> Self {
        Self {
            subject: "layer".to_owned(),
            media_type: None,
            digest: Algorithm::Sha256,
            diff_id: Some(Algorithm::Sha256),
            tar: false,
            index: true,
            file_digests: false,
            content: None,
        }
    }
}

/// Takes what a [`LayerReader`] hands out on the way. Every method may be left out.
pub trait Sink {
    /// The next bytes of the tar, in order and without gaps. Called when [`ReadOptions::tar`] is
    /// set.
    fn tar(&mut self, _bytes: &[u8]) {}

    /// Bytes of the wanted file, which stand at `offset` in it. Offsets only rise; what they
    /// leave out is a hole (zeros). Called when [`ReadOptions::content`] is set.
    fn content(&mut self, _offset: u64, _bytes: &[u8]) {}
}

impl Sink for () {}

/// Reads one layer in pieces of any size.
pub struct LayerReader {
    subject: String,
    media_type: Option<MediaType>,
    digest: Hasher,
    size: u64,
    codec: Codec,
    /// Whether the codec could not go on.
    stopped: bool,
    tar: TarSide,
    findings: Findings,
}

/// What is done with the tar that comes out of the codec.
struct TarSide {
    give: bool,
    hash: DiffIdState,
    size: u64,
    compression: Option<Compression>,
    parser: Option<Parser>,
    cutter: Option<Cutter>,
    findings: Findings,
}

enum DiffIdState {
    Off,
    /// The algorithm is that of the blob; whether the blob is the tar itself is not known yet.
    Waiting(Algorithm),
    On(Hasher),
    /// The blob is the tar, and its digest is computed anyway.
    SameAsBlob,
}

/// The tar side of a reader together with who else gets the bytes.
struct Pipe<'a> {
    tar: &'a mut TarSide,
    sink: &'a mut dyn Sink,
}

impl Output for Pipe<'_> {
    fn begin(&mut self, compression: Compression) {
        self.tar.compression = Some(compression);
        if let DiffIdState::Waiting(algorithm) = self.tar.hash {
            self.tar.hash = match compression {
                Compression::None => DiffIdState::SameAsBlob,
                _ => DiffIdState::On(Hasher::new(algorithm)),
            };
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let tar = &mut *self.tar;
        if tar.give {
            self.sink.tar(bytes);
        }
        if let DiffIdState::On(hasher) = &mut tar.hash {
            hasher.update(bytes);
        }
        if let Some(parser) = &mut tar.parser {
            parser.push(bytes, &mut tar.findings);
        }
        if let Some(cutter) = &mut tar.cutter {
            cutter.push(tar.size, bytes, |offset, run| self.sink.content(offset, run));
        }
        tar.size += bytes.len() as u64;
    }
}

/// What was found out about a layer.
#[derive(Clone, Debug)]
pub struct LayerSummary {
    /// Digest of all bytes that were pushed, whether they could be decoded or not.
    pub digest: Digest,
    /// Number of bytes pushed.
    pub size: u64,
    /// Digest of the tar; `None` when it was not asked for or the blob could not be decoded to
    /// its end.
    pub diff_id: Option<DiffId>,
    /// Number of bytes of the tar that came out.
    pub uncompressed_size: u64,
    /// How the layer is compressed, by its first bytes; `None` when something stands there that
    /// can't be read.
    pub compression: Option<Compression>,
    /// Number of gzip members or zstd frames (skippable ones not counted) that were begun.
    pub members: u64,
    /// Number of entries of the tar (0 when it was not parsed).
    pub entries: u64,
    /// The entries, when they were asked for. Keep it only when the layer is what it should be.
    pub index: Option<Index>,
    /// What is wrong or remarkable, at most [`FINDINGS_PER_RULE`](crate::limits::FINDINGS_PER_RULE)
    /// of each rule, and then how many more.
    pub findings: Vec<Finding>,
    /// Whether the blob was decoded to its end and, when it was parsed, the tar read to its end.
    /// What was pushed may still be too short: compare `size` and `digest` with the descriptor.
    pub complete: bool,
    /// What the bytes handed to [`Sink::content`] were compared with, the digest of the layer
    /// aside: that is the caller's to compare, and makes it [`Trust::Layer`].
    pub content: Trust,
}

impl LayerReader {
    /// Starts with nothing read.
    #[must_use]
    pub fn new(options: ReadOptions) -> Self {
        Self {
            subject: options.subject,
            media_type: options.media_type,
            digest: Hasher::new(options.digest),
            size: 0,
            codec: Codec::new(),
            stopped: false,
            tar: TarSide {
                give: options.tar,
                hash: match options.diff_id {
                    None => DiffIdState::Off,
                    Some(algorithm) if algorithm == options.digest => {
                        DiffIdState::Waiting(algorithm)
                    }
                    Some(algorithm) => DiffIdState::On(Hasher::new(algorithm)),
                },
                size: 0,
                compression: None,
                parser: options.index.then(|| Parser::new(options.file_digests)),
                cutter: options.content.map(Cutter::new),
                findings: Findings::default(),
            },
            findings: Findings::default(),
        }
    }

    /// Takes the next bytes of the blob.
    pub fn push(&mut self, chunk: &[u8], sink: &mut dyn Sink) {
        self.digest.update(chunk);
        if !self.stopped {
            let pipe = &mut Pipe { tar: &mut self.tar, sink };
            let result = self.codec.push(chunk, self.size, &self.subject, pipe, &mut self.findings);
            self.stopped = result.is_err();
        }
        self.size += chunk.len() as u64;
    }

    /// Says that no more bytes will come.
    pub fn finish(mut self, sink: &mut dyn Sink) -> LayerSummary {
        if !self.stopped {
            let pipe = &mut Pipe { tar: &mut self.tar, sink };
            let result = self.codec.finish(self.size, &self.subject, pipe, &mut self.findings);
            self.stopped = result.is_err();
        }
        // What stands behind the last member can't be decoded, but the tar is whole.
        let tar_ended = !self.stopped || self.codec.in_garbage();
        let TarSide { hash, size, compression, parser, cutter, findings: mut tar_findings, .. } =
            self.tar;
        let mut findings = self.findings;
        check_media_type(
            self.media_type.as_ref(),
            compression,
            self.size,
            &self.subject,
            &mut findings,
        );
        let (mut entries, mut tar_complete, mut index) = (0, true, None);
        let digest = self.digest.finish();
        if let Some(mut parser) = parser {
            entries = parser.entries();
            // A tar that was not decoded to its end is known to be cut off.
            tar_complete = tar_ended && parser.finish(&mut tar_findings);
            let mut entries = parser.into_index();
            entries.finish(digest.clone());
            index = Some(entries);
        }
        let diff_id = match hash {
            _ if !tar_ended => None,
            DiffIdState::Off => None,
            DiffIdState::On(hasher) => Some(DiffId(hasher.finish())),
            DiffIdState::Waiting(_) | DiffIdState::SameAsBlob => Some(DiffId(digest.clone())),
        };
        let mut list = findings.finish(&self.subject);
        list.extend(tar_findings.finish(&self.subject));
        LayerSummary {
            digest,
            size: self.size,
            diff_id,
            uncompressed_size: size,
            compression,
            members: self.codec.members(),
            entries,
            index,
            findings: list,
            complete: !self.stopped && tar_complete,
            content: cutter.map_or(Trust::None, Cutter::trust),
        }
    }

    /// Number of bytes pushed so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Number of bytes of the tar so far.
    #[must_use]
    pub fn uncompressed_size(&self) -> u64 {
        self.tar.size
    }

    /// How the blob is compressed, as soon as enough of it has come to say it.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        self.tar.compression
    }

    /// Number of entries of the tar so far.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.tar.parser.as_ref().map_or(0, Parser::entries)
    }

    /// The entries so far; provisional until the digest has been compared.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        self.tar.parser.as_ref().map(Parser::index)
    }

    /// Whether all of [`ReadOptions::content`] has been handed out, so that a caller who can do
    /// without the check of the whole layer may stop. The summary then says what it is worth.
    #[must_use]
    pub fn content_done(&self) -> bool {
        self.tar.cutter.as_ref().is_some_and(Cutter::done)
    }
}

/// Compares the compression that the media type names with the one that is there.
fn check_media_type(
    claimed: Option<&MediaType>,
    found: Option<Compression>,
    size: u64,
    subject: &str,
    findings: &mut Findings,
) {
    let (Some(media_type), Some(found)) = (claimed, found) else { return };
    let Kind::Layer(claimed) = media_type.kind() else { return };
    if claimed == found {
        return;
    }
    findings.add("layer.media-type", |rule| {
        if size == 0 {
            let text = format!(
                "The layer has no bytes at all, which is no valid {} stream.",
                claimed.name()
            );
            return Finding::error(rule, subject, text).expected(claimed.name()).actual("nothing");
        }
        let text = format!(
            "The media type {media_type} says {}, but the layer is {}: some tools refuse it.",
            compressed(claimed),
            compressed(found)
        );
        Finding::warning(rule, subject, text).expected(claimed.name()).actual(found.name())
    });
}

fn compressed(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "not compressed",
        Compression::Gzip => "compressed with gzip",
        Compression::Zstd => "compressed with zstd",
    }
}
