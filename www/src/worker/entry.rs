//! The worker's side: takes work, does several pieces at once, says what came of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{AbortHandle, abortable};
use js_sys::WebAssembly::Memory;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::child::Kind;
use super::protocol::{FromWorker, JobId, Outcome, ToWorker, Work};
use super::tree_job::Trees;
use super::{
    Progress, blob_job, build_job, diff_job, edit_job, export_job, file_job, gather_job, layer_job,
    list_job, packages_job, packing, port, recall_job, search_job, shared_job, tar_digest,
    unpack_job,
};
use crate::net::problem::{Problem, ProblemKind};
use crate::net::stream::{Access, Grant};

/// Starts the worker: listens, and says so.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        post(&FromWorker::Crashed { message: panic.to_string() }, Vec::new());
    }));
    match Kind::named(&scope().name()) {
        Some(Kind::Hashing) => return tar_digest::hash(),
        Some(Kind::Packing) => return packing::pack(),
        None => {}
    }
    let running = Running::default();
    let trees = Rc::new(RefCell::new(Trees::default()));
    let listen = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some((message, parts)) = port::unpack::<ToWorker>(&event.data()) {
            take(message, parts, &running, &trees);
        }
    });
    scope().set_onmessage(Some(listen.as_ref().unchecked_ref()));
    listen.forget();
    post(&FromWorker::Ready { build: super::BUILD.to_owned() }, Vec::new());
}

/// The worker's end of one piece of work.
#[derive(Clone, Debug)]
pub(super) struct Link {
    job: JobId,
    running: Running,
}

/// What came of a piece of work, with what travels beside it.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    /// Buffers, which change hands, and Blobs.
    pub(super) parts: Vec<JsValue>,
}

impl From<Outcome> for Finished {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, parts: Vec::new() }
    }
}

impl Link {
    pub(super) fn progress(&self, progress: Progress) {
        self.progress_with(progress, Vec::new());
    }

    /// How far it has come, and what has come of it so far.
    pub(super) fn progress_with(&self, progress: Progress, parts: Vec<JsValue>) {
        post(&FromWorker::Progress { job: self.job, progress }, parts);
    }
}

impl Grant for Link {
    async fn renew(&self, refused: &Access, challenges: Vec<String>) -> Result<Access, Problem> {
        let (sender, answer) = oneshot::channel();
        if let Some(job) = self.running.0.borrow_mut().get_mut(&self.job) {
            job.renewal = Some(sender);
        }
        let access = refused.clone();
        post(&FromWorker::Renew { job: self.job, access, challenges }, Vec::new());
        answer.await.unwrap_or_else(|_| Err(Problem::stopped()))
    }
}

#[derive(Clone, Debug, Default)]
struct Running(Rc<RefCell<BTreeMap<JobId, Job>>>);

#[derive(Debug)]
struct Job {
    stop: AbortHandle,
    renewal: Option<oneshot::Sender<Result<Access, Problem>>>,
}

fn take(message: ToWorker, parts: Vec<JsValue>, running: &Running, trees: &Rc<RefCell<Trees>>) {
    match message {
        ToWorker::Start { job, work } => begin(job, *work, parts, running, trees),
        ToWorker::Stop { job } => {
            let stopped = running.0.borrow_mut().remove(&job);
            if let Some(stopped) = stopped {
                stopped.stop.abort();
                done(job, Err(Problem::stopped()));
            }
        }
        ToWorker::Renewed { job, access } => {
            let renewal = running.0.borrow_mut().get_mut(&job).and_then(|job| job.renewal.take());
            if let Some(renewal) = renewal {
                let _unheard = renewal.send(access);
            }
        }
    }
}

fn begin(
    job: JobId,
    work: Work,
    parts: Vec<JsValue>,
    running: &Running,
    trees: &Rc<RefCell<Trees>>,
) {
    let link = Link { job, running: running.clone() };
    let trees = Rc::clone(trees);
    let (future, stop) = abortable(async move {
        match work {
            Work::Layer(work) => layer_job::run(work, &parts, link).await,
            Work::Blob(work) => blob_job::run(work, &parts, link).await,
            Work::File(work) => file_job::run(work, &parts, link, &trees).await,
            Work::Gather(work) => gather_job::run(work, &parts, link).await,
            Work::Build(work) => build_job::run(work, &parts, link).await,
            Work::Export(work) => export_job::run(work, &parts, link, &trees).await,
            Work::Packages(work) => packages_job::run(work, &parts, link, &trees).await,
            Work::Search(work) => search_job::run(*work, &parts, link, &trees).await,
            Work::Unpack(_) => unpack_job::run(&parts, link).await,
            Work::Diff(_) => diff_job::run(&parts),
            Work::Edit(work) => edit_job::run(*work, &parts),
            Work::Tree(call) => trees.borrow_mut().answer(call, &parts),
            Work::List(work) => list_job::run(*work, &parts, link, &trees).await,
            Work::Recall(work) => recall_job::run(work, &trees).await,
            Work::ListShared(work) => shared_job::run(work, &trees).await,
            Work::Share(digest) => shared_job::share(digest).await,
        }
    });
    running.0.borrow_mut().insert(job, Job { stop, renewal: None });
    let running = running.clone();
    wasm_bindgen_futures::spawn_local(async move {
        if let Ok(result) = future.await {
            running.0.borrow_mut().remove(&job);
            done(job, result);
        }
    });
}

fn done(job: JobId, result: Result<Finished, Problem>) {
    let memory = memory();
    let (result, parts) = match result {
        Ok(Finished { outcome, parts }) => (Ok(outcome), parts),
        Err(problem) => (Err(problem), Vec::new()),
    };
    post(&FromWorker::Done { job, result, memory }, parts);
}

fn post(message: &FromWorker, parts: Vec<JsValue>) {
    let parcel = port::pack(message, parts);
    let _sent = scope().post_message_with_transfer(&parcel.value, &parcel.transfer);
}

fn memory() -> u64 {
    let memory: Memory = wasm_bindgen::memory().unchecked_into();
    let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
    u64::from(buffer.byte_length())
}

pub(super) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

pub(super) fn content(headline: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Content, headline)
}
