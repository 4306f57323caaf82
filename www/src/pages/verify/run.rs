//! One verification as signals: started, watched, stopped, started again.

use std::collections::BTreeMap;

use drydock::digest::Digest;
use drydock::finding::{Finding, Severity};
use drydock::reference::Reference;
use leptos::prelude::*;

use super::board::{sum, trust_of};
use crate::components::{LoginAsk, Transfer, Trust, format};
use crate::jobs::verify::{
    self, Choice, Event, InImage, Report, Row, RowState, Session, Stopper, Verdict, Verified,
};
use crate::jobs::{ProblemKind, Task};
use crate::route::Here;
use crate::state::{Checked, ui};

/// The run that the page shows.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The board; a signal per row, so that only what changed is drawn.
    pub(super) rows: RwSignal<Vec<RwSignal<Row>>>,
    /// All rows together.
    pub(super) transfer: RwSignal<Transfer>,
    /// Blobs that are being read at this moment.
    pub(super) reading: RwSignal<usize>,
    /// The verdict, at the end.
    pub(super) verdict: RwSignal<Option<Verdict>>,
    /// Where in the image the rows are, in their order.
    pub(super) places: RwSignal<Vec<Option<InImage>>>,
    /// What was found so far, and where in the image that is.
    pub(super) findings: RwSignal<Vec<(Finding, Option<InImage>)>>,
    /// The report, at the end.
    pub(super) report: RwSignal<Option<Report>>,
    /// One sentence.
    pub(super) headline: RwSignal<String>,
    /// What stands under it.
    pub(super) detail: RwSignal<String>,
    /// The login that would have been needed.
    pub(super) login: RwSignal<Option<LoginAsk>>,
    /// What the other views say of layers.
    checked: RwSignal<BTreeMap<Digest, Checked>>,
    asked: StoredValue<Option<(Reference, Choice)>>,
    task: StoredValue<Option<Task>, LocalStorage>,
    stopper: StoredValue<Option<Stopper>, LocalStorage>,
}

impl Run {
    /// Nothing has begun.
    pub(super) fn new() -> Self {
        Self {
            rows: RwSignal::new(Vec::new()),
            transfer: RwSignal::new(Transfer::default()),
            reading: RwSignal::new(0),
            verdict: RwSignal::new(None),
            places: RwSignal::new(Vec::new()),
            findings: RwSignal::new(Vec::new()),
            report: RwSignal::new(None),
            headline: RwSignal::new(String::new()),
            detail: RwSignal::new(String::new()),
            login: RwSignal::new(None),
            checked: ui().checked,
            asked: StoredValue::new(None),
            task: StoredValue::new_local(None),
            stopper: StoredValue::new_local(None),
        }
    }

    /// Whether it is under way.
    pub(super) fn busy(self) -> bool {
        self.verdict.with(Option::is_none)
    }

    /// What the panel's `data-verify` says.
    pub(super) fn word(self) -> &'static str {
        match self.verdict.get() {
            None => "running",
            Some(Verdict::Verified) => "verified",
            Some(Verdict::Failed) => "failed",
            Some(Verdict::Incomplete) => "incomplete",
        }
    }

    /// What the image's badge says.
    pub(super) fn trust(self) -> Trust {
        match self.verdict.get() {
            None => Trust::Checking,
            Some(Verdict::Verified) => Trust::Verified,
            Some(Verdict::Failed) => Trust::Failed,
            Some(Verdict::Incomplete) => Trust::NotChecked,
        }
    }

    /// Begins anew.
    pub(super) fn start(self, reference: Reference, choice: Choice) {
        self.asked.set_value(Some((reference.clone(), choice.clone())));
        self.rows.set(Vec::new());
        self.transfer.set(Transfer::default());
        self.verdict.set(None);
        self.findings.set(Vec::new());
        self.checked.set(BTreeMap::new());
        self.report.set(None);
        self.login.set(None);
        self.headline.set("Reading the documents".to_owned());
        self.detail.set(match Here::of(&reference.registry) {
            Some(here) => format!("{} is read from {}.", Here::named(&reference), here.label()),
            None => format!("{reference} is asked of its registry."),
        });
        let (stopper, signal) = Stopper::new();
        self.stopper.set_value(Some(stopper));
        let started = js_sys::Date::now();
        self.task.set_value(Some(Task::spawn(async move {
            let on_event = |event: Event<'_>| self.take(&event, started);
            let verified = verify::run(&reference, &choice, signal, on_event).await;
            self.end(&reference, verified, started);
        })));
    }

    /// The same again.
    pub(super) fn again(self) {
        if let Some((reference, choice)) = self.asked.get_value() {
            self.start(reference, choice);
        }
    }

    /// Ends it with a report that says what is missing.
    pub(super) fn halt(self) {
        self.stopper.update_value(|stopper| {
            if let Some(stopper) = stopper {
                stopper.stop();
            }
        });
    }

    /// Ends it without anyone to tell.
    pub(super) fn stop(self) {
        self.task.try_set_value(None);
    }

    fn take(self, event: &Event<'_>, started: f64) {
        match event {
            Event::Loading(graph, open) => {
                let (read, open) = (graph.nodes().len(), *open);
                self.detail.try_set(format!(
                    "{} known so far, {} asked for.",
                    format::plural(read, "document or blob", "documents and blobs"),
                    format::plural(open, "document", "documents")
                ));
            }
            Event::Board(session, _) => self.board(session, started),
        }
    }

    fn board(self, session: &Session, started: f64) {
        let rows = session.rows();
        let known = self.rows.try_with_untracked(Vec::len);
        if known.is_none() {
            return;
        }
        if known != Some(rows.len()) {
            self.places.set(rows.iter().map(|row| session.place(&row.label).cloned()).collect());
            self.rows.set(rows.iter().cloned().map(RwSignal::new).collect());
        } else {
            self.rows.with_untracked(|signals| {
                for (signal, row) in signals.iter().zip(rows) {
                    if signal.with_untracked(|old| old != row) {
                        signal.set(row.clone());
                    }
                }
            });
        }
        let reading = rows.iter().filter(|row| row.state == RowState::Reading).count();
        self.reading.set(reading);
        self.transfer.set(sum(rows, js_sys::Date::now() - started));
        if self.findings.with_untracked(|findings| findings.len() != session.findings().len()) {
            self.findings.set(placed(session));
        }
        let done = rows.iter().filter(|row| matches!(row.state, RowState::Done(_))).count();
        self.headline.set(format!("Checking {}", format::plural(rows.len(), "blob", "blobs")));
        let (done, all) = (format::count(done as u64), format::count(rows.len() as u64));
        self.detail.set(format!("{done} of {all} done."));
    }

    fn end(self, reference: &Reference, verified: Verified, started: f64) {
        let Verified { report, session, loaded } = verified;
        self.board(&session, started);
        if let Some(problem) = loaded.problem.filter(|problem| problem.kind == ProblemKind::Login) {
            self.login.try_set(Some(LoginAsk {
                registry: reference.registry.to_string(),
                realm: None,
                why: problem.advise("").to_string(),
            }));
        }
        self.findings.try_set(placed(&session));
        self.checked.try_set(checked(&session));
        self.headline.try_set(report.headline());
        self.detail.try_set(report.detail());
        self.reading.try_set(0);
        let verdict = report.verdict;
        self.report.try_set(Some(report));
        self.verdict.try_set(Some(verdict));
    }
}

fn placed(session: &Session) -> Vec<(Finding, Option<InImage>)> {
    let findings = session.findings().iter();
    findings.map(|it| (it.clone(), session.place(&it.subject).cloned())).collect()
}

/// What came of each blob that was read, and why, where it is not what it should be.
fn checked(session: &Session) -> BTreeMap<Digest, Checked> {
    let rows = session.rows().iter().filter_map(|row| {
        let digest = row.descriptor.as_ref()?.digest.clone();
        let of_it = |finding: &&Finding| {
            let place = session.place(&finding.subject);
            finding.severity == Severity::Error
                && place.is_some_and(|place| place.digest.as_ref() == Some(&digest))
        };
        let why = session.findings().iter().filter(of_it).map(|it| it.message.clone()).collect();
        let checked = Checked { trust: trust_of(row.state), why };
        Some((digest, checked))
    });
    rows.collect()
}
