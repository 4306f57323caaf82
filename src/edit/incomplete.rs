//! What a person asks for, before everything is known that an edit names: files have no digests yet,
//! references are not pinned.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::edit::action::{AttachTo, BaseAnnotations};
use crate::edit::draft::Edit;
use crate::edit::new_files::NewFiles;
use crate::edit::recipe::Packing;
use crate::edit::scope::Scope;
use crate::media_type::MediaType;

/// An edit, or what has to be read before it can be made. `F` is a file where it lies.
#[derive(Clone, Debug)]
pub enum Incomplete<F> {
    /// An edit that is complete.
    Edit(Box<Edit>),
    /// Files, to be added as a layer or several.
    Files {
        /// The files.
        chosen: Arc<Vec<F>>,
        /// Where they land, and whose they are.
        rules: NewFiles,
        /// How the layer is packed.
        packing: Packing,
        /// What becomes of the annotations that name the base.
        base: BaseAnnotations,
        /// To which images.
        scope: Scope,
    },
    /// Files that are layers, to be added in this order.
    Tar {
        /// The files.
        chosen: Arc<Vec<F>>,
        /// How a plain tar is packed.
        packing: Packing,
        /// What becomes of the annotations that name the base.
        base: BaseAnnotations,
        /// To which images.
        scope: Scope,
    },
    /// Files, to be attached as an artifact.
    Attach {
        /// The files.
        chosen: Arc<Vec<F>>,
        /// What the artifact is.
        artifact_type: MediaType,
        /// Annotations of its manifest.
        annotations: BTreeMap<String, String>,
        /// To what.
        to: AttachTo,
        /// To which images.
        scope: Scope,
    },
    /// Another base, by reference.
    Rebase {
        /// What the image was made from; `None` for what its annotations say.
        old: Option<String>,
        /// What it shall be made from.
        new: String,
        /// Whether changes of the environment are taken over.
        env: bool,
        /// Which images.
        scope: Scope,
    },
    /// An entry of the index, by reference.
    IndexAdd {
        /// The image or index.
        reference: String,
    },
}

/// A file that is still to be read.
pub trait UnreadFile {
    /// Its size in bytes.
    fn size(&self) -> u64;
}

impl<F: UnreadFile> Incomplete<F> {
    /// Bytes of the files that have to be read for it.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Files { chosen, .. } | Self::Tar { chosen, .. } | Self::Attach { chosen, .. } => {
                chosen.iter().map(UnreadFile::size).sum()
            }
            Self::Edit(_) | Self::Rebase { .. } | Self::IndexAdd { .. } => 0,
        }
    }
}

impl<F> From<Edit> for Incomplete<F> {
    fn from(edit: Edit) -> Self {
        Self::Edit(Box::new(edit))
    }
}
