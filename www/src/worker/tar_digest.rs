//! The digest of a tar, computed by a worker of its own: the one that unpacks it has enough to do.
//!
//! That one is a child of the worker that unpacks, since buffers pass between a worker and its child
//! without being copied. A buffer goes to the child full and comes back to be filled again.

use std::cell::{Cell, RefCell};

use drydock::digest::{Algorithm, Digest, Hashed, Hasher, States};
use drydock::layer::Sink;
use drydock::layer::seek::STATE_EVERY;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::future::{Either, select};
use futures_util::stream::StreamExt as _;
use js_sys::{Array, ArrayBuffer, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::entry::scope;
use super::input::copy;
use super::{HASHING, SCRIPT};
use crate::net::clock;
use crate::net::problem::{Problem, ProblemKind};

/// Milliseconds in which a child must be ready.
const READY_WITHIN: u32 = 5_000;
/// Bytes of a buffer.
const PIECE: u32 = 1 << 20;
/// Buffers on their way at once; more only where all that comes out must be taken.
const BUFFERS: u32 = 6;

/// Bytes that are handed to the child, and at the end their digest.
pub(super) struct TarDigest {
    child: Child,
    /// What is being filled, and how far it is.
    filling: Option<(Uint8Array, u32)>,
    spare: Vec<ArrayBuffer>,
    made: u32,
}

/// What the child says.
enum Said {
    /// It is there; what was sent before is lost.
    Ready,
    /// A buffer that can be filled again.
    Back(ArrayBuffer),
    /// The digest of all, and its states, one behind the other.
    Digest(String, Vec<u8>),
    /// It can't go on.
    Crashed(String),
}

impl Said {
    fn digest(both: &Array) -> Self {
        let states = both.get(1).dyn_into::<Uint8Array>().map(|states| states.to_vec());
        Self::Digest(both.get(0).as_string().unwrap_or_default(), states.unwrap_or_default())
    }
}

/// The worker that hashes.
struct Child {
    worker: Worker,
    said: UnboundedReceiver<Said>,
    _listeners: [Closure<dyn Fn(JsValue)>; 2],
}

thread_local! {
    /// A child that has nothing to do: the next layer may have it.
    static IDLE: Cell<Option<Child>> = const { Cell::new(None) };
}

impl TarDigest {
    /// Nothing was handed over yet. `None` when there is no child to be had: the server that it
    /// would come from may be gone.
    pub(super) async fn begin(algorithm: Algorithm) -> Option<Self> {
        let child = match IDLE.take() {
            Some(child) => child,
            None => Child::start().await?,
        };
        child.send(&algorithm.name().into());
        Some(Self { child, filling: None, spare: Vec::new(), made: 0 })
    }

    /// Waits until there is room for more.
    ///
    /// # Errors
    /// When the child can't go on.
    pub(super) async fn room(&mut self) -> Result<(), Problem> {
        while let Ok(said) = self.child.said.try_recv() {
            self.heard(said)?;
        }
        while self.is_full() {
            let said = self.child.said.next().await.ok_or_else(Problem::stopped)?;
            self.heard(said)?;
        }
        Ok(())
    }

    /// The digest of all that was handed over, and its states.
    ///
    /// # Errors
    /// When the child can't go on.
    pub(super) async fn finish(mut self) -> Result<Hashed, Problem> {
        self.hand_over();
        self.child.send(&JsValue::NULL);
        while let Some(said) = self.child.said.next().await {
            if let Some((digest, states)) = self.heard(said)? {
                IDLE.set(Some(self.child));
                let digest = Digest::parse(&digest).map_err(|_| crashed("it gave no digest"))?;
                let states = States::from_bytes(STATE_EVERY, &states);
                return Ok(Hashed { digest, states });
            }
        }
        Err(Problem::stopped())
    }

    fn heard(&mut self, said: Said) -> Result<Option<(String, Vec<u8>)>, Problem> {
        match said {
            Said::Ready => {}
            Said::Back(buffer) => self.spare.push(buffer),
            Said::Digest(digest, states) => return Ok(Some((digest, states))),
            Said::Crashed(why) => return Err(crashed(&why)),
        }
        Ok(None)
    }

    fn hand_over(&mut self) {
        if let Some((buffer, len)) = self.filling.take() {
            self.child.give(&buffer.subarray(0, len));
        }
    }
}

impl Sink for TarDigest {
    fn hash(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (buffer, len) = self.filling.get_or_insert_with(|| {
                let buffer = self.spare.pop().unwrap_or_else(|| {
                    self.made += 1;
                    ArrayBuffer::new(PIECE)
                });
                (Uint8Array::new(&buffer), 0)
            });
            let taken = bytes.len().min((PIECE - *len) as usize);
            let (now, rest) = bytes.split_at(taken);
            let end = *len + taken as u32;
            buffer.subarray(*len, end).copy_from(now);
            *len = end;
            bytes = rest;
            if end == PIECE {
                self.hand_over();
            }
        }
    }

    fn is_full(&self) -> bool {
        self.filling.is_none() && self.spare.is_empty() && self.made >= BUFFERS
    }
}

impl Child {
    async fn start() -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(HASHING);
        let worker = Worker::new_with_options(SCRIPT, &options).ok()?;
        // The program that runs here was compiled already.
        worker.post_message(&wasm_bindgen::module()).ok()?;
        let (heard, said) = unbounded();
        let listeners = [on_message(&heard), on_error(&heard)];
        let [message, error] = &listeners;
        worker.set_onmessage(Some(function(message)));
        worker.set_onerror(Some(function(error)));
        let mut child = Self { worker, said, _listeners: listeners };
        let late = std::pin::pin!(clock::sleep(READY_WITHIN));
        match select(child.said.next(), late).await {
            Either::Left((Some(Said::Ready), _)) => Some(child),
            _ => None,
        }
    }

    fn send(&self, message: &JsValue) {
        // Only what can't be copied is refused.
        let _sent = self.worker.post_message(message);
    }

    fn give(&self, bytes: &Uint8Array) {
        let transfer = Array::of1(&bytes.buffer());
        let _sent = self.worker.post_message_with_transfer(bytes, &transfer);
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
        let said = match data.dyn_into::<ArrayBuffer>() {
            Ok(buffer) => Said::Back(buffer),
            Err(other) => other.dyn_ref().map_or(Said::Ready, Said::digest),
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

fn function(listener: &Closure<dyn Fn(JsValue)>) -> &Function {
    listener.as_ref().unchecked_ref()
}

fn crashed(why: &str) -> Problem {
    let headline = format!("The worker that computes a digest ended before it was done: {why}.");
    Problem::new(ProblemKind::Worker, headline)
        .advise("Nothing else is lost; try again, or close other tabs if memory is short.")
}

/// The child's side: takes an algorithm, then bytes, and gives their digest and its states when it is
/// told that these were all.
pub(super) fn hash() {
    let hasher: RefCell<Option<Hasher>> = RefCell::default();
    let piece: RefCell<Vec<u8>> = RefCell::default();
    let listen = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let data = event.unchecked_into::<MessageEvent>().data();
        if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
            let mut piece = piece.borrow_mut();
            copy(bytes, &mut piece);
            if let Some(hasher) = &mut *hasher.borrow_mut() {
                hasher.update(&piece);
            }
            let buffer = bytes.buffer();
            let _sent = scope().post_message_with_transfer(&buffer, &Array::of1(&buffer));
        } else if let Some(name) = data.as_string() {
            let algorithm = Algorithm::named(&name);
            *hasher.borrow_mut() = algorithm.map(|it| Hasher::recording(it, STATE_EVERY));
        } else if let Some(hasher) = hasher.take() {
            let Hashed { digest, states } = hasher.finish_with_states();
            let states = states.map(|states| states.to_bytes()).unwrap_or_default();
            let both = Array::of2(&digest.as_str().into(), &Uint8Array::from(&*states).into());
            let _sent = scope().post_message(&both);
        }
    });
    scope().set_onmessage(Some(function(&listen)));
    listen.forget();
    let _sent = scope().post_message(&JsValue::TRUE);
}
