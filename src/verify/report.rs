//! What did the verification find, for people and for programs?

use serde::{Deserialize, Serialize};

use crate::digest::{DiffId, Digest};
use crate::finding::{Finding, Severity};
use crate::layer::HARDLINK_TARGET;
use crate::media_type::{Kind, MediaType};

/// The result of a verification or of one blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All of it was recomputed from the bytes and matches.
    Verified,
    /// Something was not read to its end, so nothing is said of it.
    Incomplete,
    /// Something is not what it is said to be.
    Failed,
}

/// A whole verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What was asked for.
    pub reference: String,
    /// Digest of the root document; `None` when it could not be read.
    pub digest: Option<Digest>,
    /// The verdict on everything.
    pub verdict: Verdict,
    /// All findings, errors first.
    pub findings: Vec<Finding>,
    /// How many signatures, SBOMs and attestations were read. That their bytes are the promised ones
    /// says nothing of who made them: no signature was checked.
    #[serde(default)]
    pub statements: usize,
    /// Documents and blobs, each digest once.
    pub blobs: Vec<BlobReport>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Number of bytes that were read and hashed.
    pub bytes: u64,
}

/// One document or blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobReport {
    /// Digest by which it is asked for.
    pub digest: Digest,
    /// Digest of its tar, computed, when it is a layer.
    pub diff_id: Option<DiffId>,
    /// Its type as the descriptor says.
    pub media_type: MediaType,
    /// Number of bytes as the descriptor says.
    pub size: u64,
    /// Number of bytes of its tar, when it is a layer.
    pub uncompressed_size: Option<u64>,
    /// Number of entries in its tar, when it is a layer.
    pub entries: Option<u64>,
    /// The verdict on it.
    pub verdict: Verdict,
}

impl Report {
    /// One sentence that says it whole.
    #[must_use]
    pub fn headline(&self) -> String {
        match self.verdict {
            Verdict::Verified => "Every byte is what the image says it is".to_owned(),
            Verdict::Incomplete if self.digest.is_none() => {
                "The image could not be read".to_owned()
            }
            Verdict::Incomplete => "Not everything could be checked".to_owned(),
            Verdict::Failed => self.failure(),
        }
    }

    fn failure(&self) -> String {
        let failed = || self.blobs.iter().filter(|blob| blob.verdict == Verdict::Failed);
        let is_layer = |blob: &&BlobReport| matches!(blob.media_type.kind(), Kind::Layer(_));
        let layers = failed().filter(is_layer).count();
        let others = failed().count() - layers;
        let layers = (layers > 0).then(|| count(layers, "layer"));
        let others = (others > 0).then(|| count(others, "document"));
        let one = failed().count() == 1;
        let what: Vec<String> = [layers, others].into_iter().flatten().collect();
        if what.is_empty() {
            return match self.digest {
                Some(_) => "The image contradicts itself".to_owned(),
                None => "What came is not what was asked for".to_owned(),
            };
        }
        let end = if one {
            "is not what the image says it is"
        } else {
            "are not what the image says they are"
        };
        capital(&format!("{} {end}", what.join(" and ")))
    }

    /// What stands under the headline: the first thing that failed or is missing, and how much
    /// more there is.
    #[must_use]
    pub fn detail(&self) -> String {
        let of = |severity| self.findings.iter().filter(move |f| f.severity == severity);
        let list = |mut findings: Vec<&Finding>| {
            let more = findings.len().saturating_sub(1);
            let first = findings.drain(..).next().map_or("", |finding| finding.message.as_str());
            match more {
                0 => first.to_owned(),
                1 => format!("{first} There is one more finding like it."),
                more => {
                    let more = grouped(more as u64);
                    format!("{first} There are {more} more findings like it.")
                }
            }
        };
        match self.verdict {
            Verdict::Verified => {
                let blobs = count(self.blobs.len(), "document and blob")
                    .replace("document and blobs", "documents and blobs");
                let bytes = grouped(self.bytes);
                let text =
                    format!("{blobs}, {bytes} bytes in all, were read and hashed; all match.");
                let signed = match self.statements {
                    0 => String::new(),
                    1 => " One statement about the image (a signature, an SBOM or the like) is \
                          among them; its signature was not checked."
                        .to_owned(),
                    many => format!(
                        " {} statements about the image (signatures, SBOMs and the like) are among \
                         them; their signatures were not checked.",
                        grouped(many as u64)
                    ),
                };
                capital(&(text + &signed + &self.unpackable()))
            }
            Verdict::Failed => list(of(Severity::Error).collect()),
            Verdict::Incomplete => {
                let lack = |finding: &&Finding| LACKS.contains(&&*finding.rule);
                list(of(Severity::Warning).filter(lack).collect())
            }
        }
    }

    /// What stands beside a good verdict when the bytes are right and yet no runtime can use them.
    fn unpackable(&self) -> String {
        let mut broken = self.findings.iter().filter(|finding| finding.rule == HARDLINK_TARGET);
        broken.next().map_or_else(String::new, |first| format!(" But: {}", first.message))
    }
}

/// Rules that say that something was not read.
pub(super) const LACKS: [&str; 11] = [
    "verify.stopped",
    "document.missing",
    "document.unverifiable",
    "document.unfollowed",
    "blob.missing",
    "blob.unreadable",
    "layer.foreign",
    "layer.undecoded",
    "layer.not-shown",
    "layer.diff-id-unchecked",
    "verify.no-platform",
];

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn count(number: usize, what: &str) -> String {
    const WORDS: [&str; 9] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let word = number.checked_sub(1).and_then(|at| WORDS.get(at));
    let plural = if number == 1 { "" } else { "s" };
    match word {
        Some(word) => format!("{word} {what}{plural}"),
        None => format!("{} {what}{plural}", grouped(number as u64)),
    }
}

/// All digits, in groups of three with narrow spaces between them.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}
