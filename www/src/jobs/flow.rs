//! Blobs on their way from one registry to another: read and hashed once, while they are sent.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::registry::upload::WHOLE_BYTES;
use futures_channel::mpsc;
use futures_util::future::LocalBoxFuture;
use futures_util::lock::Mutex;
use futures_util::{FutureExt as _, StreamExt as _};
use js_sys::Array;
use wasm_bindgen::JsCast as _;
use web_sys::Blob;

use super::bytes::{self, Located, Readable};
use super::obtain::{Spooled, is_it, obtain};
use super::{Problem, Task, blob, no_sense, tab};
use crate::disk;
use crate::net::place::Place;
use crate::net::transport::{Coming, Payload};
use crate::worker::pool::{More, Order};
use crate::worker::protocol::{BlobWork, Keep, Outcome, Work};

/// Bytes of a piece.
const PIECE: u64 = 4 << 20;
/// Most bytes that are gathered for one request; what is more goes over the disk.
const GATHERED: u64 = 64 << 20;

/// The bytes of a blob, for an upload: where they lie, when they lie on a disk; small ones from a
/// registry in one piece, large ones as they come.
///
/// # Errors
/// When it can't be read, or is not what its descriptor says.
pub(super) async fn payload(
    place: &Place,
    descriptor: &Descriptor,
    spooled: &Spooled,
) -> Result<Payload, Problem> {
    let known = disk::blob(&descriptor.digest).await?;
    if let Some(file) = known
        && is_it(&file, descriptor, |_| {}).await?
    {
        return Ok(Payload::Here(file.into()));
    }
    match bytes::locate(place, &descriptor.digest).await? {
        Located::Here(_) => Ok(obtain(place, descriptor, spooled, |_| {}).await?.into()),
        Located::Registry(place) if descriptor.size <= WHOLE_BYTES => {
            Ok(blob::download(&place, descriptor, |_| {}).await?.into())
        }
        Located::Registry(place) => {
            let descriptor = descriptor.clone();
            Ok(Payload::Coming(Rc::new(Flow { place, descriptor, run: Mutex::default() })))
        }
    }
}

/// A large blob of a registry.
struct Flow {
    place: Place,
    descriptor: Descriptor,
    run: Mutex<Option<Run>>,
}

/// One reading of it, from its first byte on.
struct Run {
    news: mpsc::UnboundedReceiver<News>,
    /// Pieces that came and may be asked for again, each with the offset of its first byte.
    pieces: VecDeque<(u64, Blob, Option<More>)>,
    /// Bytes that came.
    end: u64,
    _task: Task,
}

enum News {
    Piece(Blob, More),
    /// Nothing more comes; why, when that is too early.
    End(Result<(), Problem>),
}

impl Coming for Flow {
    fn part(&self, range: Range<u64>) -> LocalBoxFuture<'_, Result<Blob, Problem>> {
        async move {
            if range.end - range.start > GATHERED {
                // The registry takes no chunks.
                let spooled = Spooled::default();
                let file = obtain(&self.place, &self.descriptor, &spooled, |_| {}).await?;
                let part = disk::shorten(&file, range.start, range.end).ok_or_else(no_sense);
                // It is still to be read, and a new upload would only read it again.
                spooled.release_later(self.descriptor.size);
                return part;
            }
            let mut run = self.run.lock().await;
            let gone = |run: &Run| {
                let first = run.pieces.front().map_or(run.end, |(start, ..)| *start);
                first > range.start
            };
            let before = run.take().filter(|run| !gone(run));
            let now = run.insert(before.unwrap_or_else(|| Run::start(self)));
            now.part(&range).await
        }
        .boxed_local()
    }
}

impl Run {
    fn start(flow: &Flow) -> Self {
        let (sender, news) = mpsc::unbounded();
        let (place, descriptor) = (flow.place.clone(), flow.descriptor.clone());
        let pieces = sender.clone();
        let on_piece = Rc::new(move |piece: wasm_bindgen::JsValue, more: More| {
            if let Ok(piece) = piece.dyn_into() {
                let _unheard = pieces.unbounded_send(News::Piece(piece, more));
            }
        });
        let task = Task::spawn(async move {
            let order = async || {
                let Readable { from, parts, slots } =
                    bytes::find(&place, &descriptor.digest).await?;
                let keep = Keep::Pieces(PIECE);
                let work = Work::Blob(BlobWork { from, descriptor: descriptor.clone(), keep });
                Ok(Order { work, parts, slots })
            };
            let read = tab().pool.read_in_pieces(descriptor.size, order, |_| {}, Some(on_piece));
            let end = match read.await.map(|done| done.outcome) {
                Ok(Outcome::Blob { digest, size }) => {
                    blob::check(&place, &descriptor, &digest, size)
                }
                Ok(_) => Err(no_sense()),
                Err(problem) => Err(problem),
            };
            let _unheard = sender.unbounded_send(News::End(end));
        });
        Self { news, pieces: VecDeque::new(), end: 0, _task: task }
    }

    async fn part(&mut self, range: &Range<u64>) -> Result<Blob, Problem> {
        loop {
            // What was asked for before is at the registry by now.
            while let Some((start, piece, more)) = self.pieces.front()
                && start + piece.size() as u64 <= range.start
                && self.end > range.start
            {
                if let Some(more) = more {
                    more.tell();
                }
                self.pieces.pop_front();
            }
            if self.end >= range.end {
                return self.cut(range);
            }
            match self.news.next().await {
                Some(News::Piece(piece, more)) => {
                    let start = self.end;
                    self.end += piece.size() as u64;
                    // The worker may go on as long as not all of the part is there.
                    let more = match self.end < range.end {
                        true => {
                            more.tell();
                            None
                        }
                        false => Some(more),
                    };
                    self.pieces.push_back((start, piece, more));
                }
                Some(News::End(Err(problem))) => return Err(problem),
                Some(News::End(Ok(()))) | None => return Err(no_sense()),
            }
        }
    }

    fn cut(&self, range: &Range<u64>) -> Result<Blob, Problem> {
        let parts = Array::new();
        for (start, piece, _) in &self.pieces {
            let end = start + piece.size() as u64;
            let (from, to) = (range.start.max(*start), range.end.min(end));
            if from < to {
                let part = disk::shorten(piece, from - start, to - start).ok_or_else(no_sense)?;
                parts.push(&part);
            }
        }
        Blob::new_with_blob_sequence(&parts).map_err(|_| no_sense())
    }
}
