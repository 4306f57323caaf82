//! How far is the verification, and what is the verdict so far?

mod begin;
mod row;

use std::collections::{BTreeMap, BTreeSet};

pub use row::{Place, Row, RowState};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::{Finding, Severity};
use crate::media_type::Kind;
use crate::verify::{Job, JobId, Outcome, Report, Stack, Verdict, integrity};

/// A verification from beginning to end.
#[derive(Clone, Debug)]
pub struct Session {
    reference: String,
    digest: Option<Digest>,
    rows: Vec<Row>,
    /// Row of each job.
    jobs_at: BTreeMap<JobId, usize>,
    /// What the labels stand for.
    places: BTreeMap<String, Place>,
    jobs: Vec<Job>,
    findings: Vec<Finding>,
    /// Whether something is missing that has no row.
    lacking: bool,
    stacks: Vec<Stack>,
}

impl Session {
    /// Rows that state something of the image: signatures, SBOMs, attestations. Their bytes are
    /// checked; who made them is not.
    fn statements(&self) -> usize {
        let read = |row: &&Row| row.state == RowState::Done(Verdict::Verified);
        // The config of one is a part of it.
        let of_config = |descriptor: &Descriptor| descriptor.media_type.kind() == Kind::Config;
        let document =
            |row: &&Row| row.job.is_none() && !row.descriptor.as_ref().is_some_and(of_config);
        self.rows.iter().filter(read).filter(document).filter(|row| row.is_statement()).count()
    }

    /// Blobs to read, the largest first. They may be read in any order and at the same time.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// The board, in the order of the graph.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Says how far a blob is.
    pub fn progress(&mut self, id: JobId, downloaded: u64, unpacked: u64) {
        let Some(row) = self.row(id) else { return };
        if !matches!(row.state, RowState::Done(_)) {
            row.state = RowState::Reading;
            row.downloaded = downloaded;
            row.unpacked = unpacked;
        }
    }

    /// Takes what came of a blob; the second time it is ignored.
    pub fn finish(&mut self, id: JobId, outcome: &Outcome) {
        let Some(job) = self.jobs.iter().find(|job| job.id == id).cloned() else { return };
        let Some(row) = self.row(id) else { return };
        if matches!(row.state, RowState::Done(_)) {
            return;
        }
        let (verdict, findings) = integrity::check(&job, outcome);
        row.state = RowState::Done(verdict);
        if let Some(report) = &mut row.report {
            report.verdict = verdict;
        }
        match outcome {
            Outcome::Read(facts) => {
                let hidden = job.claims.iter().any(|claim| claim.hidden.is_some());
                let same = facts.digest == job.descriptor.digest;
                row.links_below = facts.links_below;
                row.bytes_only = hidden && same && verdict == Verdict::Incomplete;
                row.downloaded = facts.size;
                row.unpacked = facts.uncompressed_size.unwrap_or(facts.size);
                if let Some(report) = &mut row.report {
                    report.diff_id = facts.diff_id.clone();
                    report.uncompressed_size = facts.uncompressed_size;
                    report.entries = facts.entries;
                }
            }
            Outcome::Broken { bytes, .. } => row.downloaded = *bytes,
            Outcome::Absent => row.downloaded = 0,
        }
        if !findings.is_empty() {
            self.findings.extend(findings);
            self.sort();
        }
    }

    /// Images whose layers have to be put on each other, because one of them has hardlinks to files
    /// of those below it; each is told by [`laid`](Self::laid). Only of layers that were verified can
    /// be said what is missing in them.
    #[must_use]
    pub fn stacks(&self) -> Vec<Stack> {
        let rows: BTreeMap<&Digest, &Row> = self
            .rows
            .iter()
            .filter(|row| !row.beside)
            .filter_map(|row| Some((&row.descriptor.as_ref()?.digest, row)))
            .collect();
        let count = |stack: &Stack, test: fn(&Row) -> bool| {
            let layers = stack.layers.iter().filter_map(|digest| rows.get(digest));
            layers.filter(|row| test(row)).count()
        };
        let is_open = |stack: &&Stack| {
            count(stack, |row| row.state == RowState::Done(Verdict::Verified)) == stack.layers.len()
                && count(stack, |row| row.links_below) > 0
        };
        self.stacks.iter().filter(is_open).cloned().collect()
    }

    /// Takes what was found when the layers of an image were put on each other: the findings of the
    /// [`Overlay`](crate::layer::Overlay), or why there is none.
    pub fn laid(&mut self, stack: &Stack, tree: Result<&[Finding], &str>) {
        match tree {
            Ok(findings) => self.findings.extend(stack.findings(findings)),
            Err(reason) => self.findings.push(stack.not_known(reason)),
        }
        self.sort();
    }

    /// Ends it before all blobs were read: what is open is incomplete.
    pub fn stop(&mut self) {
        let mut open = 0;
        for row in self.rows.iter_mut().filter(|row| !matches!(row.state, RowState::Done(_))) {
            row.state = RowState::Done(Verdict::Incomplete);
            open += 1;
        }
        if open > 0 {
            let all = self.rows.len();
            let text = format!("Stopped before {open} of {all} documents and blobs were checked.");
            let finding = Finding::warning("verify.stopped", "image", text);
            self.findings.push(finding.expected(all).actual(all - open));
            self.sort();
        }
    }

    /// Whether nothing is open any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.state, RowState::Done(_)))
    }

    /// The verdict so far; open blobs count as incomplete.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let row = |row: &Row| match row.state {
            RowState::Done(verdict) => verdict,
            RowState::Waiting | RowState::Reading => Verdict::Incomplete,
        };
        let known = self.rows.iter().filter(|row| !row.beside);
        let worst = known.map(row).max().unwrap_or(Verdict::Incomplete);
        if self.findings.first().is_some_and(|finding| finding.severity == Severity::Error) {
            return Verdict::Failed;
        }
        if self.lacking { worst.max(Verdict::Incomplete) } else { worst }
    }

    /// Findings so far, errors first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Number of bytes that have arrived, documents counted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.downloaded))
    }

    /// Where in the image what a row or a finding calls so is, of a place in a layer the layer; `None`
    /// for what concerns all of it.
    #[must_use]
    pub fn place(&self, subject: &str) -> Option<&Place> {
        let layer = || self.places.get(subject.split_once(", ")?.0);
        self.places.get(subject).or_else(layer).or_else(|| {
            // What two documents say together is said of both of them.
            let config = subject.strip_prefix("config of the ")?;
            let of_root = matches!(config, "manifest" | "document").then_some("config");
            self.places.get(of_root.unwrap_or(&format!("config of {config}")))
        })
    }

    /// The report so far. The clock is the caller's.
    #[must_use]
    pub fn report(&self, elapsed_ms: u64) -> Report {
        Report {
            reference: self.reference.clone(),
            digest: self.digest.clone(),
            verdict: self.verdict(),
            findings: self.findings.clone(),
            statements: self.statements(),
            blobs: self.rows.iter().filter_map(|row| row.report.clone()).collect(),
            elapsed_ms,
            bytes: self.bytes(),
        }
    }

    fn row(&mut self, id: JobId) -> Option<&mut Row> {
        self.rows.get_mut(*self.jobs_at.get(&id)?)
    }

    /// Errors first, then in the order of the graph, and each finding once, however many point to
    /// what it is about.
    fn sort(&mut self) {
        let mut seen = BTreeSet::new();
        self.findings.retain(|finding| {
            seen.insert((finding.rule.clone(), finding.subject.clone(), finding.message.clone()))
        });
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by_cached_key(|finding| {
            (finding.severity, self.place(&finding.subject).map(|place| place.order))
        });
        self.findings = findings;
    }
}
