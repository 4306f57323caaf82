//! What is there to verify, before any blob is read?

use std::collections::{BTreeMap, BTreeSet};

use super::Session;
use super::row::{Place, Row, RowState};
use crate::digest::Digest;
use crate::finding::{Finding, Severity};
use crate::image::{Category, Graph, Node, NodeId, Role, State, platforms};
use crate::platform::{Platform, choose};
use crate::spec::{View, the_capital};
use crate::verify::{BlobReport, Choice, JobId, Plan, Stack, Verdict, conformance, plan};

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
