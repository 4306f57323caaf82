//! How is the blob compressed, and what comes out of it?

mod gzip;
mod zstd;

pub(crate) use gzip::Gzip;
pub(crate) use zstd::Zstd;

use crate::finding::Finding;
use crate::layer::findings::Findings;
use crate::media_type::Compression;

/// Takes the tar that comes out of a codec.
pub(crate) trait Output {
    /// Called once, before the first bytes: how the blob is compressed.
    fn begin(&mut self, compression: Compression);
    /// The next bytes of the tar.
    fn take(&mut self, bytes: &[u8]);
    /// Whether there is no room for more; then decoding stops where it is.
    fn is_full(&self) -> bool {
        false
    }
    /// Whether a place to begin decoding at is wanted, once `pending` more bytes were taken.
    fn wants_point(&self, _pending: usize) -> bool {
        false
    }
    /// The bytes behind those that were taken can be decoded from byte `blob` of the blob on: at the
    /// beginning of a member or frame, or with these bytes before it at a block that begins in that
    /// byte or right behind it.
    fn point(&mut self, _blob: u64, _window: Option<&[u8]>) {}
    /// All that was taken came out of the first `blob` bytes of the blob.
    fn reached(&mut self, _blob: u64) {}
}

/// Decoding can't go on; a finding says why.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Decodes whatever the first bytes say the blob is.
pub(crate) enum Codec {
    /// Too few bytes for a decision.
    Sniff { head: [u8; SNIFF], len: usize },
    /// A plain tar, or something unknown that is read as one.
    Plain,
    /// gzip members.
    Gzip(Box<Gzip>),
    /// zstd frames.
    Zstd(Box<Zstd>),
    /// Nothing more can be decoded.
    Stopped,
}

/// Number of first bytes that decide about the compression.
pub(crate) const SNIFF: usize = 6;

/// Name of a compression that can't be read.
#[derive(Debug)]
pub(crate) struct Unsupported(pub(crate) &'static str);

/// How a blob with these first bytes ([`SNIFF`] of them, unless it is shorter) is compressed.
pub(crate) fn sniff(head: &[u8]) -> Result<Compression, Unsupported> {
    match head {
        [0x1f, 0x8b, ..] => Ok(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Compression::Zstd),
        _ => match UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)) {
            None => Ok(Compression::None),
            Some((_, name)) => Err(Unsupported(name)),
        },
    }
}

/// Compressions that other tools know and image-spec does not.
const UNSUPPORTED: [(&[u8], &str); 4] = [
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    (b"BZh", "bzip2"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (&[0x1f, 0x9d], "compress"),
];

impl Codec {
    pub(crate) fn new() -> Self {
        Self::Sniff { head: [0; SNIFF], len: 0 }
    }

    fn compression(&self) -> Option<Compression> {
        match self {
            Self::Sniff { .. } | Self::Stopped => None,
            Self::Plain => Some(Compression::None),
            Self::Gzip(_) => Some(Compression::Gzip),
            Self::Zstd(_) => Some(Compression::Zstd),
        }
    }

    /// Whether everything was decoded but bytes that belong to no member or frame.
    pub(crate) fn in_garbage(&self) -> bool {
        match self {
            Self::Gzip(gzip) => gzip.in_garbage(),
            Self::Zstd(zstd) => zstd.in_garbage(),
            Self::Sniff { .. } | Self::Plain | Self::Stopped => false,
        }
    }

    /// Number of members or frames that were begun.
    pub(crate) fn members(&self) -> u64 {
        match self {
            Self::Gzip(gzip) => gzip.members(),
            Self::Zstd(zstd) => zstd.frames(),
            Self::Sniff { .. } | Self::Plain | Self::Stopped => 0,
        }
    }

    /// Whether something of what was taken is still to come out: a push of no bytes brings it.
    pub(crate) fn holds(&self) -> bool {
        matches!(self, Self::Gzip(gzip) if gzip.holds())
    }

    /// Decodes `input`, which begins at `offset` in the blob, until there is no room for more.
    /// Returns how many bytes were taken.
    pub(crate) fn push(
        &mut self,
        mut input: &[u8],
        mut offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        let mut taken = 0;
        if let Self::Sniff { head, len } = self {
            taken = input.len().min(SNIFF - *len);
            head[*len..*len + taken].copy_from_slice(&input[..taken]);
            *len += taken;
            if *len < SNIFF {
                return Ok(taken);
            }
            let head = *head;
            self.decide(&head, subject, out, findings)?;
            // The first bytes count as pushed when the last of them came. Nothing comes out of so
            // few that there could be no room for.
            let start = (offset + taken as u64) - SNIFF as u64;
            self.decode(&head, start, subject, out, findings)?;
            input = &input[taken..];
            offset += taken as u64;
        }
        Ok(taken + self.decode(input, offset, subject, out, findings)?)
    }

    fn decode(
        &mut self,
        input: &[u8],
        offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<usize, Stopped> {
        match self {
            Self::Plain => {
                if !input.is_empty() {
                    out.take(input);
                }
                Ok(input.len())
            }
            Self::Gzip(gzip) => gzip.push(input, offset, subject, out, findings),
            Self::Zstd(zstd) => zstd.push(input, offset, subject, out, findings),
            Self::Sniff { .. } | Self::Stopped => Err(Stopped),
        }
    }

    /// Says that the blob ends at `offset`.
    pub(crate) fn finish(
        &mut self,
        offset: u64,
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<(), Stopped> {
        if let Self::Sniff { head, len } = self {
            let (head, len) = (*head, *len);
            self.decide(&head[..len], subject, out, findings)?;
            self.decode(&head[..len], 0, subject, out, findings)?;
        }
        match self {
            Self::Plain => Ok(()),
            Self::Gzip(gzip) => gzip.finish(offset, subject, findings),
            Self::Zstd(zstd) => zstd.finish(offset, subject, findings),
            Self::Sniff { .. } | Self::Stopped => Err(Stopped),
        }
    }

    fn decide(
        &mut self,
        head: &[u8],
        subject: &str,
        out: &mut impl Output,
        findings: &mut Findings,
    ) -> Result<(), Stopped> {
        *self = match sniff(head) {
            Ok(Compression::Gzip) => Self::Gzip(Box::default()),
            Ok(Compression::Zstd) => Self::Zstd(Box::default()),
            Ok(Compression::None) => Self::Plain,
            Err(Unsupported(name)) => {
                findings.add("layer.compression", |rule| {
                    let text = format!(
                        "The layer is compressed with {name}, which image-spec does not know: \
                         it can't be read."
                    );
                    Finding::error(rule, subject, text)
                        .expected("gzip, zstd or a plain tar")
                        .actual(name)
                });
                Self::Stopped
            }
        };
        out.begin(self.compression().ok_or(Stopped)?);
        Ok(())
    }
}
