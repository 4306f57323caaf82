//! The page's side of the workers: who does what next.
//!
//! Layers go to a few workers that are kept, the largest first. Everything about trees goes to one
//! worker that holds them, and edits are done by one of their own, as they are waited for. A worker that crashes or no longer listens is replaced; its work ends
//! with a problem that says so.

mod worker;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use drydock::layer::WORTH_TWO;
use futures_channel::oneshot;
use js_sys::{Promise, WebAssembly};
use wasm_bindgen::JsValue;

use self::worker::{PoolWorker, Stop};
use super::Progress;
use super::protocol::{JobId, Outcome, Work};
use crate::net::clock;
use crate::net::problem::Problem;
use crate::net::registries::Registries;
use crate::net::slots::Slot;

/// Where their program lies.
const PROGRAM: &str = "/-/assets/worker_bg.wasm";

/// Most workers for layers; more than processors only get in each other's way.
const WORKERS: usize = 4;
/// Processors that a large layer keeps busy while it is read.
const BOTH: usize = 2;
/// Bytes that a layer is made of for which one more processor is worth a child: until that is there,
/// they are half done.
const WORTH_ONE_MORE: u64 = 8 << 20;
/// Milliseconds after which a worker is asked again whether it has stopped.
const LETTING_GO: u32 = 20;

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
    /// The program of all workers, compiled once.
    program: RefCell<Option<Promise>>,
    /// Those that read layers.
    workers: RefCell<Vec<Rc<PoolWorker>>>,
    /// The one that holds trees.
    tree_worker: RefCell<Option<Rc<PoolWorker>>>,
    /// The one that does edits.
    edit_worker: RefCell<Option<Rc<PoolWorker>>>,
    /// Those that take the place of others once they are ready.
    coming: RefCell<Vec<Rc<PoolWorker>>>,
    queue: RefCell<Vec<Waiting>>,
    next: Cell<JobId>,
}

/// Work for which no worker is free yet.
struct Waiting {
    job: JobId,
    weight: u64,
    share: Share,
    turn: oneshot::Sender<Rc<PoolWorker>>,
}

/// How work shares the processors with other work.
#[derive(Clone, Copy)]
enum Share {
    /// It keeps so many busy if they are free, else one.
    Keeps(usize),
    /// It takes up to so many that are free; other work begins as if it had one.
    Lends(usize),
}

impl Pool {
    /// A pool without workers; they come when there is work.
    #[must_use]
    pub fn new(registries: Registries) -> Self {
        Self(Rc::new(Inner {
            registries,
            program: RefCell::default(),
            workers: RefCell::default(),
            tree_worker: RefCell::default(),
            edit_worker: RefCell::default(),
            coming: RefCell::default(),
            queue: RefCell::default(),
            next: Cell::new(1),
        }))
    }

    /// Starts all workers that there may be, so that nothing has to be fetched when there is work:
    /// the server may be gone by then, or be of another version.
    pub fn warm(&self) {
        let _tree_worker = self.worker(&self.0.tree_worker);
        let _edit_worker = self.worker(&self.0.edit_worker);
        let mut workers = self.0.workers.borrow_mut();
        while workers.len() < most_workers() {
            let Ok(worker) = PoolWorker::start(&Rc::downgrade(&self.0)) else { return };
            workers.push(worker);
        }
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
        self.in_turn(weight, Share::Keeps(1), async |_| work().await, alone(on_progress)).await
    }

    /// Likewise for a layer of so many bytes; the work is told whether a processor is free for the
    /// digest of its tar. Beside the progress may come the index of the layer so far.
    ///
    /// # Errors
    /// As with [`Pool::read`].
    pub async fn read_layer(
        &self,
        size: u64,
        work: impl AsyncFnOnce(bool) -> Result<Order, Problem>,
        on_progress: impl FnMut(Progress, Option<JsValue>) + 'static,
    ) -> Result<Done, Problem> {
        let most = if size >= WORTH_TWO { BOTH } else { 1 };
        let work = async |processors| work(processors == BOTH).await;
        self.in_turn(size, Share::Keeps(most), work, on_progress).await
    }

    /// Likewise for a layer that is made of so many bytes; the work is told how many processors are
    /// free to compress it.
    ///
    /// # Errors
    /// As with [`Pool::read`].
    pub async fn build(
        &self,
        weight: u64,
        size: u64,
        work: impl AsyncFnOnce(usize) -> Result<Order, Problem>,
        on_progress: impl FnMut(Progress) + 'static,
    ) -> Result<Done, Problem> {
        let most = usize::try_from(size / WORTH_ONE_MORE).unwrap_or(usize::MAX);
        self.in_turn(weight, Share::Lends(most), work, alone(on_progress)).await
    }

    async fn in_turn(
        &self,
        weight: u64,
        share: Share,
        work: impl AsyncFnOnce(usize) -> Result<Order, Problem>,
        on_progress: impl FnMut(Progress, Option<JsValue>) + 'static,
    ) -> Result<Done, Problem> {
        let job = self.0.next_job();
        let (turn, worker) = oneshot::channel();
        self.0.queue.borrow_mut().push(Waiting { job, weight, share, turn });
        self.assign();
        let worker = worker.await.map_err(|_| Problem::stopped())?;
        let processors = worker.processors.get();
        let stop = Stop { worker, job, pool: self.clone(), from_queue: true };
        let Order { work, parts, slots: _slots } = work(processors).await?;
        stop.run(work, parts, Rc::new(RefCell::new(on_progress))).await
    }

    /// Has something done by the worker that holds the trees. `parts` change hands.
    ///
    /// # Errors
    /// What the work ended with, or that the worker crashed.
    pub async fn in_tree_worker(
        &self,
        work: Work,
        parts: Vec<JsValue>,
        on_progress: impl FnMut(Progress) + 'static,
    ) -> Result<Done, Problem> {
        self.in_tree_worker_with_parts(work, parts, alone(on_progress)).await
    }

    /// As [`Pool::in_tree_worker`], for work of which something comes before its end: that travels
    /// beside how far it is.
    ///
    /// # Errors
    /// As with that.
    pub async fn in_tree_worker_with_parts(
        &self,
        work: Work,
        parts: Vec<JsValue>,
        on_progress: impl FnMut(Progress, Option<JsValue>) + 'static,
    ) -> Result<Done, Problem> {
        let job = self.0.next_job();
        let worker = self.worker(&self.0.tree_worker)?;
        let stop = Stop { worker, job, pool: self.clone(), from_queue: false };
        stop.run(work, parts, Rc::new(RefCell::new(on_progress))).await
    }

    /// Has something done by the worker that does edits, once it has let go of what it was told to
    /// stop. `parts` change hands.
    ///
    /// # Errors
    /// What the work ended with, or that the worker crashed.
    pub async fn in_edit_worker(&self, work: Work, parts: Vec<JsValue>) -> Result<Done, Problem> {
        let job = self.0.next_job();
        let mut worker = self.worker(&self.0.edit_worker)?;
        while worker.stopping.get() > 0 && !worker.dead.get() {
            clock::sleep(LETTING_GO).await;
        }
        if worker.dead.get() {
            worker = self.worker(&self.0.edit_worker)?;
        }
        let stop = Stop { worker, job, pool: self.clone(), from_queue: false };
        stop.run(work, parts, Rc::new(RefCell::new(alone(|_| {})))).await
    }

    /// Whether the worker that holds the trees is there; else they are gone.
    #[must_use]
    pub fn tree_worker_is_alive(&self) -> bool {
        self.0.tree_worker.borrow().as_ref().is_some_and(|worker| !worker.dead.get())
    }

    /// A worker for work of one kind, started anew when it is not there any more.
    fn worker(&self, place: &RefCell<Option<Rc<PoolWorker>>>) -> Result<Rc<PoolWorker>, Problem> {
        let mut place = place.borrow_mut();
        if let Some(worker) = place.as_ref().filter(|worker| !worker.dead.get()) {
            return Ok(Rc::clone(worker));
        }
        let worker = PoolWorker::start(&Rc::downgrade(&self.0))?;
        *place = Some(Rc::clone(&worker));
        Ok(worker)
    }

    /// Gives waiting work to free workers.
    fn assign(&self) {
        self.0.workers.borrow_mut().retain(|worker| !worker.dead.get());
        while let Some(worker) = self.free_worker() {
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
            let free = most_processors().saturating_sub(self.in_use(|it| it.processors.get()));
            let (Share::Keeps(most) | Share::Lends(most)) = waiting.share;
            let processors = most.min(free).max(1);
            worker.processors.set(processors);
            worker.kept.set(if let Share::Keeps(_) = waiting.share { processors } else { 1 });
            worker.busy.set(true);
            if let Err(worker) = waiting.turn.send(worker) {
                worker.busy.set(false);
            }
        }
    }

    /// Processors of all that is being done.
    fn in_use(&self, of: impl Fn(&PoolWorker) -> usize) -> usize {
        let workers = self.0.workers.borrow();
        workers.iter().filter(|it| it.busy.get()).map(|it| of(it)).sum()
    }

    /// A worker that has nothing to do; a new one while there may be more.
    fn free_worker(&self) -> Option<Rc<PoolWorker>> {
        let mut queue = self.0.queue.borrow_mut();
        queue.retain(|waiting| !waiting.turn.is_canceled());
        if queue.is_empty() {
            return None;
        }
        drop(queue);
        if self.in_use(|it| it.kept.get()) >= most_processors() {
            return None;
        }
        let mut workers = self.0.workers.borrow_mut();
        let idle = |worn: bool| {
            workers
                .iter()
                .find(|worker| !worker.busy.get() && worker.worn.get() == worn)
                .map(Rc::clone)
        };
        if let Some(worker) = idle(false).or_else(|| idle(true)) {
            return Some(worker);
        }
        if workers.len() >= most_workers() {
            return None;
        }
        match PoolWorker::start(&Rc::downgrade(&self.0)) {
            Ok(worker) => {
                workers.push(Rc::clone(&worker));
                Some(worker)
            }
            Err(_) => {
                // Without any worker nobody would ever take up what waits.
                if workers.is_empty() {
                    self.0.queue.borrow_mut().clear();
                }
                None
            }
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({} workers)", self.0.workers.borrow().len())
    }
}

impl Inner {
    /// The compiled program of all workers, which is fetched when it is first asked for.
    fn program(&self) -> Promise {
        let mut program = self.program.borrow_mut();
        let compile = || match web_sys::window() {
            Some(window) => WebAssembly::compile_streaming(&window.fetch_with_str(PROGRAM)),
            None => Promise::reject(&JsValue::UNDEFINED),
        };
        program.get_or_insert_with(compile).clone()
    }

    /// Takes note that a worker has taken too much memory: it ends when there are enough others,
    /// and until then goes on while one is started in its place.
    fn wear_out(self: &Rc<Self>, worker: &PoolWorker) {
        worker.worn.set(true);
        let (worn, fresh) = {
            let workers = self.workers.borrow();
            let worn =
                workers.iter().filter(|worker| worker.worn.get() && !worker.dead.get()).count();
            (worn, workers.len() - worn)
        };
        if fresh >= most_workers() {
            worker.retire();
            return;
        }
        let mut coming = self.coming.borrow_mut();
        if coming.len() < worn
            && let Ok(worker) = PoolWorker::start(&Rc::downgrade(self))
        {
            coming.push(worker);
        }
    }

    /// Takes in a worker that is ready, if it came to take another's place.
    fn take_in(&self, worker: &Rc<PoolWorker>) {
        let mut coming = self.coming.borrow_mut();
        let Some(at) = coming.iter().position(|it| Rc::ptr_eq(it, worker)) else { return };
        let worker = coming.swap_remove(at);
        let mut workers = self.workers.borrow_mut();
        let worn = workers.iter().position(|it| it.worn.get() && !it.busy.get());
        if let Some(worn) = worn.map(|at| workers.swap_remove(at)) {
            worn.retire();
        }
        workers.push(worker);
    }

    /// Whether a worker is for work of one kind only.
    fn is_set_apart(&self, worker: &Rc<PoolWorker>) -> bool {
        [&self.tree_worker, &self.edit_worker]
            .iter()
            .any(|place| place.borrow().as_ref().is_some_and(|it| Rc::ptr_eq(it, worker)))
    }

    /// Forgets a worker that could not be loaded.
    fn give_up(&self, worker: &PoolWorker) {
        self.coming.borrow_mut().retain(|it| !std::ptr::eq(&**it, worker));
    }

    fn next_job(&self) -> JobId {
        let job = self.next.get();
        self.next.set(job.wrapping_add(1));
        job
    }
}

/// Of work that tells nothing beside its progress.
fn alone(mut on_progress: impl FnMut(Progress)) -> impl FnMut(Progress, Option<JsValue>) {
    move |progress, _| on_progress(progress)
}

fn most_workers() -> usize {
    most_processors().min(WORKERS)
}

fn most_processors() -> usize {
    let processors =
        web_sys::window().map_or(1.0, |window| window.navigator().hardware_concurrency());
    (processors as usize).clamp(1, WORKERS * BOTH)
}
