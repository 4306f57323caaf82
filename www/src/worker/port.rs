//! Messages between page and workers: one line of JSON, and buffers that change hands.

use js_sys::Array;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

/// A message and what is handed over with it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The message.
    pub value: JsValue,
    /// What changes hands: array buffers and message ports.
    pub transfer: Array,
}

/// Packs a message. `transferred` changes hands, `shared` is copied by the browser (Blobs).
#[must_use]
pub fn pack(message: &impl Serialize, transferred: &[JsValue], shared: &[JsValue]) -> Parcel {
    let text = serde_json::to_string(message).unwrap_or_default();
    let parts = Array::of1(&JsValue::from_str(&text));
    let transfer = Array::new();
    for value in transferred {
        parts.push(value);
        transfer.push(value);
    }
    for value in shared {
        parts.push(value);
    }
    Parcel { value: parts.into(), transfer }
}

/// Unpacks a message, and what came with it.
#[must_use]
pub fn unpack<T: DeserializeOwned>(data: &JsValue) -> Option<(T, Vec<JsValue>)> {
    let mut parts = Array::from(data).into_iter();
    let text = parts.next()?.as_string()?;
    Some((serde_json::from_str(&text).ok()?, parts.collect()))
}
