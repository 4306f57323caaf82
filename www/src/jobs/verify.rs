//! Reads everything under a reference and compares it with everything that is said of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use drydock::image::{Graph, Options};
use drydock::reference::Reference;
use drydock::verify::{BlobFacts, BlobKind, Job, Outcome, integrity};
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use wasm_bindgen::JsValue;

pub use drydock::verify::{Choice, Report, Row, RowState, Session, Verdict};

use super::graph::{self, Loaded};
use super::{Problem, ProblemKind, Progress, blob, tree};
use crate::net::clock;
use crate::net::place::Place;

/// Milliseconds between two changes of the board that are told.
const EVERY: f64 = 100.0;

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
    let only = match choice {
        Choice::All | Choice::Entry(_) => None,
        Choice::Platform(platform) => Some(platform.clone()),
    };
    let options =
        Options { only: only.clone(), first: only, referrers: true, ..Options::default() };
    let partial = Rc::new(RefCell::new(Graph::default()));
    let mut stopped = Box::pin(async move {
        if stop.0.await.is_err() {
            std::future::pending::<()>().await;
        }
    });
    let seen = Rc::clone(&partial);
    let mut told = f64::MIN;
    let loading = Box::pin(graph::load(reference, options, |graph, open| {
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
    let board = Rc::new(RefCell::new(Board::new(session)));
    let place = Place::from(reference);
    let mut reading = FuturesUnordered::new();
    for job in board.borrow().session.jobs().to_vec() {
        reading.push(read(place.clone(), job, Rc::clone(&board)));
    }
    let every = tick();
    futures_util::pin_mut!(every);
    on_event(Event::Board(&board.borrow().session, board.borrow().rate()));
    turns.pass().await;
    loop {
        let next = select(reading.next(), every.as_mut());
        match select(next, &mut stopped).await {
            Either::Left((Either::Left((None, _)), _)) => break,
            Either::Left((Either::Left((Some(()), _)), _)) => {}
            Either::Left((Either::Right(_), _)) => {
                on_event(Event::Board(&board.borrow().session, board.borrow().rate()));
                every.set(tick());
            }
            Either::Right(_) => {
                board.borrow_mut().session.stop();
                break;
            }
        }
    }
    drop(reading);
    let stacks = board.borrow().session.stacks();
    for stack in stacks {
        let laid = tree::laid(stack.layers.clone()).await;
        let mut board = board.borrow_mut();
        match &laid {
            Ok(Some(findings)) => board.session.laid(&stack, Ok(findings)),
            Ok(None) => board.session.laid(&stack, Err(TOO_MANY)),
            Err(problem) => board.session.laid(&stack, Err(&problem.message)),
        }
    }
    let session = board.borrow().session.clone();
    on_event(Event::Board(&session, 0.0));
    let report = session.report(elapsed());
    Verified { report, session, loaded }
}

/// The session, and since when blobs are read.
struct Board {
    session: Session,
    started: f64,
}

impl Board {
    fn new(session: Session) -> Self {
        Self { session, started: clock::now() }
    }

    fn rate(&self) -> f64 {
        let seconds = (clock::now() - self.started) / 1000.0;
        let blobs = self.session.rows().iter().filter(|row| row.job.is_some());
        blobs.map(|row| row.downloaded).sum::<u64>() as f64 / seconds.max(0.001)
    }
}

async fn tick() {
    clock::sleep(EVERY as u32).await;
}

/// Reads one blob and tells the session what came of it.
async fn read(place: Place, job: Job, board: Rc<RefCell<Board>>) {
    let seen: Rc<Cell<Progress>> = Rc::default();
    let (mut came, mut index) = read_once(&place, &job, &board, &seen).await;
    // What was put together from several answers may be wrong by the answers alone.
    if is_other(&job, &came) && seen.replace(Progress::default()).resumed > 0 {
        (came, index) = read_once(&place, &job, &board, &seen).await;
        if is_other(&job, &came) && seen.get().resumed > 0 {
            let message = "The connection broke, and what came after it was not the rest of the same content. Try again.";
            came = Err(Problem::new(ProblemKind::Cut, message));
        }
    }
    let outcome = match came {
        Ok(facts) => Outcome::Read(facts),
        Err(Problem { kind: ProblemKind::NotFound, .. }) => Outcome::Absent,
        Err(problem) => Outcome::Broken { reason: problem.message, bytes: seen.get().downloaded },
    };
    board.borrow_mut().session.finish(job.id, &outcome);
    let (verdict, _) = integrity::check(&job, &outcome);
    if let (Verdict::Verified, Some(index)) = (verdict, index) {
        tree::remember(job.descriptor.digest, index).await;
    }
}

/// Reads a blob, and gives what was found out and, of a layer, the buffer with its index. `seen` is
/// how far it came.
async fn read_once(
    place: &Place,
    job: &Job,
    board: &Rc<RefCell<Board>>,
    seen: &Rc<Cell<Progress>>,
) -> (Result<BlobFacts, Problem>, Option<JsValue>) {
    let (id, report, last) = (job.id, Rc::clone(board), Rc::clone(seen));
    let on_progress = move |progress: Progress| {
        last.set(progress);
        report.borrow_mut().session.progress(id, progress.downloaded, progress.unpacked);
    };
    match job.kind {
        BlobKind::Layer => {
            let diff_id = job.claims.iter().find_map(|claim| claim.diff_id.clone());
            match tree::facts(place, &job.descriptor, diff_id, on_progress).await {
                Ok((facts, index)) => (Ok(facts), index),
                Err(problem) => (Err(problem), None),
            }
        }
        BlobKind::Bytes => (blob::facts(place, &job.descriptor, on_progress).await, None),
    }
}

/// Whether all of a blob came, and is not what its descriptor says.
fn is_other(job: &Job, came: &Result<BlobFacts, Problem>) -> bool {
    let (digest, size) = (&job.descriptor.digest, job.descriptor.size);
    let other = |facts: &BlobFacts| facts.digest != *digest || facts.size != size;
    digest.algorithm().is_some() && came.as_ref().is_ok_and(other)
}
