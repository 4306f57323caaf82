//! Files that the user chose, taken onto the browser's disk so that a draft can name them.

use std::collections::BTreeMap;

use drydock::digest::Digest;

use super::drafts::Content;
use super::{Problem, Progress, no_sense, tab};
use crate::chosen::Chosen;
use crate::worker::pool::Order;
use crate::worker::protocol::{GatherWork, Outcome, Work};

pub use crate::worker::protocol::Gathered;

/// What came of taking files.
#[derive(Debug, Default)]
pub struct Taken {
    /// Each file, in the order in which they were given.
    pub files: Vec<Gathered>,
    /// Where they are.
    pub contents: BTreeMap<Digest, Content>,
}

/// Copies files onto the browser's disk, in a worker, and hashes each.
///
/// # Errors
/// When one can't be read, or there is no room.
pub async fn take(
    chosen: &[Chosen],
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Taken, Problem> {
    let parts: Vec<_> = chosen.iter().map(|file| file.blob.clone().into()).collect();
    let size = chosen.iter().map(|file| file.blob.size() as u64).sum();
    let work = async || {
        Ok(Order {
            work: Work::Gather(GatherWork { files: parts.len() }),
            parts,
            slots: Vec::new(),
        })
    };
    let Outcome::Gathered { blob, files } = tab().pool.read(size, work, on_progress).await?.outcome
    else {
        return Err(no_sense());
    };
    let mut taken = Taken::default();
    for file in files {
        let content = Content { blob: blob.clone(), offset: file.offset, size: file.size };
        taken.contents.insert(file.digest.clone(), content);
        taken.files.push(file);
    }
    Ok(taken)
}
