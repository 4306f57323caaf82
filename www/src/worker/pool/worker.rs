//! One worker: what is sent to it, what comes back, and when it is given up.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use futures_channel::oneshot;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::{Done, Inner, Pool};
use crate::net::clock;
use crate::net::fetch::{self, Call};
use crate::net::problem::{Problem, ProblemKind};
use crate::worker::port;
use crate::worker::protocol::{FromWorker, JobId, ToWorker, Work};
use crate::worker::{BUILD, Progress, SCRIPT};

/// Milliseconds in which a worker must have stopped a piece of work.
const STOP_WITHIN: u32 = 2000;
/// Milliseconds in which a new worker must be ready.
const READY_WITHIN: u32 = 60_000;
/// Memory beyond which an idle worker is replaced, in bytes: it can't give any back. It goes on
/// where no other can be had.
const MEMORY: u64 = 96 << 20;

/// One worker.
pub(super) struct PoolWorker {
    worker: Worker,
    ready: Cell<bool>,
    pub(super) dead: Cell<bool>,
    unsent: RefCell<Vec<(ToWorker, Vec<JsValue>)>>,
    jobs: RefCell<BTreeMap<JobId, Under>>,
    /// Work that was told to stop and has not said that it did.
    pub(super) stopping: Cell<u32>,
    /// Whether a piece of work of the queue is given to it.
    pub(super) busy: Cell<bool>,
    /// Processors that this work keeps busy.
    pub(super) processors: Cell<usize>,
    /// How many of these other work waits for.
    pub(super) kept: Cell<usize>,
    /// Whether it has taken so much memory that another should take its place.
    pub(super) worn: Cell<bool>,
    listeners: RefCell<Vec<Listener>>,
}

/// Work under way.
struct Under {
    end: oneshot::Sender<Result<Done, Problem>>,
    on_progress: OnProgress,
}

type Listener = Closure<dyn Fn(JsValue)>;
pub(super) type OnProgress = Rc<RefCell<dyn FnMut(Progress, Option<JsValue>)>>;

/// Stops the work when it is dropped before its end.
pub(super) struct Stop {
    pub(super) worker: Rc<PoolWorker>,
    pub(super) job: JobId,
    pub(super) pool: Pool,
    pub(super) from_queue: bool,
}

impl Stop {
    pub(super) async fn run(
        self,
        work: Work,
        parts: Vec<JsValue>,
        on_progress: OnProgress,
    ) -> Result<Done, Problem> {
        if self.worker.dead.get() {
            return Err(crashed("it had crashed before"));
        }
        let (end, result) = oneshot::channel();
        self.worker.jobs.borrow_mut().insert(self.job, Under { end, on_progress });
        self.worker.send(ToWorker::Start { job: self.job, work: Box::new(work) }, parts);
        result.await.unwrap_or_else(|_| Err(Problem::stopped()))
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        let unfinished = self.worker.jobs.borrow_mut().remove(&self.job).is_some();
        if unfinished && !self.worker.dead.get() {
            self.worker.stop(self.job, &self.pool);
        } else if self.from_queue {
            self.worker.busy.set(false);
            self.pool.assign();
        }
    }
}

impl PoolWorker {
    pub(super) fn start(pool: &Weak<Inner>) -> Result<Rc<Self>, Problem> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("drydock");
        let worker = Worker::new_with_options(SCRIPT, &options)
            .map_err(|_| crashed("the browser did not start it"))?;
        let worker = Rc::new(Self {
            worker,
            ready: Cell::new(false),
            dead: Cell::new(false),
            unsent: RefCell::default(),
            jobs: RefCell::default(),
            stopping: Cell::new(0),
            busy: Cell::new(false),
            processors: Cell::new(1),
            kept: Cell::new(1),
            worn: Cell::new(false),
            listeners: RefCell::default(),
        });
        worker.listen(pool);
        worker.give_program(pool);
        let (late, pool) = (Rc::downgrade(&worker), pool.clone());
        clock::later(READY_WITHIN, move || {
            if let Some(worker) = late.upgrade().filter(|worker| !worker.ready.get()) {
                worker.end(&crashed("it did not start within a minute"), &pool);
            }
        });
        Ok(worker)
    }

    fn listen(self: &Rc<Self>, pool: &Weak<Inner>) {
        let (worker, to) = (Rc::downgrade(self), pool.clone());
        let message = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let data = event.unchecked_into::<MessageEvent>().data();
            if let (Some(worker), Some((message, parts))) = (worker.upgrade(), port::unpack(&data))
            {
                worker.take(message, parts, &to);
            }
        });
        let (worker, to) = (Rc::downgrade(self), pool.clone());
        let error = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let said = js_sys::Reflect::get(&event, &"message".into()).ok();
            let said = said.and_then(|said| said.as_string()).unwrap_or_default();
            let Some(worker) = worker.upgrade() else { return };
            if said.is_empty() {
                worker.is_not_loaded(&to);
            } else if !worker.ready.get() && said.contains("LinkError") {
                worker.end(&of_another_build(), &to);
            } else {
                worker.end(&crashed(&said), &to);
            }
        });
        self.worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        self.worker.set_onerror(Some(error.as_ref().unchecked_ref()));
        *self.listeners.borrow_mut() = vec![message, error];
    }

    /// Sends the compiled program, which is what a worker waits for first.
    fn give_program(self: &Rc<Self>, pool: &Weak<Inner>) {
        let (worker, pool) = (Rc::downgrade(self), pool.clone());
        wasm_bindgen_futures::spawn_local(async move {
            let Some(program) = pool.upgrade().map(|pool| pool.program()) else { return };
            let program = JsFuture::from(program).await;
            let Some(worker) = worker.upgrade().filter(|worker| !worker.dead.get()) else { return };
            match program {
                Ok(program) => {
                    let _sent = worker.worker.post_message(&program);
                }
                Err(_) => {
                    pool.upgrade().map(|pool| pool.program.take());
                    worker.is_not_loaded(&pool);
                }
            }
        });
    }

    /// Ends a worker that can't be loaded. Mostly it is the server that is gone; then that is told.
    fn is_not_loaded(self: &Rc<Self>, pool: &Weak<Inner>) {
        let (worker, pool) = (Rc::clone(self), pool.clone());
        wasm_bindgen_futures::spawn_local(async move {
            let reached = fetch::send(Call::head("/-/config")).await;
            let why = reached.err().filter(|problem| problem.kind == ProblemKind::Offline);
            worker.end(&why.unwrap_or_else(not_loaded), &pool);
        });
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
            FromWorker::Ready { build } if build != BUILD => {
                self.end(&of_another_build(), pool);
            }
            FromWorker::Ready { .. } => {
                self.ready.set(true);
                let unsent = std::mem::take(&mut *self.unsent.borrow_mut());
                for (message, parts) in unsent {
                    self.send(message, parts);
                }
                if let Some(pool) = pool.upgrade() {
                    pool.take_in(self);
                }
            }
            FromWorker::Progress { job, progress } => {
                // Nothing is borrowed while it is called, since it may stop or start work.
                let on_progress =
                    self.jobs.borrow().get(&job).map(|under| Rc::clone(&under.on_progress));
                if let Some(on_progress) = on_progress
                    && let Ok(mut on_progress) = on_progress.try_borrow_mut()
                {
                    on_progress(progress, parts.into_iter().next());
                }
            }
            FromWorker::Renew { job, access, challenges } => {
                let (worker, pool) = (Rc::clone(self), pool.clone());
                wasm_bindgen_futures::spawn_local(async move {
                    let Some(registries) = pool.upgrade().map(|pool| pool.registries.clone())
                    else {
                        return;
                    };
                    let access = registries.renew(&access, challenges).await;
                    worker.send(ToWorker::Renewed { job, access }, Vec::new());
                });
            }
            FromWorker::Done { job, result, memory } => {
                let under = self.jobs.borrow_mut().remove(&job);
                let was_stopped = under.is_none();
                let is_set_apart = pool.upgrade().is_some_and(|pool| pool.is_set_apart(self));
                let worn = memory > MEMORY && !is_set_apart && self.jobs.borrow().is_empty();
                if let Some(pool) = pool.upgrade().filter(|_| worn) {
                    pool.wear_out(self);
                }
                if let Some(under) = under {
                    let result = result.map(|outcome| Done { outcome, parts });
                    let _unheard = under.end.send(result);
                } else if was_stopped && self.stopping.get() > 0 {
                    self.stopping.set(self.stopping.get() - 1);
                    self.rest(pool);
                }
            }
            FromWorker::Crashed { message } => self.end(&crashed(&message), pool),
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
        let (worker, pool) = (Rc::downgrade(self), Rc::downgrade(&pool.0));
        clock::later(STOP_WITHIN, move || {
            if let Some(worker) = worker.upgrade().filter(|worker| worker.stopping.get() > 0) {
                worker.end(&crashed("it did not stop when it was told to"), &pool);
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

    /// Ends a worker that has nothing to do.
    pub(super) fn retire(&self) {
        self.dead.set(true);
        self.worker.terminate();
    }

    /// Ends the worker and all that it was doing.
    fn end(&self, why: &Problem, pool: &Weak<Inner>) {
        if self.dead.replace(true) {
            return;
        }
        self.worker.terminate();
        if let Some(pool) = pool.upgrade() {
            pool.give_up(self);
        }
        let jobs = std::mem::take(&mut *self.jobs.borrow_mut());
        for under in jobs.into_values() {
            let _unheard = under.end.send(Err(why.clone()));
        }
        self.rest(pool);
    }
}

fn not_loaded() -> Problem {
    let headline = "The part of this page that reads layers could not be loaded.";
    Problem::new(ProblemKind::Worker, headline).advise("Reload the page.")
}

fn of_another_build() -> Problem {
    let headline =
        "The server has another version of this page by now, which this one can't work with.";
    Problem::new(ProblemKind::Worker, headline).advise("Reload the page.")
}

fn crashed(why: &str) -> Problem {
    let headline = format!("The worker that did this ended before it was done: {why}.");
    Problem::new(ProblemKind::Worker, headline)
        .advise("Nothing else is lost; try again, or close other tabs if memory is short.")
}
