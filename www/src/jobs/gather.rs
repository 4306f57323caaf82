//! Files that the user chose, taken onto the browser's disk so that a draft can name them.
//!
//! Small files are read here and handed to the worker many at once: handing over each by itself
//! keeps the browser busy for a millisecond, and a folder may have 50 000.

mod packs;

use std::cell::Cell;
use std::rc::Rc;

use drydock::digest::Digest;
use drydock::edit::{Content, Contents};
use futures_util::future::{Either, join, ready};
use wasm_bindgen::JsValue;

use self::packs::{Batch, Pack};
use super::{Problem, Progress, no_sense, tab};
use crate::chosen::Chosen;
use crate::worker::pool::Order;
use crate::worker::protocol::{GatherWork, Handed, Outcome, Work};

pub use crate::worker::protocol::Gathered;

/// What came of taking files.
#[derive(Debug, Default)]
pub struct Taken {
    /// Each file, in the order in which they were given.
    pub files: Vec<Gathered>,
    /// Where they are.
    pub contents: Contents,
}

/// Files that are ready for the worker.
struct Ready {
    handed: Vec<Handed>,
    parts: Vec<JsValue>,
    size: u64,
}

/// Tells how far it all is, whether that is known from what was read here or from the worker.
#[derive(Clone)]
struct Teller<F> {
    on_progress: F,
    most: Rc<Cell<u64>>,
}

impl<F: FnMut(Progress)> Teller<F> {
    fn tell(&mut self, downloaded: u64) {
        if downloaded > self.most.get() {
            self.most.set(downloaded);
            (self.on_progress)(Progress { downloaded, ..Progress::default() });
        }
    }
}

/// Copies files onto the browser's disk, in a worker, and hashes each.
///
/// # Errors
/// When one can't be read, or there is no room.
pub async fn take(
    chosen: &[Chosen],
    on_progress: impl FnMut(Progress) + Clone + 'static,
) -> Result<Taken, Problem> {
    let sizes: Vec<u64> = chosen.iter().map(|file| file.blob.size() as u64).collect();
    let mut batches = packs::batches(&sizes).into_iter();
    let mut taken = Taken::default();
    let teller = Teller { on_progress, most: Rc::default() };
    let mut written = 0;
    let mut next = read_next(chosen, &mut batches, 0, teller.clone()).await?;
    while let Some(now) = next.take() {
        let (mut told, before) = (teller.clone(), written);
        let told = move |now: Progress| told.tell(before + now.downloaded);
        written += now.size;
        // The next files are read while these are written.
        let more = match batches.as_slice() {
            [] => Either::Left(ready(Ok(None))),
            _ => Either::Right(read_next(chosen, &mut batches, written, teller.clone())),
        };
        let (done, more) = join(write(now, told), more).await;
        let (blob, files) = done?;
        for file in files {
            let content = Content { blob: blob.clone(), offset: file.offset, size: file.size };
            taken.contents.insert(file.digest.clone(), content);
            taken.files.push(file);
        }
        next = more?;
    }
    Ok(taken)
}

/// Reads what the worker is given next; `None` when there is no more.
async fn read_next(
    chosen: &[Chosen],
    batches: &mut std::vec::IntoIter<Batch>,
    before: u64,
    mut teller: Teller<impl FnMut(Progress)>,
) -> Result<Option<Ready>, Problem> {
    let Some(Batch(packs)) = batches.next() else { return Ok(None) };
    let mut ready = Ready { handed: Vec::new(), parts: Vec::new(), size: 0 };
    let mut read = before;
    for pack in packs {
        match pack {
            Pack::Large(at) => {
                let file = chosen.get(at).ok_or_else(no_sense)?;
                ready.size += file.blob.size() as u64;
                ready.handed.push(Handed::File);
                ready.parts.push(file.blob.clone().into());
            }
            Pack::Small(range) => {
                let files = chosen.get(range).ok_or_else(no_sense)?;
                let (bytes, sizes) = packs::read(files).await?;
                ready.size += u64::from(bytes.byte_length());
                read += u64::from(bytes.byte_length());
                teller.tell(read);
                ready.handed.push(Handed::Pack(sizes));
                ready.parts.push(bytes.buffer().into());
            }
        }
    }
    Ok(Some(ready))
}

async fn write(
    ready: Ready,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(Digest, Vec<Gathered>), Problem> {
    let Ready { handed, parts, size } = ready;
    let order =
        async || Ok(Order { work: Work::Gather(GatherWork { handed }), parts, slots: Vec::new() });
    match tab().pool.read(size, order, on_progress).await?.outcome {
        Outcome::Gathered { blob, files } => Ok((blob, files)),
        _ => Err(no_sense()),
    }
}
