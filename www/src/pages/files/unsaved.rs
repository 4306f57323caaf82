//! Texts that were typed and are not in a draft yet: they stay while the reader looks at something
//! else.

use std::cell::RefCell;
use std::collections::BTreeMap;

use drydock::digest::Digest;
use leptos::prelude::*;

use super::super::shown::Shown;
use crate::leaving::Stake;

/// Digest of the image, and the path in it.
pub(super) type Key = (String, String);

/// A text that was typed.
#[derive(Clone, Debug)]
pub(super) struct Unsaved {
    pub(super) text: String,
    /// Digest of the content with which it was begun; `None` when the draft removed the file.
    pub(super) begun: Option<Digest>,
}

thread_local! {
    static TEXTS: RefCell<BTreeMap<Key, (Unsaved, Stake)>> = const { RefCell::new(BTreeMap::new()) };
}

/// The key of a file of the image that is shown.
pub(super) fn key(shown: Shown, path: &str) -> Key {
    let digest = shown.image.with_untracked(|image| image.ready().map(|it| it.digest.to_string()));
    (digest.unwrap_or_default(), path.to_owned())
}

/// What was typed.
pub(super) fn get(key: &Key) -> Option<Unsaved> {
    TEXTS.with_borrow(|texts| texts.get(key).map(|(text, _)| text.clone()))
}

/// Keeps what was typed, or forgets it.
pub(super) fn keep(key: &Key, text: Option<Unsaved>) {
    TEXTS.with_borrow_mut(|texts| match text {
        Some(text) => {
            texts.insert(key.clone(), (text, Stake::of_page()));
        }
        None => {
            texts.remove(key);
        }
    });
}

/// Paths of the shown image's files with such texts.
pub(super) fn paths(shown: Shown) -> Vec<String> {
    let (digest, _) = key(shown, "");
    TEXTS.with_borrow(|texts| {
        texts.keys().filter(|(of, _)| *of == digest).map(|(_, path)| path.clone()).collect()
    })
}
