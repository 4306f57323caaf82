//! Does the edits of a draft: documents that are long take their time to be read and written.

use bytes::Bytes;
use drydock::edit::parcel::{ChangeParcel, Known, ParcelError};
use drydock::edit::view::FormContext;
use drydock::edit::{self, Attempt, Change, Context, Draft, Image, Seen};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};

use super::entry::{Finished, content};
use super::port::{joined, text};
use super::protocol::{EditWork, Outcome, View};
use crate::net::problem::Problem;

pub(super) fn run(work: EditWork, parts: &[JsValue]) -> Result<Finished, Problem> {
    let EditWork { images, draft, built, now, view } = work;
    let bytes = parts.first().map(|buffer| Uint8Array::new(buffer.unchecked_ref()).to_vec());
    let images = images.open(&Bytes::from(bytes.unwrap_or_default())).map_err(unlike)?;
    let (image, bases) = images.split_first().ok_or_else(|| unlike(ParcelError))?;
    let context = Context { built: &built, now, bases };
    let Attempt { change, refused } = edit::attempt(image, draft.clone(), &context);
    let parts = change.map(|change| pack(change, &images, &draft, view)).unwrap_or_default();
    Ok(Finished { outcome: Outcome::Edited(refused), parts })
}

fn pack(change: Change, known: &[Image], draft: &Draft, view: Option<View>) -> Vec<JsValue> {
    let view = view.map(|View { platform }| {
        let shown = platform.as_ref();
        [text(&Seen::of(&change, shown)), text(&FormContext::of(&change, shown))]
    });
    let (change, documents) = ChangeParcel::pack(change, &Known::of(known), draft);
    let mut parts = vec![joined(&documents), text(&change)];
    parts.extend(view.into_iter().flatten());
    parts
}

fn unlike(error: ParcelError) -> Problem {
    content(format!("{error}."))
}
