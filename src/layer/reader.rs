//! How is one layer read from beginning to end?

use crate::digest::{Algorithm, Hashed, Hasher};
use crate::finding::Finding;
use crate::layer::codec::{Codec, Output};
use crate::layer::content::{Cutter, Trust, Wanted};
use crate::layer::findings::Findings;
use crate::layer::index::Index;
use crate::layer::seek::{Recorder, Spacing};
use crate::layer::summary::LayerSummary;
use crate::layer::tar::Parser;
use crate::media_type::{Compression, Kind, MediaType};

/// From how many bytes of a blob on it is worth a second worker or thread, which computes the digest
/// of the tar (see [`ReadOptions::apart`]).
pub const WORTH_TWO: u64 = 16 << 20;

/// What to do while a layer goes by.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What findings about the layer as a whole are about, for example its digest.
    pub subject: String,
    /// The media type that the descriptor claims; a different compression is a finding.
    pub media_type: Option<MediaType>,
    /// Algorithm for the bytes of the blob as they come.
    pub digest: Algorithm,
    /// Algorithm for the tar (the diff ID), or `None` when that is not wanted.
    pub diff_id: Option<Algorithm>,
    /// Whether somebody else computes the digest of the tar, of what [`Sink::hash`] is given. It
    /// takes about as long as everything else together.
    pub apart: bool,
    /// Whether every piece of the tar is handed to [`Sink::tar`].
    pub tar: bool,
    /// Whether the tar is parsed and its entries are kept in an [`Index`].
    pub index: bool,
    /// Whether the index records the SHA-256 of every file. Costs one more pass over the tar.
    pub file_digests: bool,
    /// The part of the tar that is handed to [`Sink::content`].
    pub content: Option<Wanted>,
    /// Whether it is recorded how parts of the layer can be read later, and how densely. Nothing is
    /// hashed for it that is not hashed anyway; what it adds is to deflate 32 KiB at each point.
    pub seek: Option<Spacing>,
}

impl Default for ReadOptions {
    /// Checks both digests and builds the index.
    fn default() -> Self {
        Self {
            subject: "layer".to_owned(),
            media_type: None,
            digest: Algorithm::Sha256,
            diff_id: Some(Algorithm::Sha256),
            apart: false,
            tar: false,
            index: true,
            file_digests: false,
            content: None,
            seek: None,
        }
    }
}

/// Takes what a [`LayerReader`] hands out on the way. Every method may be left out.
pub trait Sink {
    /// The next bytes of the tar, in order and without gaps. Called when [`ReadOptions::tar`] is
    /// set.
    fn tar(&mut self, _bytes: &[u8]) {}

    /// The next bytes of the tar, for whoever computes its digest. Called when
    /// [`ReadOptions::apart`] is set and the tar is another text than the blob.
    fn hash(&mut self, _bytes: &[u8]) {}

    /// The digest of all that [`hash`](Self::hash) was given, and its states if these were recorded
    /// ([`Hasher::recording`], [`STATE_EVERY`](super::seek::STATE_EVERY)); asked for at the end, from who can wait
    /// for it there. Others give it to [`LayerSummary::hashed`] when they have it.
    fn hashed(&mut self) -> Option<Hashed> {
        None
    }

    /// The window of the next point at which decoding can begin. All of them, one behind the other,
    /// are what [`SeekPoints::window`](super::seek::SeekPoints::window) speaks of. Called when
    /// [`ReadOptions::seek`] is set.
    fn window(&mut self, _bytes: &[u8]) {}

    /// Whether there is no room for more now; asked between pieces of at most some 100 KiB, or of a
    /// zstd frame's window at its end. Only [`LayerReader::push_while_room`] heeds it.
    fn is_full(&self) -> bool {
        false
    }

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
    apart: bool,
    hash: DiffIdState,
    size: u64,
    compression: Option<Compression>,
    parser: Option<Parser>,
    cutter: Option<Cutter>,
    recorder: Option<Recorder>,
    /// Bytes between states of the digest that are kept.
    states: Option<u64>,
    findings: Findings,
}

enum DiffIdState {
    Off,
    /// The algorithm is that of the blob; whether the blob is the tar itself is not known yet.
    Waiting(Algorithm),
    On(Hasher),
    /// Somebody else computes it.
    Apart,
    /// The blob is the tar, and its digest is computed anyway.
    SameAsBlob,
}

/// The tar side of a reader together with who else gets the bytes.
struct Pipe<'a> {
    tar: &'a mut TarSide,
    sink: &'a mut dyn Sink,
    /// Whether it stops when these have no room.
    heeds_room: bool,
}

impl Output for Pipe<'_> {
    fn begin(&mut self, compression: Compression) {
        self.tar.compression = Some(compression);
        if let DiffIdState::Waiting(algorithm) = self.tar.hash {
            self.tar.hash = match compression {
                Compression::None => DiffIdState::SameAsBlob,
                _ if self.tar.apart => DiffIdState::Apart,
                _ => DiffIdState::On(hasher(algorithm, self.tar.states)),
            };
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        let tar = &mut *self.tar;
        if tar.give {
            self.sink.tar(bytes);
        }
        match &mut tar.hash {
            DiffIdState::On(hasher) => hasher.update(bytes),
            DiffIdState::Apart => self.sink.hash(bytes),
            DiffIdState::Off | DiffIdState::Waiting(_) | DiffIdState::SameAsBlob => {}
        }
        if let Some(parser) = &mut tar.parser {
            parser.push(bytes, &mut tar.findings);
        }
        if let Some(cutter) = &mut tar.cutter {
            cutter.push(tar.size, bytes, |offset, run| self.sink.content(offset, run));
        }
        tar.size += bytes.len() as u64;
    }

    fn is_full(&self) -> bool {
        self.heeds_room && self.sink.is_full()
    }

    fn wants_point(&self, pending: usize) -> bool {
        let at = self.tar.size + pending as u64;
        self.tar.recorder.as_ref().is_some_and(|recorder| recorder.wants(at))
    }

    fn point(&mut self, blob: u64, window: Option<&[u8]>) {
        if let Some(recorder) = &mut self.tar.recorder {
            recorder.point(blob, self.tar.size, window, |bytes| self.sink.window(bytes));
        }
    }

    fn reached(&mut self, blob: u64) {
        if let Some(recorder) = &mut self.tar.recorder {
            recorder.reached(blob, self.tar.size);
        }
    }
}

/// Computes a digest, and keeps its states after each so many bytes.
fn hasher(algorithm: Algorithm, states: Option<u64>) -> Hasher {
    match states {
        Some(every) => Hasher::recording(algorithm, every),
        None => Hasher::new(algorithm),
    }
}

impl LayerReader {
    /// Starts with nothing read.
    #[must_use]
    pub fn new(options: ReadOptions) -> Self {
        let states = options.seek.map(|spacing| spacing.states);
        Self {
            subject: options.subject,
            media_type: options.media_type,
            // The blob may be the tar.
            digest: hasher(options.digest, states),
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
                    Some(_) if options.apart => DiffIdState::Apart,
                    Some(algorithm) => DiffIdState::On(hasher(algorithm, states)),
                },
                apart: options.apart,
                size: 0,
                compression: None,
                parser: options.index.then(|| Parser::new(options.file_digests)),
                cutter: options.content.map(Cutter::new),
                recorder: options.seek.map(Recorder::new),
                states,
                findings: Findings::default(),
            },
            findings: Findings::default(),
        }
    }

    /// Takes the next bytes of the blob.
    pub fn push(&mut self, chunk: &[u8], sink: &mut dyn Sink) {
        self.take(chunk, sink, false);
    }

    /// Takes as many of the next bytes of the blob as there is room for what comes out of them, and
    /// returns how many those were. All was taken when none are left and the reader
    /// [holds](Self::holds) nothing.
    pub fn push_while_room(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> usize {
        self.take(chunk, sink, true)
    }

    fn take(&mut self, chunk: &[u8], sink: &mut dyn Sink, heeds_room: bool) -> usize {
        let mut taken = chunk.len();
        if !self.stopped {
            let pipe = &mut Pipe { tar: &mut self.tar, sink, heeds_room };
            let result = self.codec.push(chunk, self.size, &self.subject, pipe, &mut self.findings);
            self.stopped = result.is_err();
            taken = result.unwrap_or(chunk.len());
        }
        self.digest.update(chunk.get(..taken).unwrap_or_default());
        self.size += taken as u64;
        taken
    }

    /// Whether something of the bytes that were taken is still to come out: pushing none brings it.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.stopped && self.codec.holds()
    }

    /// Says that no more bytes will come.
    pub fn finish(mut self, sink: &mut dyn Sink) -> LayerSummary {
        if !self.stopped {
            let pipe = &mut Pipe { tar: &mut self.tar, sink, heeds_room: false };
            let result = self.codec.finish(self.size, &self.subject, pipe, &mut self.findings);
            self.stopped = result.is_err();
        }
        // What stands behind the last member can't be decoded, but the tar is whole.
        let tar_ended = !self.stopped || self.codec.in_garbage();
        let TarSide { hash, size, compression, parser, cutter, recorder, .. } = self.tar;
        let mut tar_findings = self.tar.findings;
        let mut findings = self.findings;
        check_media_type(
            self.media_type.as_ref(),
            compression,
            self.size,
            &self.subject,
            &mut findings,
        );
        let (mut entries, mut tar_complete, mut index) = (0, true, None);
        let blob = self.digest.finish_with_states();
        let digest = blob.digest.clone();
        if let Some(mut parser) = parser {
            entries = parser.entries();
            // A tar that was not decoded to its end is known to be cut off.
            tar_complete = tar_ended && parser.finish(&mut tar_findings);
            let mut entries = parser.into_index();
            entries.finish(digest.clone());
            index = Some(entries);
        }
        let is_apart = tar_ended && matches!(hash, DiffIdState::Apart);
        let hashed = match hash {
            _ if !tar_ended => None,
            DiffIdState::Off => None,
            DiffIdState::Apart => sink.hashed(),
            DiffIdState::On(hasher) => Some(hasher.finish_with_states()),
            DiffIdState::Waiting(_) | DiffIdState::SameAsBlob => Some(blob),
        };
        let recorded = recorder.zip(compression).filter(|_| tar_ended);
        let seek = recorded.map(|(recorder, compression)| {
            recorder.finish(digest.clone(), self.size, size, compression)
        });
        let mut list = findings.finish(&self.subject);
        list.extend(tar_findings.finish(&self.subject));
        let mut summary = LayerSummary {
            digest,
            size: self.size,
            awaits_diff_id: hashed.is_none() && is_apart,
            diff_id: None,
            uncompressed_size: size,
            compression,
            members: self.codec.members(),
            entries,
            index,
            findings: list,
            complete: !self.stopped && tar_complete,
            content: cutter.map_or(Trust::None, Cutter::trust),
            seek,
        };
        if let Some(hashed) = hashed {
            summary.take_hashed(hashed);
        }
        summary
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
