//! Looks for a text in all files of an opened tree; hits are told as they are found.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use drydock::inspect::search::{self, Hit, Pattern, Wanted};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link, content};
use super::meter::Meter;
use super::protocol::{Outcome, SearchWork};
use super::supply::Supply;
use super::tree_job::Trees;
use crate::net::clock;
use crate::net::problem::Problem;

/// Milliseconds between two parcels of hits.
const EVERY: f64 = 100.0;

pub(super) async fn run(
    work: SearchWork,
    parts: &[JsValue],
    link: Link,
    trees: &RefCell<Trees>,
) -> Result<Finished, Problem> {
    let SearchWork { tree, layers, wanted } = work;
    let pattern = pattern(&wanted)?;
    let overlay = trees.borrow().overlay(tree)?;
    let files = BTreeMap::new();
    let supply = Supply::new(&layers, &files, parts, link.clone());
    let mut meter = Meter::new(link.clone());
    let found: Rc<RefCell<Vec<Hit>>> = Rc::default();
    let (gathered, mut told) = (Rc::clone(&found), f64::MIN);
    let hit = move |hit: Hit| gathered.borrow_mut().push(hit);
    let mut tell = move |downloaded: u64, at_once: bool| {
        let now = clock::now();
        if found.borrow().is_empty() || (!at_once && now - told < EVERY) {
            return;
        }
        told = now;
        let hits = serde_json::to_vec(&found.take()).unwrap_or_default();
        let progress = Progress { downloaded, ..Progress::default() };
        link.progress_with(progress, vec![Uint8Array::from(&*hits).buffer().into()]);
    };
    let mut read = 0;
    let turn = async |downloaded| {
        read = downloaded;
        tell(downloaded, false);
        meter.passed(Progress { downloaded, ..Progress::default() }).await;
    };
    let searched = search::search(&overlay, &pattern, &wanted, &supply, hit, turn).await;
    tell(read, true);
    Ok(Outcome::Searched(searched?).into())
}

/// What is looked for, or why it can't be.
pub(super) fn pattern(wanted: &Wanted) -> Result<Pattern, Problem> {
    let pattern = Pattern::new(wanted.wording, &wanted.pattern, wanted.case_matters);
    pattern.map_err(|error| content(error.to_string()))
}
