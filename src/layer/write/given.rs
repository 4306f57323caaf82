//! What becomes of a tar that the user supplies as a layer?

use super::block::Packers;
use super::method::Method;
use super::writer::{BlobWriter, BuiltLayer};
use crate::finding::Finding;
use crate::layer::codec::SNIFF;
use crate::layer::index::Index;
use crate::layer::reader::{LayerReader, ReadOptions};
use crate::media_type::Compression;

/// Reads a tar, plain or compressed with gzip or zstd, that is to become a layer.
///
/// What is compressed already stays as it is, byte for byte, so the blob is the file itself. A
/// plain tar is compressed by the given method.
pub struct GivenLayer<'p, P> {
    subject: String,
    reader: LayerReader,
    method: Method,
    /// What came before enough had come to say how it is compressed.
    head: Vec<u8>,
    /// For a plain tar that is to be compressed.
    writer: BlobWriter<'p, P>,
}

/// What was found out about a tar that was supplied.
#[derive(Clone, Debug)]
pub struct GivenSummary {
    /// The layer; `None` when it can't be read as one to its end, and `findings` say why.
    pub layer: Option<BuiltLayer>,
    /// Whether the blob is the supplied file itself, so that nothing was written.
    pub kept: bool,
    /// The entries.
    pub index: Index,
    /// What is wrong or remarkable about the file.
    pub findings: Vec<Finding>,
}

impl<'p, P> GivenLayer<'p, P> {
    /// Starts with nothing read. Findings about the file as a whole are about `subject`.
    #[must_use]
    pub fn new(subject: &str, method: Method, packers: &'p mut P) -> Self {
        let options = ReadOptions { subject: subject.to_owned(), ..ReadOptions::default() };
        Self {
            subject: subject.to_owned(),
            reader: LayerReader::new(options),
            method,
            head: Vec::new(),
            writer: BlobWriter::new(method, packers),
        }
    }

    /// Takes the next bytes of the file and appends those of the blob that are ready to `blob`,
    /// as long as the blob is not the file itself.
    ///
    /// # Errors
    /// When one of the packers can't go on.
    pub async fn push<E>(&mut self, chunk: &[u8], blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        let was_known = self.reader.compression().is_some();
        self.reader.push(chunk, &mut ());
        match self.reader.compression() {
            // More bytes than that which say nothing are compressed in an unknown way.
            None if self.reader.size() < SNIFF as u64 => self.head.extend_from_slice(chunk),
            None => {}
            Some(Compression::None) if self.method != Method::None => {
                if !was_known {
                    self.writer.push(&std::mem::take(&mut self.head), blob).await?;
                }
                self.writer.push(chunk, blob).await?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Says that the file ends here, and appends the rest of the blob to `blob`.
    ///
    /// # Errors
    /// As with [`GivenLayer::push`].
    pub async fn finish<E>(mut self, blob: &mut Vec<u8>) -> Result<GivenSummary, E>
    where
        P: Packers<E>,
    {
        let mut summary = self.reader.finish(&mut ());
        let index = summary.index.take().unwrap_or_default();
        let recompress =
            summary.compression == Some(Compression::None) && self.method != Method::None;
        let mut written = None;
        if recompress {
            self.writer.push(&self.head, blob).await?;
            written = Some(self.writer.finish(blob).await?);
        }
        let kept = written.is_none();
        // Zeros alone are a tar without entries; a file without bytes is nothing.
        let nothing = summary.complete && summary.uncompressed_size == 0;
        if nothing {
            summary.findings.push(Finding::error(
                "layer.empty",
                self.subject,
                "The file is empty; a tar without entries has at least 1024 zeros.",
            ));
        }
        let layer = match (summary.diff_id, summary.compression) {
            (Some(diff_id), Some(compression)) if summary.complete && !nothing => {
                let (compression, digest, size) =
                    written.unwrap_or((compression, summary.digest, summary.size));
                let uncompressed_size = summary.uncompressed_size;
                Some(BuiltLayer { compression, digest, size, diff_id, uncompressed_size })
            }
            _ => None,
        };
        Ok(GivenSummary { layer, kept, index, findings: summary.findings })
    }
}
