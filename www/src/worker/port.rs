//! Messages between page and workers: one line of JSON, and buffers that change hands.

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};

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
    let text = serde_json::to_string(message).unwrap_or_default();
    let value = Array::of1(&JsValue::from_str(&text));
    let transfer = Array::new();
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
    let text = parts.next()?.as_string()?;
    Some((serde_json::from_str(&text).ok()?, parts.collect()))
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
