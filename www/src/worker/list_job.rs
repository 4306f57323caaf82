//! Lists a layer by its table of contents, which takes a few requests, instead of reading it.

use std::cell::RefCell;
use std::rc::Rc;

use drydock::layer::lazy::{Lister, Toc};
use drydock::pieces::Pieces as _;
use wasm_bindgen::JsValue;

use super::entry::{Finished, Link, content};
use super::input::Input;
use super::protocol::{BlobFrom, ListWork, Listed, Outcome};
use super::tree_job::Trees;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: ListWork,
    parts: &[JsValue],
    link: Link,
    trees: &Rc<RefCell<Trees>>,
) -> Result<Finished, Problem> {
    let ListWork { tree, from, descriptor, ztoc } = work;
    let lister = match &ztoc {
        Some(ztoc) => Lister::soci(&ztoc.descriptor, &descriptor, ztoc.promise).ok(),
        None => Lister::of(&descriptor),
    };
    let (from, size) = match ztoc {
        Some(ztoc) => (ztoc.from, ztoc.descriptor.size),
        None => (from, descriptor.size),
    };
    let toc = match lister {
        // Whatever is the matter with a table: the layer itself can be read.
        Some(lister) => list(lister, from, size, parts, link).await.ok(),
        None => None,
    };
    let listed = toc.map(|toc| {
        let listed = Listed::Table { format: toc.format(), promise: toc.promise() };
        trees.borrow_mut().list(tree, &descriptor.digest, toc);
        listed
    });
    Ok(Outcome::Listed(listed).into())
}

async fn list(
    mut lister: Lister,
    from: BlobFrom,
    size: u64,
    parts: &[JsValue],
    link: Link,
) -> Result<Toc, Problem> {
    while let Some(range) = lister.ask() {
        let mut stream = Input::range(from.clone(), parts, link.clone(), range.clone(), size)?;
        while let Some(bytes) = stream.next().await? {
            lister.push(bytes).map_err(|error| content(error.to_string()))?;
        }
        if lister.ask().is_some_and(|next| next.end == range.end) {
            return Err(content("The table of contents ended too early."));
        }
    }
    lister.finish().map_err(|error| content(error.to_string()))
}
