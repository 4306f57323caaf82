//! Blocks of a tar, compressed by several children of the worker that makes a layer.
//!
//! A buffer goes to a child with a block and comes back with what became of it, to be filled again.

use std::collections::VecDeque;

use drydock::layer::write::{Block, Inline, PackedBlock, Packers};
use futures_util::future::join_all;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use super::child::{Child, Kind, answer, serve};
use super::port;
use crate::net::problem::Problem;

/// Blocks that each child has at once: one that it compresses, one that waits for it.
const AHEAD: usize = 2;

/// Children that compress; without any the worker does it itself.
pub(super) struct Packing {
    children: Vec<PackingChild>,
    /// Which of them has which block, the one that was given first at the front.
    out: VecDeque<usize>,
    /// Buffers that can be filled again.
    spare: Vec<ArrayBuffer>,
    inline: Inline,
}

struct PackingChild {
    child: Child,
    /// Number of blocks that it has.
    has: usize,
    /// Blocks that it gave back and nobody has taken.
    done: VecDeque<Result<PackedBlock, Problem>>,
}

impl Packing {
    /// Children for so many processors, this worker's own among them: it waits most of the time.
    /// There may be fewer, or none: the server that they come from may be gone.
    pub(super) async fn begin(processors: usize) -> Self {
        let wanted = if processors > 1 { processors } else { 0 };
        let children = join_all((0..wanted).map(|_| Child::start(Kind::Packing))).await;
        let children = children.into_iter().flatten();
        let children =
            children.map(|child| PackingChild { child, has: 0, done: VecDeque::new() }).collect();
        Self { children, out: VecDeque::new(), spare: Vec::new(), inline: Inline::default() }
    }
}

impl Packers<Problem> for Packing {
    fn room(&self) -> usize {
        match self.children.len() {
            0 => Packers::<Problem>::room(&self.inline),
            children => children * AHEAD,
        }
    }

    fn give(&mut self, block: Block) {
        for child in &mut self.children {
            while let Some(said) = child.child.heard() {
                child.hears(said, &mut self.spare);
            }
        }
        let idlest = self.children.iter_mut().enumerate().min_by_key(|(_, child)| child.has);
        let Some((at, child)) = idlest else {
            return Packers::<Problem>::give(&mut self.inline, block);
        };
        let fits = |buffer: &ArrayBuffer| buffer.byte_length() as usize >= block.bytes.len();
        let buffer = self.spare.pop().filter(fits);
        let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(block.bytes.capacity() as u32));
        let message = filled(&block, &block.bytes, buffer);
        child.child.give(&message.value, &message.transfer);
        child.has += 1;
        self.out.push_back(at);
    }

    async fn take(&mut self) -> Result<PackedBlock, Problem> {
        let first = self.out.pop_front().and_then(|at| self.children.get_mut(at));
        let Some(child) = first else { return self.inline.take().await };
        loop {
            if let Some(done) = child.done.pop_front() {
                return done;
            }
            let said = child.child.hear().await;
            child.hears(said, &mut self.spare);
        }
    }
}

impl PackingChild {
    fn hears(&mut self, said: Result<JsValue, Problem>, spare: &mut Vec<ArrayBuffer>) {
        self.has = self.has.saturating_sub(1);
        self.done.push_back(said.and_then(|said| {
            let (mut packed, bytes, buffer): (PackedBlock, _, _) =
                emptied(&said).ok_or_else(|| self.child.crashed("it gave no block"))?;
            packed.bytes = bytes;
            spare.push(buffer);
            Ok(packed)
        }));
    }
}

/// The child's side: compresses each block that it is given.
pub(super) fn pack() {
    serve(|data| {
        let Some((mut block, bytes, buffer)) = emptied::<Block>(&data) else {
            // Whoever waits for an answer hears of it.
            wasm_bindgen::throw_str("it was given no block");
        };
        block.bytes = bytes;
        let packed = block.pack();
        let fits = packed.bytes.len() <= buffer.byte_length() as usize;
        let buffer = if fits { buffer } else { ArrayBuffer::new(packed.bytes.len() as u32) };
        let message = filled(&packed, &packed.bytes, buffer);
        answer(&message.value, &message.transfer);
    });
}

/// A block as it travels: what is said of it, a buffer, and how many bytes of this are its own.
fn filled(block: &impl serde::Serialize, bytes: &[u8], buffer: ArrayBuffer) -> port::Parcel {
    Uint8Array::new_with_byte_offset_and_length(&buffer, 0, bytes.len() as u32).copy_from(bytes);
    port::pack(block, [buffer.into(), JsValue::from_f64(bytes.len() as f64)])
}

fn emptied<T: serde::de::DeserializeOwned>(data: &JsValue) -> Option<(T, Vec<u8>, ArrayBuffer)> {
    let (block, parts) = port::unpack(data)?;
    let [buffer, len] = &*parts else { return None };
    let buffer: &ArrayBuffer = buffer.dyn_ref()?;
    let len = len.as_f64().filter(|len| *len <= f64::from(buffer.byte_length()))?;
    let bytes = Uint8Array::new_with_byte_offset_and_length(buffer, 0, len as u32).to_vec();
    Some((block, bytes, buffer.clone()))
}
