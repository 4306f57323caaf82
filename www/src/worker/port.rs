//! Messages between page and workers: JSON, and buffers that change hands.

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};

/// From how many bytes on a text is handed over as a buffer.
const LONG: usize = 16 * 1024;

/// A message and what is handed over with it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The message.
    pub value: JsValue,
    /// What changes hands: array buffers.
    pub transfer: Array,
}

/// Packs a message with what travels beside it: buffers change hands, Blobs stay with both.
#[must_use]
pub fn pack(message: &impl Serialize, parts: impl IntoIterator<Item = JsValue>) -> Parcel {
    let text = text(message);
    let transfer = Array::new();
    if text.is_instance_of::<ArrayBuffer>() {
        transfer.push(&text);
    }
    let value = Array::of1(&text);
    for part in parts {
        value.push(&part);
        if part.is_instance_of::<ArrayBuffer>() {
            transfer.push(&part);
        }
    }
    Parcel { value: value.into(), transfer }
}

/// Unpacks a message, and what came with it.
#[must_use]
pub fn unpack<T: DeserializeOwned>(data: &JsValue) -> Option<(T, Vec<JsValue>)> {
    let mut parts = Array::from(data).into_iter();
    Some((read(&parts.next()?)?, parts.collect()))
}

/// A value as JSON: a text or, when it is long, its bytes in a buffer that can change hands, as a text
/// is written twice on its way and a buffer not at all.
#[must_use]
pub fn text(value: &impl Serialize) -> JsValue {
    let json = serde_json::to_string(value).unwrap_or_default();
    match json.len() < LONG {
        true => JsValue::from_str(&json),
        false => Uint8Array::from(json.as_bytes()).buffer().into(),
    }
}

/// Reads what [`text`] wrote.
#[must_use]
pub fn read<T: DeserializeOwned>(text: &JsValue) -> Option<T> {
    let text = match text.dyn_ref::<ArrayBuffer>() {
        Some(bytes) => String::from_utf8(Uint8Array::new(bytes).to_vec()).ok()?,
        None => text.as_string()?,
    };
    serde_json::from_str(&text).ok()
}

/// The bytes of documents in one buffer, one behind the other.
#[must_use]
pub fn joined(documents: &[Bytes]) -> JsValue {
    let size = documents.iter().map(Bytes::len).sum::<usize>();
    let all = Uint8Array::new_with_length(u32::try_from(size).unwrap_or(u32::MAX));
    let mut at = 0;
    for document in documents {
        let end = at + u32::try_from(document.len()).unwrap_or(u32::MAX);
        all.subarray(at, end).copy_from(document);
        at = end;
    }
    all.buffer().into()
}
