//! What becomes of the documents of a draft, line by line.

use drydock::edit::present::{self, DocumentDiff, Line};
use drydock::edit::{Change, ChangedDocument};
use js_sys::Uint8Array;

use super::{Problem, no_sense, tab};
use crate::net::clock;
use crate::worker::pool::{Done, Order};
use crate::worker::protocol::{DiffWork, Outcome, Work};

/// Bytes of two documents together up to which they are compared at once.
const AT_ONCE: usize = 64 << 10;

/// All documents of a change, the root first. Long ones are compared by a worker; while they are,
/// everything else goes on.
///
/// # Errors
/// When the worker ended before it was done.
pub async fn documents(change: &Change) -> Result<Vec<DocumentDiff>, Problem> {
    let mut all = Vec::new();
    for changed in present::documents(change) {
        let lines = match size(&changed) <= AT_ONCE || changed.is_kept() {
            true => present::lines(&changed),
            false => compare(&changed).await?,
        };
        all.push(present::document_diff(&changed, lines));
        clock::let_others_run().await;
    }
    Ok(all)
}

fn size(changed: &ChangedDocument) -> usize {
    let before = changed.before.as_ref().map_or(0, |before| before.bytes().len());
    before + changed.document.bytes().len()
}

async fn compare(changed: &ChangedDocument) -> Result<Vec<Line>, Problem> {
    let before = changed.before.as_ref().map(|before| before.bytes().as_ref());
    let buffer = |bytes: &[u8]| Uint8Array::from(bytes).buffer().into();
    let parts = vec![buffer(before.unwrap_or_default()), buffer(changed.document.bytes())];
    let order = async move || Ok(Order { work: Work::Diff(DiffWork), parts, slots: Vec::new() });
    // It is shown next, so it goes before what is read.
    let Done { outcome, .. } = tab().pool.read(u64::MAX, order, |_| {}).await?;
    match outcome {
        Outcome::Diff(lines) => Ok(lines),
        _ => Err(no_sense()),
    }
}
