//! Writes files of an opened tree as a tar.

use std::cell::RefCell;
use std::collections::BTreeMap;

use drydock::digest::Digest;
use drydock::layer::write::{self, Inline, Method};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::FileSystemFileHandle;

use super::entry::{Finished, Link};
use super::output::Output;
use super::protocol::{ExportWork, Exported, Outcome};
use super::supply::{Supply, missing};
use super::tree_job::Trees;
use crate::disk::UserFile;
use crate::net::problem::Problem;

/// Largest tar that is a Blob; browsers keep what is more on a disk for a while only.
const IN_A_BLOB: u64 = 1 << 30;

pub(super) async fn run(
    work: ExportWork,
    parts: &[JsValue],
    link: Link,
    trees: &RefCell<Trees>,
) -> Result<Finished, Problem> {
    let plan = trees.borrow().files(work.tree, &work.folder)?.plan;
    let mut out = match work.file {
        Some(part) => {
            let file = parts.get(part).and_then(|part| part.dyn_ref::<FileSystemFileHandle>());
            Output::to_file(UserFile::create(file.ok_or_else(missing)?).await?, link.clone())
        }
        None if plan.size() <= IN_A_BLOB => Output::to_blob(link.clone()),
        None => Output::to_disk(link.clone()).await?,
    };
    let files = BTreeMap::new();
    let supply = Supply::new(&work.layers, &files, parts, link);
    if out.has_name() {
        let mut inline = Inline::default();
        let tar = write::assemble(&plan, &supply, Method::None, &mut inline, &mut out).await?;
        out.keep(&tar.digest).await?;
        return Ok(exported(Some(tar.digest), tar.size).into());
    }
    // Nobody asks for the digest of what leaves the browser.
    write::copy(&plan, &supply, &mut out).await?;
    let parts = out.end().await?.into_iter().map(JsValue::from).collect();
    Ok(Finished { outcome: exported(None, plan.size()), parts })
}

fn exported(digest: Option<Digest>, size: u64) -> Outcome {
    Outcome::Exported(Exported { digest, size })
}
