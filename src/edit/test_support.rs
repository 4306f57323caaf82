//! Drafts, edits and layers for tests.

use crate::digest::{DiffId, Digest};
use crate::edit::action::{Action, ConfigEdit};
use crate::edit::build::Made;
use crate::edit::draft::{Base, Edit};
use crate::edit::pinned::Pinned;
use crate::edit::recipe::RecipeId;
use crate::edit::stored::StoredDraft;
use crate::layer::write::BuiltLayer;
use crate::media_type::Compression;
use crate::reference::Reference;

pub(super) fn pinned(content: &[u8]) -> Pinned {
    let reference = Reference::parse("localhost:5000/a").expect("reference");
    Pinned::new(reference, Digest::sha256(content))
}

pub(super) fn kept() -> StoredDraft {
    StoredDraft::new("one".to_owned(), Base::Image(pinned(b"base")), None)
}

pub(super) fn entrypoint(word: &str) -> Edit {
    let value = Some(vec![word.to_owned()]);
    Edit::all(Action::Config(ConfigEdit::Entrypoint { value, clear_cmd: false }))
}

pub(super) fn recipe_id(name: &[u8]) -> RecipeId {
    RecipeId(Digest::sha256(name))
}

pub(super) fn made(content: &[u8], remarks: &[&str]) -> Made {
    let (digest, size) = (Digest::sha256(content), content.len() as u64);
    let layer = BuiltLayer {
        compression: Compression::None,
        diff_id: DiffId(digest.clone()),
        digest,
        size,
        uncompressed_size: size,
    };
    let remarks = remarks.iter().map(|it| (*it).to_owned()).collect();
    Made { layer, remarks, absent: Vec::new(), is_supplied: false }
}
