//! Lists a layer by what the server keeps of it, what another tab found out when it read all of it; and
//! gives the server what this one found out.
//!
//! What comes from there is taken where it fits what is said of the layer, and for no more than a list: nothing of it was
//! compared with the layer.

use std::cell::RefCell;
use std::rc::Rc;

use drydock::digest::Digest;
use drydock::verify::{Job, LayerRecord};

use super::entry::Finished;
use super::input::all;
use super::protocol::{Listed, Outcome, RecallWork};
use super::tree_job::Trees;
use crate::disk::layers;
use crate::net::clock;
use crate::net::problem::Problem;
use crate::net::shared::{self, Part};

/// Milliseconds after which the layer itself is read.
const PATIENCE: u32 = 10_000;

pub(super) async fn run(work: RecallWork, trees: &Rc<RefCell<Trees>>) -> Result<Finished, Problem> {
    let RecallWork { tree, subject, descriptor, diff_id, .. } = work;
    let digest = descriptor.digest.clone();
    // Whatever is the matter with it: the layer itself can be read, and is, when that is less.
    let most = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
    let bytes = clock::within(PATIENCE, shared::get(&digest, Part::Entries, most)).await;
    let bytes = bytes.and_then(Result::ok).flatten();
    let record = bytes.and_then(|bytes| LayerRecord::from_bytes(&bytes).ok());
    let job = Job::layer(subject, descriptor, diff_id);
    let listed = record.filter(|record| record.fits(&job)).map(|record| {
        trees.borrow_mut().list_shared(tree, &digest, record);
        Listed::Shared
    });
    Ok(Outcome::Listed(listed).into())
}

/// Gives what this browser remembers of a layer to the server, which gives it to other tabs, unless that
/// has it.
pub(super) async fn share(digest: Digest) -> Result<Finished, Problem> {
    let shared = Ok(Outcome::Shared.into());
    let Some(record) = layers::get(&digest, layers::Part::Entries).await? else { return shared };
    if shared::has(&digest, Part::Entries).await? {
        return shared;
    }
    if let Some(windows) = layers::get(&digest, layers::Part::Windows).await?
        && windows.size() <= shared::MOST as f64
    {
        // Without them it is a list all the same.
        let windows = all(&windows).await?.to_vec();
        let _refused = shared::put(&digest, Part::Windows, &windows).await;
    }
    // Others look for this one first, and so find both.
    shared::put(&digest, Part::Entries, &all(&record).await?.to_vec()).await?;
    shared
}
