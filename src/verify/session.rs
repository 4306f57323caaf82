//! How far is the verification, and what is the verdict so far?

use std::collections::{BTreeMap, BTreeSet};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::{Finding, Severity};
use crate::image::{Category, Graph, Node, NodeId, Role, State, platforms};
use crate::media_type::Kind;
use crate::platform::{Platform, choose};
use crate::spec::{View, the_capital};
use crate::verify::{
    BlobReport, Choice, Job, JobId, Outcome, Plan, Report, Stack, Verdict, conformance, integrity,
    plan,
};

/// How far one blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Not begun.
    Waiting,
    /// Being read.
    Reading,
    /// Over.
    Done(Verdict),
}

/// One line of the board: a document or a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The job behind it; `None` for a document.
    pub job: Option<JobId>,
    /// `index`, `layer 2 of linux/arm64`: what it is for the first one that points to it.
    pub label: String,
    /// How many others point to it.
    pub others: usize,
    /// What points to it; `None` for a root that could not be read.
    pub descriptor: Option<Descriptor>,
    /// What the artifact is good for that it is, or is a part of; `None` for the image itself.
    pub artifact: Option<Category>,
    /// Bytes that have arrived.
    pub downloaded: u64,
    /// Bytes of the tar that have been read.
    pub unpacked: u64,
    /// How far it is.
    pub state: RowState,
    /// Whether it is a layer whose bytes are the right ones, but of which nothing else is known, as
    /// it can't be read as files.
    pub bytes_only: bool,
    /// Whether only a list of referrers says that it is there, so that it has no say in the verdict.
    pub beside: bool,
    /// Whether it is a layer with hardlinks to files of other layers.
    links_below: bool,
    report: Option<BlobReport>,
}

impl Row {
    /// Whether it says something of the image that only a signature could vouch for: bytes that are
    /// the promised ones are no proof of who made them.
    #[must_use]
    pub fn is_statement(&self) -> bool {
        matches!(
            self.artifact,
            Some(
                Category::Signature
                    | Category::Provenance
                    | Category::Sbom
                    | Category::Vulnerabilities
                    | Category::Attestation
            )
        )
    }
}

/// Where in an image something is that a row or a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The platform of the image that it is a part of, where an index lists that image for one.
    pub platform: Option<Platform>,
    /// The layer, counted from 1 at the base; `None` for documents and other blobs.
    pub layer: Option<usize>,
    /// Digest of the document or blob; `None` for a root that could not be read.
    pub digest: Option<Digest>,
    /// Its place in the order of the graph.
    order: usize,
}

/// What the artifact is good for that a node is, or is a part of.
fn category(graph: &Graph, node: &Node) -> Option<Category> {
    let above = node.parent.and_then(|parent| graph.node(parent));
    let whole = above.filter(|_| matches!(node.role, Role::Content(_) | Role::Config));
    let kind = whole.and_then(|whole| whole.artifact.as_ref()).or(node.artifact.as_ref());
    kind.map(|kind| kind.category)
}

/// The platform that a node is for, or that what it is a part of is for.
fn platform(graph: &Graph, node: &Node) -> Option<Platform> {
    let above = node.parent.and_then(|parent| graph.node(parent));
    node.platform().or_else(|| above?.platform()).cloned()
}

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
    /// Starts with a graph whose loading is over. Its documents are taken as they are; the blobs
    /// are [`jobs`](Self::jobs). `reference` is what the report calls the image.
    #[must_use]
    pub fn new(reference: &str, graph: &Graph, choice: &Choice) -> Self {
        let root = graph.root().and_then(|root| root.descriptor.as_ref());
        let mut session = Self {
            reference: reference.to_owned(),
            digest: root.map(|descriptor| descriptor.digest.clone()),
            rows: Vec::new(),
            jobs_at: BTreeMap::new(),
            places: BTreeMap::new(),
            jobs: Plan::of(graph, choice).jobs,
            findings: graph.findings().to_vec(),
            lacking: false,
            stacks: Vec::new(),
        };
        let jobs: BTreeMap<Digest, JobId> =
            session.jobs.iter().map(|job| (job.descriptor.digest.clone(), job.id)).collect();
        let mut rows: BTreeMap<(Digest, bool), usize> = BTreeMap::new();
        let covered = plan::covered(graph, choice);
        for node in &covered {
            session.add(graph, node, &jobs, &mut rows);
        }
        session.stacks = Stack::of(graph, &covered);
        let covered: BTreeSet<NodeId> = covered.iter().map(|node| node.id).collect();
        let is_covered = |id: &NodeId| covered.contains(id);
        for missing in graph.unread().iter().filter(|it| it.node.as_ref().is_none_or(is_covered)) {
            session.lack("document.missing", &missing.label, &missing.reason);
        }
        // The verdict is about the image and what is known of it.
        let not_known = graph.not_known().iter();
        session
            .findings
            .extend(not_known.map(|it| Finding::note("image.not-known", "image", it.to_string())));
        session.require_platform(graph, choice);
        session.findings.extend(conformance::check(graph, choice));
        session.sort();
        session
    }

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

    fn lack(&mut self, rule: &'static str, subject: &str, reason: &str) {
        self.lacking = true;
        let text = format!("{} was not checked: {reason}", the_capital(subject));
        self.findings.push(Finding::warning(rule, subject, text));
    }

    fn add(
        &mut self,
        graph: &Graph,
        node: &Node,
        jobs: &BTreeMap<Digest, JobId>,
        rows: &mut BTreeMap<(Digest, bool), usize>,
    ) {
        self.findings.extend(node.findings.iter().cloned());
        let verdict = self.judge(node);
        let digest = node.descriptor.as_ref().map(|descriptor| descriptor.digest.clone());
        let order = self.places.len();
        self.places.entry(node.label.clone()).or_insert_with(|| Place {
            platform: platform(graph, node),
            layer: match node.role {
                Role::Layer(number) => Some(number),
                _ => None,
            },
            digest: digest.clone(),
            order,
        });
        // What is a document here may be a layer there, which is another thing to check.
        let key = digest.clone().map(|digest| (digest, node.state == State::Blob));
        let known = key.as_ref().and_then(|key| rows.get(key)).copied();
        if let Some(row) = known.and_then(|at| self.rows.get_mut(at)) {
            row.others += 1;
            if let (RowState::Done(own), Some(other)) = (row.state, verdict) {
                row.state = RowState::Done(own.max(other));
                if let Some(report) = &mut row.report {
                    report.verdict = own.max(other);
                }
            }
            return;
        }
        let job = digest.as_ref().and_then(|digest| jobs.get(digest)).copied();
        let job = job.filter(|_| node.state == State::Blob);
        let report = node.descriptor.as_ref().map(|descriptor| BlobReport {
            digest: descriptor.digest.clone(),
            diff_id: None,
            media_type: descriptor.media_type.clone(),
            size: descriptor.size,
            uncompressed_size: None,
            entries: None,
            verdict: verdict.unwrap_or(Verdict::Incomplete),
        });
        if let Some(job) = job {
            self.jobs_at.insert(job, self.rows.len());
        }
        if let Some(key) = key {
            rows.insert(key, self.rows.len());
        }
        let read = node.document.as_ref().map_or(0, |document| document.bytes().len() as u64);
        self.rows.push(Row {
            job,
            label: node.label.clone(),
            others: 0,
            descriptor: node.descriptor.clone(),
            artifact: category(graph, node),
            downloaded: read,
            unpacked: read,
            state: verdict.map_or(RowState::Waiting, RowState::Done),
            bytes_only: false,
            beside: node.role == Role::Referrer && matches!(node.state, State::Missing(_)),
            links_below: false,
            report,
        });
    }

    /// The verdict on a document; `None` for a blob, which is still to be read.
    fn judge(&mut self, node: &Node) -> Option<Verdict> {
        let broken = node.findings.iter().any(|finding| finding.severity == Severity::Error);
        match &node.state {
            State::Blob => None,
            State::Failed => Some(Verdict::Failed),
            State::Read if broken => Some(Verdict::Failed),
            State::Read => {
                let followed = !matches!(node.view.as_deref(), Some(View::Raw | View::Schema1(_)));
                if !followed && node.role != Role::Config {
                    let why = "Its own bytes are checked, but what it points to is not known.";
                    self.lack("document.unfollowed", &node.label, why);
                }
                Some(Verdict::Verified)
            }
            // The graph says that it is not known.
            State::Missing(_) if node.role == Role::Referrer => Some(Verdict::Incomplete),
            State::Missing(reason) | State::Skipped(reason) => {
                self.lack("document.missing", &node.label, reason);
                Some(if broken { Verdict::Failed } else { Verdict::Incomplete })
            }
            State::Waiting => {
                self.lack("document.missing", &node.label, "It was not asked for.");
                Some(Verdict::Incomplete)
            }
        }
    }

    /// A platform that is not there leaves nothing to verify.
    fn require_platform(&mut self, graph: &Graph, choice: &Choice) {
        let entries = platforms(graph);
        let (wanted, there) = match choice {
            Choice::All => return,
            Choice::Platform(wanted) => {
                let all = entries.iter().map(|entry| entry.platform.as_ref());
                (wanted.to_string(), choose(all, wanted).is_some())
            }
            Choice::Entry(name) => (name.clone(), entries.iter().any(|it| it.label == *name)),
        };
        let is_index = graph.root().is_some_and(|root| root.index().is_some());
        if is_index && !there {
            self.lacking = true;
            let text = format!("The index has no image for {wanted}, so no layer was checked.");
            let finding = Finding::warning("verify.no-platform", "index", text);
            self.findings.push(finding.expected(wanted));
        }
    }
}
