//! What is kept of a layer that was read to its end, so that it need not be read again?

use sha2::{Digest as _, Sha256};

use super::integrity::{self, BlobFacts, Outcome};
use super::plan::Job;
use crate::digest::Digest;
use crate::finding::Severity;
use crate::layer::Index;
use crate::layer::seek::SeekPoints;

const MAGIC: &[u8; 8] = b"ddfacts\0";
/// Version of the layout of the bytes.
const FORMAT: u32 = 1;
const SUM_BYTES: usize = 32;

/// A layer as a full pass has found it.
///
/// It says what the bytes were, not what they should be: [`fits`](Self::fits) compares it with what is
/// said of a layer, as if that had been read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRecord {
    /// What was found out about the blob.
    pub facts: BlobFacts,
    /// Its entries.
    pub index: Index,
    /// Where reading can begin in the middle of it.
    pub points: Option<SeekPoints>,
}

/// Why bytes are no record that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a record, or one of another version.
    #[error("these bytes are no record of a layer, or of another version; read the layer again")]
    Version,
    /// Cut off, or changed since it was written.
    #[error("the record of the layer is damaged: {0}; read the layer again")]
    Damaged(String),
}

impl LayerRecord {
    /// One buffer with everything, its version and its checksum. It ends with the index, which has a
    /// checksum of its own.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let index = self.index.to_bytes();
        let points = self.points.as_ref().map(SeekPoints::to_bytes).unwrap_or_default();
        // Plain data, which JSON can always hold.
        let facts = serde_json::to_vec(&self.facts).unwrap_or_default();
        let mut head = Vec::new();
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&FORMAT.to_le_bytes());
        for part in [&index, &points, &facts] {
            head.extend_from_slice(&(part.len() as u64).to_le_bytes());
        }
        head.extend_from_slice(&points);
        head.extend_from_slice(&facts);
        let sum = Sha256::digest(&head);
        head.extend_from_slice(&sum);
        [head, index].concat()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// When the bytes are of another version, damaged, or contradict themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let damaged = |why: &str| RecordError::Damaged(why.to_owned());
        let cut = || damaged("a part is missing");
        let rest = bytes.strip_prefix(MAGIC).ok_or(RecordError::Version)?;
        let rest = rest.strip_prefix(&FORMAT.to_le_bytes()).ok_or(RecordError::Version)?;
        let mut rest = rest;
        let mut lens = [0; 3];
        for len in &mut lens {
            let (value, behind) = rest.split_first_chunk().ok_or_else(cut)?;
            *len = usize::try_from(u64::from_le_bytes(*value)).map_err(|_| cut())?;
            rest = behind;
        }
        let [index, points, facts] = lens;
        let (points, rest) = rest.split_at_checked(points).ok_or_else(cut)?;
        let (facts, rest) = rest.split_at_checked(facts).ok_or_else(cut)?;
        let (sum, rest) = rest.split_first_chunk::<SUM_BYTES>().ok_or_else(cut)?;
        let head = bytes.get(..bytes.len() - rest.len() - SUM_BYTES).ok_or_else(cut)?;
        if Sha256::digest(head)[..] != sum[..] {
            return Err(damaged("its checksum does not match"));
        }
        if rest.len() != index {
            return Err(cut());
        }
        let facts: BlobFacts =
            serde_json::from_slice(facts).map_err(|error| damaged(&error.to_string()))?;
        let index = Index::from_bytes(rest).map_err(|error| damaged(&error.to_string()))?;
        let points = match points {
            [] => None,
            bytes => {
                Some(SeekPoints::from_bytes(bytes).map_err(|error| damaged(&error.to_string()))?)
            }
        };
        let of = |digest: &Digest| *digest == facts.digest;
        if !index.blob().is_some_and(of) || !points.as_ref().is_none_or(|it| of(it.blob())) {
            return Err(damaged("its parts are of different layers"));
        }
        Ok(Self { facts, index, points })
    }

    /// Whether nothing that is said of a layer contradicts it.
    #[must_use]
    pub fn fits(&self, job: &Job) -> bool {
        let (_, findings) = integrity::check(job, &Outcome::Read(self.facts.clone()));
        self.facts.digest == job.descriptor.digest
            && !findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}
