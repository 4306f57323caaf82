//! The page's side of the workers: who does what next.
//!
//! Layers go to a few workers that are kept, the largest first. Everything about trees goes to one
//! worker that holds them. A worker that crashes or no longer listens is replaced; its work ends
//! with a problem that says so.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use futures_channel::oneshot;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::port;
use super::protocol::{FromWorker, JobId, Outcome, ToWorker, Work};
use crate::jobs::Progress;
use crate::net::clock;
use crate::net::problem::{Problem, ProblemKind};
use crate::net::registries::Registries;
use crate::net::slots::Slot;

/// Where the worker's loader lies.
const LOADER: &str = "/-/assets/worker_loader.js";
/// Most workers for layers; more than processors only get in each other's way.
const WORKERS: usize = 4;
/// Milliseconds in which a worker must have stopped a piece of work.
const STOP_WITHIN: u32 = 2000;
/// Milliseconds in which a new worker must be ready.
const READY_WITHIN: u32 = 60_000;
/// Memory beyond which an idle worker is replaced, in bytes: it can't give any back.
const MEMORY: u64 = 96 << 20;

/// What came of a piece of work, with what travelled beside it.
#[derive(Debug)]
pub struct Done {
    /// The result.
    pub outcome: Outcome,
    /// Buffers and Blobs.
    pub parts: Vec<JsValue>,
}

/// A piece of work, and what it needs beside its description.
#[derive(Debug)]
pub struct Order {
    /// The work.
    pub work: Work,
    /// Buffers, which change hands, and Blobs.
    pub parts: Vec<JsValue>,
    /// The leave to have a stream open to each registry that is read, held until the work is done.
    pub slots: Vec<Slot>,
}

/// The tab's workers.
#[derive(Clone)]
pub struct Pool(Rc<Inner>);

struct Inner {
    registries: Registries,
    /// Those that read layers.
    crew: RefCell<Vec<Rc<Hand>>>,
    /// The one that holds trees.
    keeper: RefCell<Option<Rc<Hand>>>,
    queue: RefCell<Vec<Waiting>>,
    next: Cell<JobId>,
}

/// Work for which no worker is free yet.
struct Waiting {
    job: JobId,
    weight: u64,
    turn: oneshot::Sender<Rc<Hand>>,
}

/// One worker.
struct Hand {
    worker: Worker,
    ready: Cell<bool>,
    dead: Cell<bool>,
    unsent: RefCell<Vec<(ToWorker, Vec<JsValue>)>>,
    jobs: RefCell<BTreeMap<JobId, Under>>,
    /// Work that was told to stop and has not said that it did.
    stopping: Cell<u32>,
    /// Whether a piece of work of the queue is given to it.
    busy: Cell<bool>,
    listeners: RefCell<Vec<Listener>>,
}

/// Work under way.
struct Under {
    end: oneshot::Sender<Result<Done, Problem>>,
    on_progress: OnProgress,
}

type Listener = Closure<dyn Fn(JsValue)>;
type OnProgress = Rc<RefCell<dyn FnMut(Progress)>>;

/// Stops the work when it is dropped before its end.
struct Stop {
    hand: Rc<Hand>,
    job: JobId,
    pool: Pool,
    from_queue: bool,
}

impl Pool {
    /// A pool without workers; they come when there is work.
    #[must_use]
    pub fn new(registries: Registries) -> Self {
        Self(Rc::new(Inner {
            registries,
            crew: RefCell::default(),
            keeper: RefCell::default(),
            queue: RefCell::default(),
            next: Cell::new(1),
        }))
    }

    /// Has a layer or blob read by the next free worker; of those that wait, `weight` (its size)
    /// says which is first. The work is asked for when there is a worker for it. Dropping the
    /// future stops the work.
    ///
    /// # Errors
    /// What the work ended with, or that the worker crashed.
    pub async fn read(
        &self,
        weight: u64,
        work: impl AsyncFnOnce() -> Result<Order, Problem>,
        on_progress: impl FnMut(Progress) + 'static,
    ) -> Result<Done, Problem> {
        let job = self.0.next_job();
        let (turn, hand) = oneshot::channel();
        self.0.queue.borrow_mut().push(Waiting { job, weight, turn });
        self.assign();
        let hand = hand.await.map_err(|_| Problem::stopped())?;
        let stop = Stop { hand, job, pool: self.clone(), from_queue: true };
        let Order { work, parts, slots: _slots } = work().await?;
        stop.run(work, parts, Rc::new(RefCell::new(on_progress))).await
    }

    /// Has something done by the worker that holds the trees. `parts` change hands.
    ///
    /// # Errors
    /// What the work ended with, or that the worker crashed.
    pub async fn keeper(
        &self,
        work: Work,
        parts: Vec<JsValue>,
        on_progress: impl FnMut(Progress) + 'static,
    ) -> Result<Done, Problem> {
        let job = self.0.next_job();
        let hand = self.keeper_hand()?;
        let stop = Stop { hand, job, pool: self.clone(), from_queue: false };
        stop.run(work, parts, Rc::new(RefCell::new(on_progress))).await
    }

    /// Whether the worker that holds the trees is there; else they are gone.
    #[must_use]
    pub fn keeper_is_alive(&self) -> bool {
        self.0.keeper.borrow().as_ref().is_some_and(|hand| !hand.dead.get())
    }

    fn keeper_hand(&self) -> Result<Rc<Hand>, Problem> {
        let mut keeper = self.0.keeper.borrow_mut();
        if let Some(hand) = keeper.as_ref().filter(|hand| !hand.dead.get()) {
            return Ok(Rc::clone(hand));
        }
        let hand = Hand::start(&Rc::downgrade(&self.0))?;
        *keeper = Some(Rc::clone(&hand));
        Ok(hand)
    }

    /// Gives waiting work to free workers.
    fn assign(&self) {
        self.0.crew.borrow_mut().retain(|hand| !hand.dead.get());
        while let Some(hand) = self.free_hand() {
            let mut queue = self.0.queue.borrow_mut();
            queue.retain(|waiting| !waiting.turn.is_canceled());
            let largest = queue
                .iter()
                .enumerate()
                .max_by_key(|(_, waiting)| (waiting.weight, std::cmp::Reverse(waiting.job)))
                .map(|(place, _)| place);
            let Some(place) = largest else { return };
            let waiting = queue.swap_remove(place);
            drop(queue);
            hand.busy.set(true);
            if let Err(hand) = waiting.turn.send(hand) {
                hand.busy.set(false);
            }
        }
    }

    /// A worker that has nothing to do; a new one while there may be more.
    fn free_hand(&self) -> Option<Rc<Hand>> {
        let mut queue = self.0.queue.borrow_mut();
        queue.retain(|waiting| !waiting.turn.is_canceled());
        if queue.is_empty() {
            return None;
        }
        drop(queue);
        let mut crew = self.0.crew.borrow_mut();
        if let Some(hand) = crew.iter().find(|hand| !hand.busy.get()) {
            return Some(Rc::clone(hand));
        }
        if crew.len() >= most_workers() {
            return None;
        }
        match Hand::start(&Rc::downgrade(&self.0)) {
            Ok(hand) => {
                crew.push(Rc::clone(&hand));
                Some(hand)
            }
            Err(_) => {
                // Without any worker nobody would ever take up what waits.
                if crew.is_empty() {
                    self.0.queue.borrow_mut().clear();
                }
                None
            }
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} workers)", self.0.crew.borrow().len())
    }
}

impl Inner {
    fn next_job(&self) -> JobId {
        let job = self.next.get();
        self.next.set(job.wrapping_add(1));
        job
    }
}

impl Stop {
    async fn run(
        self,
        work: Work,
        parts: Vec<JsValue>,
        on_progress: OnProgress,
    ) -> Result<Done, Problem> {
        if self.hand.dead.get() {
            return Err(crashed("it had crashed before"));
        }
        let (end, result) = oneshot::channel();
        self.hand.jobs.borrow_mut().insert(self.job, Under { end, on_progress });
        self.hand.send(ToWorker::Start { job: self.job, work: Box::new(work) }, parts);
        result.await.unwrap_or_else(|_| Err(Problem::stopped()))
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let unfinished = self.hand.jobs.borrow_mut().remove(&self.job).is_some();
        if unfinished && !self.hand.dead.get() {
            self.hand.stop(self.job, &self.pool);
        } else if self.from_queue {
            self.hand.busy.set(false);
            self.pool.assign();
        }
    }
}

impl Hand {
    fn start(pool: &Weak<Inner>) -> Result<Rc<Self>, Problem> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("drydock");
        let worker = Worker::new_with_options(LOADER, &options)
            .map_err(|_| crashed("the browser did not start it"))?;
        let hand = Rc::new(Self {
            worker,
            ready: Cell::new(false),
            dead: Cell::new(false),
            unsent: RefCell::default(),
            jobs: RefCell::default(),
            stopping: Cell::new(0),
            busy: Cell::new(false),
            listeners: RefCell::default(),
        });
        hand.listen(pool);
        let (late, pool) = (Rc::downgrade(&hand), pool.clone());
        clock::later(READY_WITHIN, move || {
            if let Some(hand) = late.upgrade().filter(|hand| !hand.ready.get()) {
                hand.end("it did not start within a minute", &pool);
            }
        });
        Ok(hand)
    }

    fn listen(self: &Rc<Self>, pool: &Weak<Inner>) {
        let (hand, to) = (Rc::downgrade(self), pool.clone());
        let message = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let data = event.unchecked_into::<MessageEvent>().data();
            if let (Some(hand), Some((message, parts))) = (hand.upgrade(), port::unpack(&data)) {
                hand.take(message, parts, &to);
            }
        });
        let (hand, to) = (Rc::downgrade(self), pool.clone());
        let error = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let said = js_sys::Reflect::get(&event, &"message".into()).ok();
            let said = said.and_then(|said| said.as_string()).unwrap_or_default();
            if let Some(hand) = hand.upgrade() {
                hand.end(if said.is_empty() { "it could not be loaded" } else { &said }, &to);
            }
        });
        self.worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        self.worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        *self.listeners.borrow_mut() = vec![message, error];
    }

    fn send(&self, message: ToWorker, parts: Vec<JsValue>) {
        if self.ready.get() {
            let parcel = port::pack(&message, parts);
            let _sent = self.worker.post_message_with_transfer(&parcel.value, &parcel.transfer);
        } else {
            self.unsent.borrow_mut().push((message, parts));
        }
    }

    fn take(self: &Rc<Self>, message: FromWorker, parts: Vec<JsValue>, pool: &Weak<Inner>) {
        match message {
            FromWorker::Ready => {
                self.ready.set(true);
                let unsent = std::mem::take(&mut *self.unsent.borrow_mut());
                for (message, parts) in unsent {
                    self.send(message, parts);
                }
            }
            FromWorker::Progress { job, progress } => {
                // Nothing is borrowed while it is called, since it may stop or start work.
                let on_progress =
                    self.jobs.borrow().get(&job).map(|under| Rc::clone(&under.on_progress));
                if let Some(on_progress) = on_progress
                    && let Ok(mut on_progress) = on_progress.try_borrow_mut()
                {
                    on_progress(progress);
                }
            }
            FromWorker::Renew { job, access, challenges } => {
                let (hand, pool) = (Rc::clone(self), pool.clone());
                wasm_bindgen_futures::spawn_local(async move {
                    let Some(registries) = pool.upgrade().map(|pool| pool.registries.clone())
                    else {
                        return;
                    };
                    let access = registries.renew(&access, challenges).await;
                    hand.send(ToWorker::Renewed { job, access }, Vec::new());
                });
            }
            FromWorker::Done { job, result, memory } => {
                let under = self.jobs.borrow_mut().remove(&job);
                let was_stopped = under.is_none();
                let is_keeper = pool.upgrade().is_some_and(|pool| {
                    pool.keeper.borrow().as_ref().is_some_and(|keeper| Rc::ptr_eq(keeper, self))
                });
                if memory > MEMORY && !is_keeper && self.jobs.borrow().is_empty() {
                    self.dead.set(true);
                    self.worker.terminate();
                }
                if let Some(under) = under {
                    let result = result.map(|outcome| Done { outcome, parts });
                    let _unheard = under.end.send(result);
                } else if was_stopped && self.stopping.get() > 0 {
                    self.stopping.set(self.stopping.get() - 1);
                    self.rest(pool);
                }
            }
            FromWorker::Crashed { message } => self.end(&message, pool),
        }
    }

    /// Tells the worker to stop a piece of work, and ends the worker when it does not.
    fn stop(self: &Rc<Self>, job: JobId, pool: &Pool) {
        let unsent = {
            let mut unsent = self.unsent.borrow_mut();
            let before = unsent.len();
            unsent.retain(
                |(message, _)| !matches!(message, ToWorker::Start { job: j, .. } if *j == job),
            );
            unsent.len() < before
        };
        if unsent {
            return self.rest(&Rc::downgrade(&pool.0));
        }
        self.send(ToWorker::Stop { job }, Vec::new());
        self.stopping.set(self.stopping.get() + 1);
        let (hand, pool) = (Rc::downgrade(self), Rc::downgrade(&pool.0));
        clock::later(STOP_WITHIN, move || {
            if let Some(hand) = hand.upgrade().filter(|hand| hand.stopping.get() > 0) {
                hand.end("it did not stop when it was told to", &pool);
            }
        });
    }

    /// Takes the next work of the queue, when this is a worker that does.
    fn rest(&self, pool: &Weak<Inner>) {
        if self.stopping.get() == 0 && self.jobs.borrow().is_empty() {
            self.busy.set(false);
        }
        if let Some(pool) = pool.upgrade() {
            Pool(pool).assign();
        }
    }

    /// Ends the worker and all that it was doing.
    fn end(&self, why: &str, pool: &Weak<Inner>) {
        if self.dead.replace(true) {
            return;
        }
        self.worker.terminate();
        let jobs = std::mem::take(&mut *self.jobs.borrow_mut());
        for under in jobs.into_values() {
            let _unheard = under.end.send(Err(crashed(why)));
        }
        self.rest(pool);
    }
}

fn most_workers() -> usize {
    let processors =
        web_sys::window().map_or(1.0, |window| window.navigator().hardware_concurrency());
    (processors as usize).clamp(1, WORKERS)
}

fn crashed(why: &str) -> Problem {
    let message = format!(
        "The worker that did this ended before it was done: {why}. Nothing else is lost; try again, or close other tabs if memory is short."
    );
    Problem::new(ProblemKind::Worker, message)
}
