//! Are these the bytes of the blob that was asked for?

use serde::{Deserialize, Serialize};

use crate::digest::{DiffId, Digest};
use crate::finding::{Finding, Severity};
use crate::layer::{Index, LayerSummary};
use crate::spec::{the, the_capital};
use crate::verify::{BlobKind, Job, Verdict};

/// What was found out about a blob by reading all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobFacts {
    /// Digest of all bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
    /// Digest of the tar, for a layer that could be decoded to its end.
    pub diff_id: Option<DiffId>,
    /// Number of bytes of the tar, for a layer.
    pub uncompressed_size: Option<u64>,
    /// Number of entries of the tar, for a layer.
    pub entries: Option<u64>,
    /// What the layer reader found.
    pub findings: Vec<Finding>,
    /// Whether a layer was decoded to its end; true for other blobs.
    pub complete: bool,
    /// Whether a layer has hardlinks to files that it does not hold itself.
    #[serde(default)]
    pub links_below: bool,
}

/// What came of reading a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "value")]
pub enum Outcome {
    /// All bytes that the registry gave were read.
    Read(BlobFacts),
    /// The registry has no such blob.
    Absent,
    /// It broke off or never began; a sentence that says why.
    Broken {
        /// Why.
        reason: String,
        /// Number of bytes that came.
        bytes: u64,
    },
}

impl From<&LayerSummary> for BlobFacts {
    fn from(summary: &LayerSummary) -> Self {
        Self {
            digest: summary.digest.clone(),
            size: summary.size,
            diff_id: summary.diff_id.clone(),
            uncompressed_size: Some(summary.uncompressed_size),
            entries: Some(summary.entries),
            findings: summary.findings.clone(),
            complete: summary.complete,
            links_below: summary.index.as_ref().is_some_and(Index::links_below),
        }
    }
}

impl BlobFacts {
    /// The facts about a blob that is no layer.
    #[must_use]
    pub fn bytes(digest: Digest, size: u64) -> Self {
        Self {
            digest,
            size,
            diff_id: None,
            uncompressed_size: None,
            entries: None,
            findings: Vec::new(),
            complete: true,
            links_below: false,
        }
    }
}

/// Compares what came of a blob with everything that is said of it.
#[must_use]
pub fn check(job: &Job, outcome: &Outcome) -> (Verdict, Vec<Finding>) {
    let subject = job.subject();
    let (of, start) = (the(subject), the_capital(subject));
    let (digest, holder) = (&job.descriptor.digest, job.holder.name());
    match outcome {
        Outcome::Read(facts) => compare(job, facts),
        Outcome::Absent if job.foreign => {
            let text = format!(
                "{start} may not be distributed, and the {holder} does not hold it. Other \
                 places that its descriptor names are not asked, so it is not checked."
            );
            (Verdict::Incomplete, vec![Finding::warning("layer.foreign", subject, text)])
        }
        Outcome::Absent => {
            let text = format!("The {holder} does not have {of} ({digest}).");
            let finding = Finding::warning("blob.missing", subject, text);
            (Verdict::Incomplete, vec![finding.expected(digest).actual("nothing")])
        }
        Outcome::Broken { reason, bytes } => {
            let size = job.descriptor.size;
            let text = match bytes {
                0 => format!("{start} could not be read: {reason}"),
                bytes => format!(
                    "{start} could not be read to its end; {bytes} of {size} bytes came: {reason}"
                ),
            };
            let finding = Finding::warning("blob.unreadable", subject, text);
            (Verdict::Incomplete, vec![finding.expected(size).actual(bytes)])
        }
    }
}

fn compare(job: &Job, facts: &BlobFacts) -> (Verdict, Vec<Finding>) {
    let subject = job.subject();
    let start = the_capital(subject);
    let descriptor = &job.descriptor;
    let layer = job.is_layer();
    let mut findings = Vec::new();
    if facts.size != descriptor.size {
        let how = if facts.size < descriptor.size { "cut short" } else { "too long" };
        let text = format!(
            "{start} is {how}: {} bytes came, but its descriptor says {}.",
            facts.size, descriptor.size
        );
        let rule = if layer { "layer.size" } else { "blob.size" };
        findings
            .push(Finding::error(rule, subject, text).expected(descriptor.size).actual(facts.size));
    }
    let verifiable = descriptor.digest.algorithm().is_some();
    let matches = facts.digest == descriptor.digest;
    if verifiable && !matches {
        let text = format!(
            "{start} is not what its descriptor says: content digest {} does not match \
             requested {}.",
            facts.digest, descriptor.digest
        );
        let rule = if layer { "layer.digest" } else { "blob.digest" };
        let finding = Finding::error(rule, subject, text);
        findings.push(finding.expected(&descriptor.digest).actual(&facts.digest));
    }
    let readable = job.kind == BlobKind::Layer;
    let mut decoded = !readable || compare_diff_ids(job, facts, matches, &mut findings);
    for claim in &job.claims {
        let Some(why) = &claim.hidden else { continue };
        decoded = false;
        let rest = match verifiable && matches {
            true => {
                " Its bytes are the ones that the manifest names; what is in them is not known."
            }
            false => "",
        };
        let text = format!("{} is not shown: it {why}.{rest}", the_capital(&claim.subject));
        let finding = Finding::warning("layer.not-shown", &claim.subject, text);
        let finding = finding.expected("a tar, plain or with gzip or zstd");
        findings.push(finding.actual(&descriptor.media_type));
    }
    // Where in a layer something is says nothing without the layer.
    findings.extend(facts.findings.iter().cloned().map(|finding| {
        match finding.subject == subject {
            true => finding,
            false => Finding { subject: format!("{subject}, {}", finding.subject), ..finding },
        }
    }));
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    if !failed && !facts.complete {
        let text = format!("{start} could not be decoded to its end, so not all of it is checked.");
        findings.push(Finding::warning("layer.undecoded", subject, text));
    }
    let verdict = match failed {
        true => Verdict::Failed,
        false if verifiable && decoded && facts.complete => Verdict::Verified,
        false => Verdict::Incomplete,
    };
    (verdict, findings)
}

/// Compares the digest of the tar with every claim; whether all of them could be compared.
fn compare_diff_ids(
    job: &Job,
    facts: &BlobFacts,
    bytes_match: bool,
    findings: &mut Vec<Finding>,
) -> bool {
    let mut all = true;
    for claim in &job.claims {
        let subject = &claim.subject;
        let of = the(subject);
        let Some(claimed) = &claim.diff_id else { continue };
        let Some(actual) = &facts.diff_id else {
            all = false;
            continue;
        };
        if claimed == actual {
            continue;
        }
        if claimed.0.algorithm() != actual.0.algorithm() {
            all = false;
            let name = claimed.0.algorithm_name();
            let text = format!("The diff ID of {of} ({name}) was not compared.");
            let finding = Finding::warning("layer.diff-id-unchecked", subject, text);
            findings.push(finding.expected(claimed).actual(actual));
            continue;
        }
        let rest = if bytes_match {
            " Its compressed bytes are the ones that the manifest names."
        } else {
            ""
        };
        let text = format!(
            "The content of {of} does not match the diff ID in the config: its files hash \
             to {actual}, the config names {claimed}.{rest}"
        );
        let finding = Finding::error("layer.diff-id", subject, text);
        findings.push(finding.expected(claimed).actual(actual));
    }
    all
}
