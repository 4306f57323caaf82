//! Lists a layer by what the server keeps of it: what another tab found out when it read all of it.
//!
//! It is taken where it fits what is said of the layer, and for no more than a list: nothing of it was
//! compared with the layer.

use std::cell::RefCell;
use std::rc::Rc;

use drydock::verify::{Job, LayerRecord};

use super::entry::Finished;
use super::protocol::{Listed, Outcome, RecallWork};
use super::tree_job::Trees;
use crate::net::problem::Problem;
use crate::net::shared::{self, Part};

pub(super) async fn run(work: RecallWork, trees: &Rc<RefCell<Trees>>) -> Result<Finished, Problem> {
    let RecallWork { tree, subject, descriptor, diff_id } = work;
    let digest = descriptor.digest.clone();
    // Whatever is the matter with it: the layer itself can be read, and is, when that is less.
    let most = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
    let bytes = shared::get(&digest, Part::Entries, most).await.ok().flatten();
    let record = bytes.and_then(|bytes| LayerRecord::from_bytes(&bytes).ok());
    let job = Job::layer(subject, descriptor, diff_id);
    let listed = record.filter(|record| record.fits(&job)).map(|record| {
        trees.borrow_mut().list_shared(tree, &digest, record);
        Listed::Shared
    });
    Ok(Outcome::Listed(listed).into())
}
