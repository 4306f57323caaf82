//! Files that the user chose, taken onto the browser's disk so that a draft can name them.
//!
//! Small files are read here and handed to the worker many at once: handing over each by itself
//! keeps the browser busy for a millisecond, and a folder may have 50 000.

mod packs;

use std::collections::BTreeMap;

use drydock::digest::Digest;
use futures_util::future::{Either, join, ready};
use wasm_bindgen::JsValue;

use self::packs::{Batch, Pack};
use super::drafts::Content;
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
    pub contents: BTreeMap<Digest, Content>,
}

/// Files that are ready for the worker.
struct Ready {
    handed: Vec<Handed>,
    parts: Vec<JsValue>,
    size: u64,
    count: u64,
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
    let mut before = Progress::default();
    let mut next = read_next(chosen, &mut batches).await?;
    while let Some(now) = next.take() {
        let mut told = on_progress.clone();
        let base = before;
        let told = move |now: Progress| {
            let downloaded = base.downloaded + now.downloaded;
            told(Progress { downloaded, entries: base.entries + now.entries, ..now });
        };
        before.downloaded += now.size;
        before.entries += now.count;
        // The next files are read while these are written.
        let more = match batches.as_slice() {
            [] => Either::Left(ready(Ok(None))),
            _ => Either::Right(read_next(chosen, &mut batches)),
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
) -> Result<Option<Ready>, Problem> {
    let Some(Batch(packs)) = batches.next() else { return Ok(None) };
    let mut ready = Ready { handed: Vec::new(), parts: Vec::new(), size: 0, count: 0 };
    for pack in packs {
        match pack {
            Pack::Large(at) => {
                let file = chosen.get(at).ok_or_else(no_sense)?;
                ready.size += file.blob.size() as u64;
                ready.count += 1;
                ready.handed.push(Handed::File);
                ready.parts.push(file.blob.clone().into());
            }
            Pack::Small(range) => {
                let files = chosen.get(range).ok_or_else(no_sense)?;
                let (bytes, sizes) = packs::read(files).await?;
                ready.size += u64::from(bytes.byte_length());
                ready.count += sizes.len() as u64;
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
    let Ready { handed, parts, size, .. } = ready;
    let order =
        async || Ok(Order { work: Work::Gather(GatherWork { handed }), parts, slots: Vec::new() });
    match tab().pool.read(size, order, on_progress).await?.outcome {
        Outcome::Gathered { blob, files } => Ok((blob, files)),
        _ => Err(no_sense()),
    }
}
