//! A text in all files of an image.

use std::cell::Cell;
use std::rc::Rc;

use drydock::inspect::search::{Hit, Searched, Wanted};
use js_sys::Uint8Array;

use super::bytes::Readable;
use super::tree::{self, Event, Layer, Tree, materials};
use super::{Problem, Progress, no_sense, tab};
use crate::worker::protocol::{Outcome, SearchWork, Work};
use crate::worker::tree_job::TreeCall;

/// What happens while it is looked for.
#[derive(Debug)]
pub enum Told {
    /// How many bytes of layers were looked through.
    Looked(u64),
    /// Hits, in the order of the layers; none of the layer at hand was compared with its digest yet.
    Hits(Vec<Hit>),
}

/// An image whose layers were verified, in which things can be looked for.
#[derive(Debug)]
pub struct Searchable(Tree);

/// Reads and verifies the layers as far as that is not known.
///
/// # Errors
/// As [`tree::open`].
pub async fn open(
    layers: Vec<Layer>,
    on_event: impl FnMut(Event) + 'static,
) -> Result<Searchable, Problem> {
    tree::open_to_read(layers, on_event).await.map(Searchable)
}

/// Whether something can be looked for. The page leaves expressions to the worker, which has what reads
/// them.
///
/// # Errors
/// Why it can't be.
pub async fn understand(wanted: &Wanted) -> Result<(), Problem> {
    tree::ask(TreeCall::Understand(Box::new(wanted.clone())), Vec::new()).await.map(drop)
}

impl Searchable {
    /// Looks through all files.
    ///
    /// # Errors
    /// When the pattern is none, or a layer can't be read again or is not what is said of it: then its
    /// hits may not be believed.
    pub async fn search(
        &self,
        wanted: Wanted,
        on_told: impl Fn(Told) + 'static,
    ) -> Result<Searched, Problem> {
        let Readable { from: layers, parts, slots: _slots } = materials::of(&self.0).await?;
        let work = Work::Search(Box::new(SearchWork { tree: self.0.id(), layers, wanted }));
        let most = Rc::new(Cell::new(0));
        let on_progress = move |progress: Progress, part: Option<wasm_bindgen::JsValue>| {
            if let Some(part) = part {
                let bytes = Uint8Array::new(&part).to_vec();
                if let Ok(hits) = serde_json::from_slice(&bytes) {
                    on_told(Told::Hits(hits));
                }
            }
            if progress.downloaded > most.get() {
                most.set(progress.downloaded);
                on_told(Told::Looked(progress.downloaded));
            }
        };
        let done = tab().pool.in_tree_worker_with_parts(work, parts, on_progress).await?;
        match done.outcome {
            Outcome::Searched(searched) => Ok(searched),
            _ => Err(no_sense()),
        }
    }

    /// Bytes of all layers.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.layers().iter().map(|layer| layer.descriptor.size).sum()
    }
}
