//! The list of referrers that clients keep where a registry has no referrers API.
//!
//! distribution-spec, "Referrers Tag Schema": an index under the tag that
//! [`Digest::referrers_tag`] gives. Other clients keep it too, so that what is not understood stays
//! as it is.

use std::sync::Arc;

use serde_json::json;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::editable::{DESCRIPTOR, Editable, MANIFEST};
use crate::edit::error::Reason;
use crate::edit::tree::Tree;
use crate::media_type::{Kind, MediaType};

const LABEL: &str = "list of referrers";

/// Adds a referrer to the list, which is `None` when there is none yet. An entry for the same
/// manifest stays if it says the same, and is replaced if not. `None` when nothing changes.
///
/// # Errors
/// When the list is no index, can't be read clearly, or becomes too large.
pub fn add_referrer(
    list: Option<&Document>,
    referrer: &Descriptor,
) -> Result<Option<Document>, Reason> {
    let Some(list) = list else {
        let media_type = MediaType::INDEX;
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [referrer]});
        return seal(Editable::new(Tree::of(&index), media_type, LABEL)).map(Some);
    };
    let mut index = open(list)?;
    let entry = Tree::of(referrer);
    let mut entries = entries(&index);
    let place = entries.iter().position(|other| is(other, &referrer.digest));
    match place.and_then(|at| entries.get_mut(at)) {
        Some(there) => {
            let Some(merged) = merged(there, &entry) else { return Ok(None) };
            *there = merged;
        }
        None => entries.push(entry),
    }
    index.tree.set("manifests", Tree::List(entries), MANIFEST);
    seal(index).map(Some)
}

/// Takes a referrer off the list. `None` when it is not on it. A list may become empty; whether
/// its tag is deleted then is the caller's choice.
///
/// # Errors
/// As [`add_referrer`].
pub fn remove_referrer(list: &Document, digest: &Digest) -> Result<Option<Document>, Reason> {
    let mut index = open(list)?;
    let mut entries = entries(&index);
    let count = entries.len();
    entries.retain(|entry| !is(entry, digest));
    if entries.len() == count {
        return Ok(None);
    }
    index.tree.set("manifests", Tree::List(entries), MANIFEST);
    seal(index).map(Some)
}

fn open(list: &Document) -> Result<Editable, Reason> {
    if list.media_type().kind() != Kind::Index {
        let actual = format!("of the type {}", list.media_type());
        return Err(Reason::RawKind { expected: "an index", actual });
    }
    Editable::open(&Arc::new(list.clone()), LABEL)
}

fn seal(index: Editable) -> Result<Document, Reason> {
    index.seal(false).map(|sealed| Arc::unwrap_or_clone(sealed.document))
}

fn entries(index: &Editable) -> Vec<Tree> {
    index.tree.get("manifests").map(|list| list.items().to_vec()).unwrap_or_default()
}

fn is(entry: &Tree, digest: &Digest) -> bool {
    entry.text("digest").as_deref() == Some(digest.as_str())
}

/// What is there with everything that the new entry says; `None` when that is nothing new.
fn merged(there: &Tree, new: &Tree) -> Option<Tree> {
    let mut merged = there.clone();
    for (name, value) in new.fields() {
        if name == "annotations" {
            for (name, value) in value.fields() {
                let value = Some(value.clone());
                merged.set_in_map("annotations", DESCRIPTOR, &name, value);
            }
        } else {
            merged.set(&name, value.clone(), DESCRIPTOR);
        }
    }
    (merged != *there).then_some(merged)
}
