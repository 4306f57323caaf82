//! The digest of a tar, computed by a child of the worker that unpacks it, which has enough to do.
//!
//! A buffer goes to the child full and comes back to be filled again.

use std::cell::Cell;

use drydock::digest::{Algorithm, Digest, Hashed, Hasher, States};
use drydock::layer::Sink;
use drydock::layer::seek::STATE_EVERY;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use super::child::{Child, Kind, answer, serve};
use super::input::copy;
use crate::net::problem::Problem;

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
            None => Child::start(Kind::Hashing).await?,
        };
        child.send(&algorithm.name().into());
        Some(Self { child, filling: None, spare: Vec::new(), made: 0 })
    }

    /// Waits until there is room for more.
    ///
    /// # Errors
    /// When the child can't go on.
    pub(super) async fn room(&mut self) -> Result<(), Problem> {
        while let Some(said) = self.child.heard() {
            self.take_back(said?);
        }
        while self.is_full() {
            let said = self.child.hear().await?;
            self.take_back(said);
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
        loop {
            let said = self.child.hear().await?;
            if let Some(both) = said.dyn_ref::<Array>() {
                let digest = Digest::parse(&both.get(0).as_string().unwrap_or_default());
                let digest = digest.map_err(|_| self.child.crashed("it gave no digest"));
                let states = both.get(1).dyn_into::<Uint8Array>();
                let states = states.map(|states| states.to_vec()).unwrap_or_default();
                let states = States::from_bytes(STATE_EVERY, &states);
                IDLE.set(Some(self.child));
                return digest.map(|digest| Hashed { digest, states });
            }
        }
    }

    /// Takes a buffer that can be filled again.
    fn take_back(&mut self, said: JsValue) {
        self.spare.extend(said.dyn_into::<ArrayBuffer>());
    }

    fn hand_over(&mut self) {
        if let Some((buffer, len)) = self.filling.take() {
            let bytes = buffer.subarray(0, len);
            self.child.give(&bytes, &Array::of1(&bytes.buffer()));
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

/// The child's side: takes an algorithm, then bytes, and gives their digest and its states when it is
/// told that these were all.
pub(super) fn hash() {
    let (mut hasher, mut piece): (Option<Hasher>, _) = (None, Vec::new());
    serve(move |data| {
        if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
            copy(bytes, &mut piece);
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece);
            }
            let buffer = bytes.buffer();
            answer(&buffer, &Array::of1(&buffer));
        } else if let Some(name) = data.as_string() {
            let algorithm = Algorithm::named(&name);
            hasher = algorithm.map(|it| Hasher::recording(it, STATE_EVERY));
        } else if let Some(hasher) = hasher.take() {
            let Hashed { digest, states } = hasher.finish_with_states();
            let states = states.map(|states| states.to_bytes()).unwrap_or_default();
            let both = Array::of2(&digest.as_str().into(), &Uint8Array::from(&*states).into());
            answer(&both, &Array::new());
        }
    });
}
