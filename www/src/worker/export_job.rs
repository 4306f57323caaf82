//! Writes files of an opened tree as a tar.

use std::cell::RefCell;
use std::collections::BTreeMap;

use drydock::layer::write::Method;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::FileSystemFileHandle;

use super::entry::{Finished, Link};
use super::output::{Output, Supply, missing};
use super::protocol::{ExportWork, Exported, Outcome};
use super::tree_job::Trees;
use crate::disk::UserFile;
use crate::net::problem::Problem;

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
        None => Output::to_disk(link.clone()).await?,
    };
    let files = BTreeMap::new();
    let supply = Supply { layers: &work.layers, files: &files, parts, link };
    let tar = out.plan(&plan, &supply, Method::None).await?;
    out.keep(&tar.digest).await?;
    Ok(Outcome::Exported(Exported { digest: tar.digest, size: tar.size }).into())
}
