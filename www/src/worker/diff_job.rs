//! Compares two documents that are too long to be compared between two frames.

use drydock::edit::present;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::entry::{Finished, content};
use super::protocol::Outcome;
use crate::net::problem::Problem;

pub(super) fn run(parts: &[JsValue]) -> Result<Finished, Problem> {
    let [before, after] = parts else {
        return Err(content("Two documents are compared, no more and no less."));
    };
    let (before, after) = (Uint8Array::new(before).to_vec(), Uint8Array::new(after).to_vec());
    Ok(Outcome::Diff(present::compare_documents(&before, &after)).into())
}
