//! Workers of a worker: one that has too much to do has some of it done by children.
//!
//! They are children of the worker that needs them, since buffers pass between a worker and its child
//! without being copied. What they are told and answer is up to each kind.

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::future::{Either, select};
use futures_util::stream::StreamExt as _;
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::SCRIPT;
use super::entry::scope;
use super::port;
use super::protocol::FromWorker;
use crate::net::clock;
use crate::net::problem::{Problem, ProblemKind};

/// Milliseconds in which a child must be ready.
const READY_WITHIN: u32 = 5_000;

/// What children there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Computes the digest of a tar; see [`tar_digest`](super::tar_digest).
    Hashing,
    /// Compresses blocks of a tar; see [`packing`](super::packing).
    Packing,
}

/// A child, seen from the worker that has it. It ends when this is dropped.
pub(super) struct Child {
    kind: Kind,
    worker: Worker,
    said: UnboundedReceiver<Said>,
    _listeners: [Closure<dyn Fn(JsValue)>; 2],
}

enum Said {
    /// What its kind says.
    Message(JsValue),
    /// It can't go on.
    Crashed(String),
}

impl Kind {
    /// The kind of the worker with this name, if it is a child.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Hashing, Self::Packing].into_iter().find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hashing => "drydock-hashing",
            Self::Packing => "drydock-packing",
        }
    }

    fn does(self) -> &'static str {
        match self {
            Self::Hashing => "computes a digest",
            Self::Packing => "compresses a layer",
        }
    }
}

impl Child {
    /// Starts one. `None` when there is none to be had: the server that it would come from may be
    /// gone.
    pub(super) async fn start(kind: Kind) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(kind.name());
        let worker = Worker::new_with_options(SCRIPT, &options).ok()?;
        // The program that runs here was compiled already.
        worker.post_message(&wasm_bindgen::module()).ok()?;
        let (heard, said) = unbounded();
        let listeners = [on_message(&heard), on_error(&heard)];
        let [message, error] = &listeners;
        worker.set_onmessage(Some(function(message)));
        worker.set_onerror(Some(function(error)));
        let mut child = Self { kind, worker, said, _listeners: listeners };
        let late = std::pin::pin!(clock::sleep(READY_WITHIN));
        // What is sent before it says something is lost.
        match select(child.said.next(), late).await {
            Either::Left((Some(Said::Message(_)), _)) => Some(child),
            _ => None,
        }
    }

    /// Tells it something.
    pub(super) fn send(&self, message: &JsValue) {
        self.give(message, &Array::new());
    }

    /// Tells it something with buffers in it, which change hands.
    pub(super) fn give(&self, message: &JsValue, buffers: &Array) {
        // Only what can't be copied is refused.
        let _sent = self.worker.post_message_with_transfer(message, buffers);
    }

    /// What it says next.
    ///
    /// # Errors
    /// When it can't go on.
    pub(super) async fn hear(&mut self) -> Result<JsValue, Problem> {
        let said = self.said.next().await.ok_or_else(Problem::stopped)?;
        self.message(said)
    }

    /// What it has said already, if anything.
    pub(super) fn heard(&mut self) -> Option<Result<JsValue, Problem>> {
        let said = self.said.try_recv().ok()?;
        Some(self.message(said))
    }

    /// That it ended, and why.
    pub(super) fn crashed(&self, why: &str) -> Problem {
        let does = self.kind.does();
        let headline = format!("The worker that {does} ended before it was done: {why}.");
        Problem::new(ProblemKind::Worker, headline)
            .advise("Nothing else is lost; try again, or close other tabs if memory is short.")
    }

    fn message(&self, said: Said) -> Result<JsValue, Problem> {
        match said {
            Said::Message(message) => Ok(message),
            Said::Crashed(why) => Err(self.crashed(&why)),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn on_message(heard: &UnboundedSender<Said>) -> Closure<dyn Fn(JsValue)> {
    let heard = heard.clone();
    Closure::new(move |event: JsValue| {
        let data = event.unchecked_into::<MessageEvent>().data();
        let said = match port::unpack(&data) {
            Some((FromWorker::Crashed { message }, _)) => Said::Crashed(message),
            _ => Said::Message(data),
        };
        // Nobody listens when the work was stopped.
        let _stopped = heard.unbounded_send(said);
    })
}

fn on_error(heard: &UnboundedSender<Said>) -> Closure<dyn Fn(JsValue)> {
    let heard = heard.clone();
    Closure::new(move |event: JsValue| {
        let why = Reflect::get(&event, &"message".into()).ok().and_then(|why| why.as_string());
        let why = why.filter(|why| !why.is_empty());
        let why = why.unwrap_or_else(|| "it could not be loaded".to_owned());
        let _stopped = heard.unbounded_send(Said::Crashed(why));
    })
}

/// The child's side: says that it is there, and takes what it is told from then on.
pub(super) fn serve(mut take: impl FnMut(JsValue) + 'static) {
    let listen = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        take(event.data());
    });
    scope().set_onmessage(Some(listen.as_ref().unchecked_ref()));
    listen.forget();
    answer(&JsValue::TRUE, &Array::new());
}

/// The child's side: says something with buffers in it, which change hands.
pub(super) fn answer(message: &JsValue, buffers: &Array) {
    let _sent = scope().post_message_with_transfer(message, buffers);
}

fn function(listener: &Closure<dyn Fn(JsValue)>) -> &Function {
    listener.as_ref().unchecked_ref()
}
