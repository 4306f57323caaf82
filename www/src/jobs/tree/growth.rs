//! A tree that grows while its layers are read.

use std::future::Future;
use std::pin::pin;

use drydock::digest::Digest;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::future::{Either, Fuse, FutureExt as _, select};
use futures_util::stream::{FusedStream as _, FuturesUnordered, StreamExt as _};
use wasm_bindgen::JsValue;

use super::{Event, LayerState, Tree, ask};
use crate::jobs::Problem;
use crate::net::clock;
use crate::worker::tree_job::TreeCall;

/// Milliseconds between two times that the layers are put on each other.
const PAUSE: f64 = 150.0;
/// As many times as long as that took last time; the more there is, the less often.
const TIMES: f64 = 12.0;

/// The layers of a tree on their way.
pub(super) struct Growth<'a> {
    pub(super) tree: &'a Tree,
    /// Whether the tree is shown before all are there.
    pub(super) shows: bool,
    /// Whether there is something to show from the beginning.
    pub(super) has_some: bool,
}

/// What comes next.
enum Next {
    /// A layer was read, by its place.
    Read(usize, Result<LayerState, Problem>),
    /// The entries of one so far.
    SoFar(Digest, JsValue),
    /// Time to put the layers on each other once more.
    Time,
    /// All layers are there.
    All,
}

impl Growth<'_> {
    /// Waits for all layers; ends with the first that can't be read.
    pub(super) async fn follow<R>(
        self,
        mut reading: FuturesUnordered<R>,
        mut so_far: UnboundedReceiver<(Digest, JsValue)>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), Problem>
    where
        R: Future<Output = (usize, Result<LayerState, Problem>)>,
    {
        // Whether there is more than was shown, and how long it is still to be waited with it.
        let (mut is_more, mut pause) = (self.has_some, 0.0);
        while !reading.is_empty() {
            let mut timer = pin!(match is_more && self.shows {
                true => clock::sleep(pause as u32).fuse(),
                false => Fuse::terminated(),
            });
            let from = clock::now();
            match next(&mut reading, &mut so_far, timer.as_mut()).await {
                Next::All => break,
                Next::Read(place, read) => {
                    self.tell_read(place, read?, on_event);
                    is_more = true;
                }
                Next::SoFar(digest, index) => {
                    ask(TreeCall::KeepSoFar(self.tree.id, digest), vec![index]).await?;
                    is_more = true;
                }
                Next::Time => {
                    on_event(Event::Grown(self.tree.lay().await?));
                    is_more = false;
                    pause = PAUSE.max(TIMES * (clock::now() - from - pause));
                    continue;
                }
            }
            pause = (pause - (clock::now() - from)).max(0.0);
        }
        on_event(Event::Grown(self.tree.lay().await?));
        Ok(())
    }

    /// A layer that stands there twice is read once.
    fn tell_read(&self, place: usize, state: LayerState, on_event: &mut dyn FnMut(Event)) {
        let layers = &self.tree.layers;
        let Some(read) = layers.get(place) else { return };
        for (at, layer) in layers.iter().enumerate() {
            if layer.descriptor.digest == read.descriptor.digest {
                on_event(Event::Layer(at, state));
            }
        }
    }
}

async fn next<R>(
    reading: &mut FuturesUnordered<R>,
    so_far: &mut UnboundedReceiver<(Digest, JsValue)>,
    timer: impl Future<Output = ()> + Unpin,
) -> Next
where
    R: Future<Output = (usize, Result<LayerState, Problem>)>,
{
    let part = async {
        match so_far.is_terminated() {
            true => None,
            false => so_far.next().await,
        }
    };
    let part = pin!(async {
        match part.await {
            Some((digest, index)) => Next::SoFar(digest, index),
            // All layers that could send some have ended.
            None => std::future::pending().await,
        }
    });
    match select(reading.next(), select(part, timer)).await {
        Either::Left((Some((place, read)), _)) => Next::Read(place, read),
        Either::Left((None, _)) => Next::All,
        Either::Right((Either::Left((part, _)), _)) => part,
        Either::Right((Either::Right(((), _)), _)) => Next::Time,
    }
}
