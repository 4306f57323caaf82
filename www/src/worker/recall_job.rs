//! Looks whether a layer was read in this browser before, so that it need not be read again.

use std::cell::RefCell;
use std::rc::Rc;

use drydock::verify::{Job, LayerRecord};

use super::entry::Finished;
use super::input::all;
use super::protocol::{Outcome, RecallWork};
use super::tree_job::Trees;
use crate::disk::layers::{self, Part};
use crate::net::problem::Problem;

pub(super) async fn run(work: RecallWork, trees: &Rc<RefCell<Trees>>) -> Result<Finished, Problem> {
    let RecallWork { tree, file_digests, subject, descriptor, diff_id } = work;
    let digest = descriptor.digest.clone();
    // A browser that keeps nothing remembers nothing.
    let Ok(Some(file)) = layers::get(&digest, Part::Entries).await else {
        return Ok(Outcome::Recalled(false).into());
    };
    let Ok(bytes) = all(&file).await else { return Ok(Outcome::Recalled(false).into()) };
    let record = LayerRecord::from_bytes(&bytes.to_vec());
    let job = Job::layer(subject, descriptor, diff_id);
    let fits = match record {
        Ok(record) if file_digests && !record.index.has_file_digests() => false,
        Ok(record) if record.fits(&job) => {
            trees.borrow_mut().recall(tree, &digest, record);
            true
        }
        // The layer itself says what is wrong with it.
        Ok(record) if record.facts.digest == digest => false,
        _ => {
            let _gone = layers::remove(&digest).await;
            false
        }
    };
    Ok(Outcome::Recalled(fits).into())
}
