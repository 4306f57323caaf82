//! Reads everything under a reference and compares it with everything that is said of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use drydock::finding::Finding;
use drydock::image::Graph;
use drydock::reference::Reference;
use drydock::verify::{self, BlobFacts, BlobKind, Blobs, Job, JobId, Seen, Stack, Unread};
use futures_channel::mpsc::unbounded;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use futures_util::stream::StreamExt as _;
use wasm_bindgen::JsValue;

pub use drydock::verify::{Choice, Place as InImage, Report, Row, RowState, Session, Verdict};

use super::graph::{self, Loaded};
use super::{Problem, ProblemKind, Progress, blob, tree};
use crate::net::clock;
use crate::net::place::Place;

/// Milliseconds between two changes of the board that are told.
const EVERY: f64 = 100.0;

/// Blobs that are handed to the pool at once, which has limits of its own: of thousands, no more than
/// a task takes.
const AT_ONCE: usize = 64;

/// Why layers that were read can't be put on each other.
const TOO_MANY: &str = "there are more files in the layers than are remembered here.";

/// What has happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Documents are being loaded: what there is, and how many questions are open.
    Loading(&'a Graph, usize),
    /// Blobs are being read: the board, and bytes of blobs per second.
    Board(&'a Session, f64),
}

/// Stops a verification, which then ends with a report that says what is missing.
#[derive(Debug)]
pub struct Stopper(Option<oneshot::Sender<()>>);

/// The other end of a [`Stopper`]; nothing stops when the stopper is dropped unused.
#[derive(Debug)]
pub struct StopSignal(oneshot::Receiver<()>);

/// What came of a verification.
#[derive(Debug)]
pub struct Verified {
    /// The report.
    pub report: Report,
    /// The board as it was at the end.
    pub session: Session,
    /// The documents, and why the root is not there when it is not.
    pub loaded: Loaded,
}

impl Stopper {
    /// A stopper, and what [`run`] takes.
    #[must_use]
    pub fn new() -> (Self, StopSignal) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(sender)), StopSignal(receiver))
    }

    /// Stops the verification.
    pub fn stop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _over = sender.send(());
        }
    }
}

/// Loads all documents under a reference, reads all blobs, and reports. It always ends in a report.
/// Dropping the future ends everything without one.
pub async fn run(
    reference: &Reference,
    choice: &Choice,
    stop: StopSignal,
    mut on_event: impl FnMut(Event<'_>),
) -> Verified {
    let started = clock::now();
    let elapsed = || (clock::now() - started) as u64;
    let partial = Rc::new(RefCell::new(Graph::default()));
    let mut stopped = Box::pin(async move {
        if stop.0.await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    let seen = Rc::clone(&partial);
    let mut told = f64::MIN;
    let loading =
        Box::pin(graph::load(reference, choice.to_load(), async |graph: &Graph, open| {
            // A graph of thousands of nodes is not copied for each of them.
            if clock::now() - told >= EVERY {
                told = clock::now();
                *seen.borrow_mut() = graph.clone();
                on_event(Event::Loading(graph, open));
            }
        }));
    let loaded = match select(loading, &mut stopped).await {
        Either::Left((loaded, _)) => loaded,
        Either::Right(((), loading)) => {
            drop(loading);
            let graph = partial.borrow().clone();
            let mut session = Session::new(&reference.to_string(), &graph, choice);
            session.stop();
            let report = session.report(elapsed());
            let problem = Some(Problem::stopped());
            return Verified {
                report,
                session,
                loaded: Loaded { graph, problem, ..Loaded::default() },
            };
        }
    };
    // Of thousands of blobs the plan, the board and the first jobs are a task each.
    let mut turns = clock::Turns::begin();
    let session = Session::new(&reference.to_string(), &loaded.graph, choice);
    turns.pass().await;
    let blobs = InWorkers { place: Place::from(reference), indexes: RefCell::default() };
    let started = clock::now();
    let session = verify::run(session, &blobs, AT_ONCE, stopped, |session| {
        on_event(Event::Board(session, rate(session, started)));
    });
    let session = session.await;
    on_event(Event::Board(&session, 0.0));
    let report = session.report(elapsed());
    Verified { report, session, loaded }
}

/// Bytes of blobs per second since blobs are read.
fn rate(session: &Session, started: f64) -> f64 {
    let seconds = (clock::now() - started) / 1000.0;
    let blobs = session.rows().iter().filter(|row| row.job.is_some());
    blobs.map(|row| row.downloaded).sum::<u64>() as f64 / seconds.max(0.001)
}

/// Blobs of one place, read by the workers.
struct InWorkers {
    place: Place,
    /// Indexes of layers that were read and not compared yet.
    indexes: RefCell<BTreeMap<JobId, JsValue>>,
}

impl Blobs for InWorkers {
    async fn read(&self, job: &Job, seen: &dyn Fn(Seen)) -> Result<BlobFacts, Unread> {
        let told = |Progress { downloaded, unpacked, resumed, .. }| {
            seen(Seen { downloaded, unpacked, resumed });
        };
        let (sender, mut receiver) = unbounded();
        let on_progress = move |progress: Progress| {
            let _gone = sender.unbounded_send(progress);
        };
        let mut work = Box::pin(self.facts(job, on_progress));
        let came = loop {
            match select(work.as_mut(), receiver.next()).await {
                Either::Left((came, _)) => break came,
                Either::Right((Some(progress), _)) => told(progress),
                Either::Right((None, _)) => break work.await,
            }
        };
        // What was told last says whether the connection broke, and so whether to trust the rest.
        receiver.close();
        while let Some(progress) = receiver.next().await {
            told(progress);
        }
        came.map_err(|problem| match problem.kind {
            ProblemKind::NotFound => Unread::Absent,
            _ => Unread::Broken(problem.to_string()),
        })
    }

    async fn verified(&self, job: &Job) {
        let index = self.indexes.borrow_mut().remove(&job.id);
        if let Some(index) = index {
            tree::remember(job.descriptor.digest.clone(), index).await;
        }
    }

    async fn lay(&self, stack: &Stack) -> Result<Vec<Finding>, String> {
        match tree::laid(stack.layers.clone()).await {
            Ok(Some(findings)) => Ok(findings),
            Ok(None) => Err(TOO_MANY.to_owned()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    async fn tick(&self) {
        clock::sleep(EVERY as u32).await;
    }
}

impl InWorkers {
    async fn facts(
        &self,
        job: &Job,
        on_progress: impl FnMut(Progress) + 'static,
    ) -> Result<BlobFacts, Problem> {
        match job.kind {
            BlobKind::Layer => {
                let (facts, index) = tree::facts(&self.place, job, on_progress).await?;
                self.indexes.borrow_mut().extend(index.map(|index| (job.id, index)));
                Ok(facts)
            }
            BlobKind::Bytes => blob::facts(&self.place, &job.descriptor, on_progress).await,
        }
    }
}
