//! The software of an image: read once, then asked for the packages that are seen.

use std::ops::Range;

use drydock::digest::Digest;
use drydock::edit::{Action, AttachEdit, AttachTo, AttachedFile, Edit, Scope, Step, StoredDraft};
use drydock::inspect::packages::sbom::Subject;
use drydock::inspect::packages::{Kind, Package};
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use wasm_bindgen::JsCast as _;
use web_sys::Blob;

use super::bytes::Readable;
use super::tree::{self, Event, Layer, Tree, materials};
use super::{Problem, Progress, drafts, gather, no_sense, tab};
use crate::chosen::Chosen;
use crate::worker::packages_job::{PackagesCall, PackagesReply};
use crate::worker::protocol::{Outcome, PackagesWork, Work};
use crate::worker::tree_job::{TreeCall, TreeReply};

pub use crate::worker::packages_job::{PackagesFound, SbomFormat};

/// An image whose packages were read.
#[derive(Debug)]
pub struct Installed {
    tree: Tree,
    /// What was found, but for the packages themselves.
    pub found: PackagesFound,
}

/// Reads and verifies the layers as far as that is not known, and what their files say of packages.
/// `on_event` is told how far the layers are, `on_read` how far looking through them is.
///
/// # Errors
/// As [`tree::open`].
pub async fn read(
    layers: Vec<Layer>,
    on_event: impl FnMut(Event) + 'static,
    on_read: impl FnMut(Progress) + 'static,
) -> Result<Installed, Problem> {
    let tree = tree::open_to_read(layers, on_event).await?;
    let found = look(&tree, on_read).await?;
    Ok(Installed { tree, found })
}

/// Reads what the files of a tree say of packages, which stay with it.
pub(super) async fn look(
    tree: &Tree,
    on_read: impl FnMut(Progress) + 'static,
) -> Result<PackagesFound, Problem> {
    let Readable { from: layers, parts, slots: _slots } = materials::of(tree).await?;
    let work = Work::Packages(PackagesWork { tree: tree.id(), layers });
    match tab().pool.in_tree_worker(work, parts, on_read).await?.outcome {
        Outcome::Packages(found) => Ok(*found),
        _ => Err(no_sense()),
    }
}

impl Installed {
    /// Chooses among them, and says how many were chosen. No kinds are all.
    ///
    /// # Errors
    /// When the worker that holds them has ended; then read them again.
    pub async fn select(&self, kinds: Vec<Kind>, text: &str) -> Result<usize, Problem> {
        match self.ask(PackagesCall::Select(kinds, text.to_owned())).await? {
            PackagesReply::Selected(count) => Ok(count),
            PackagesReply::Rows(_) => Err(no_sense()),
        }
    }

    /// Those that were chosen, by their places.
    ///
    /// # Errors
    /// As with [`Installed::select`].
    pub async fn rows(&self, range: Range<usize>) -> Result<Vec<Package>, Problem> {
        match self.ask(PackagesCall::Rows(range.start, range.end)).await? {
            PackagesReply::Rows(rows) => Ok(rows),
            PackagesReply::Selected(_) => Err(no_sense()),
        }
    }

    /// Those that a path belongs to.
    ///
    /// # Errors
    /// As with [`Installed::select`].
    pub async fn of(&self, path: &[u8]) -> Result<Vec<Package>, Problem> {
        match self.ask(PackagesCall::Of(path.to_vec())).await? {
            PackagesReply::Rows(rows) => Ok(rows),
            PackagesReply::Selected(_) => Err(no_sense()),
        }
    }

    /// A bill of materials of all of them.
    ///
    /// # Errors
    /// As with [`Installed::select`].
    pub async fn sbom(&self, format: SbomFormat, subject: Subject) -> Result<Blob, Problem> {
        let call = TreeCall::Packages(self.tree.id(), PackagesCall::Sbom(format, subject));
        let done = tree::ask(call, Vec::new()).await?;
        let blob = done.parts.into_iter().next().and_then(|blob| blob.dyn_into().ok());
        blob.ok_or_else(no_sense)
    }

    async fn ask(&self, call: PackagesCall) -> Result<PackagesReply, Problem> {
        match self.tree.call(TreeCall::Packages(self.tree.id(), call)).await? {
            TreeReply::Packages(reply) => Ok(reply),
            _ => Err(no_sense()),
        }
    }
}

/// Puts a file into the draft of an image, or into the draft that is shown, as an artifact that is
/// attached to the images in a scope.
///
/// # Errors
/// When there is no room for the file, or the draft can't be read or kept.
pub async fn attach(
    reference: &Reference,
    digest: &Digest,
    scope: Scope,
    file: Chosen,
    artifact_type: MediaType,
) -> Result<StoredDraft, Problem> {
    let taken = gather::take(std::slice::from_ref(&file), |_| {}).await?;
    let files = taken.files.iter().map(|taken| AttachedFile {
        media_type: artifact_type.clone(),
        digest: taken.digest.clone(),
        size: taken.size,
        title: Some(file.path.clone()),
    });
    let files = files.collect();
    let attach = AttachEdit { to: AttachTo::Images, artifact_type, files, annotations: [].into() };
    let edit = Box::new(Edit { scope, record: false, action: Action::Attach(attach) });
    drafts::alter(drafts::of(reference, digest), move |kept| {
        let step = Step::Insert { at: kept.draft().edits.len(), edit };
        kept.contents.extend(taken.contents);
        kept.history.take(step).then_some(()).ok_or_else(no_sense)
    })
    .await
}
