//! Does the edits of a draft: documents that are long take their time to be read and written.

use bytes::Bytes;
use drydock::edit::parcel::{ChangeParcel, Known, ParcelError};
use drydock::edit::view::{self, FormContext};
use drydock::edit::{self, Change, Context, EditError, Image};
use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::{JsCast as _, JsValue};

use super::entry::{Finished, content};
use super::port::joined;
use super::protocol::{EditWork, Outcome, Refused, Seen, View};
use crate::net::problem::Problem;

pub(super) fn run(work: EditWork, parts: &[JsValue]) -> Result<Finished, Problem> {
    let EditWork { images, mut draft, built, now, view } = work;
    let bytes = parts.first().map(|buffer| Uint8Array::new(buffer.unchecked_ref()).to_vec());
    let images = images.open(&Bytes::from(bytes.unwrap_or_default())).map_err(unlike)?;
    let (image, bases) = images.split_first().ok_or_else(|| unlike(ParcelError))?;
    let context = Context { built: &built, now, bases };
    let (change, refused) = match edit::apply(image, &draft, &context) {
        Ok(change) => (Some(change), None),
        Err(error) => {
            // What those before it lead to, so that something can be added or changed nevertheless.
            let before = match &error {
                EditError::Edit { edit, .. } => {
                    draft.edits.truncate(edit.saturating_sub(1));
                    edit::apply(image, &draft, &context).ok()
                }
                _ => None,
            };
            (before, Some(Refused::from(&error)))
        }
    };
    let parts = change.map(|change| pack(change, &images, view)).unwrap_or_default();
    Ok(Finished { outcome: Outcome::Edited(refused), parts })
}

fn pack(change: Change, known: &[Image], view: Option<View>) -> Vec<JsValue> {
    let view = view.map(|View { platform }| {
        let shown = platform.as_ref();
        let seen = Seen { layers: view::layers(&change, shown), packing: view::packed(&change) };
        [text(&seen), text(&FormContext::of(&change, shown))]
    });
    let (change, documents) = ChangeParcel::pack(change, &Known::of(known));
    let mut parts = vec![joined(&documents), text(&change)];
    parts.extend(view.into_iter().flatten());
    parts
}

fn text(value: &impl Serialize) -> JsValue {
    JsValue::from_str(&serde_json::to_string(value).unwrap_or_default())
}

fn unlike(error: ParcelError) -> Problem {
    content(format!("{error}."))
}
