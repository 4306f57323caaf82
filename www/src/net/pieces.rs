//! A stream of bytes of the browser, read piece by piece into memory that is used again for the
//! next one.
//!
//! A piece that the browser makes itself is garbage as soon as it is copied, and of a large layer
//! there would be some 150 MB of it before it is collected.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader};

/// Most bytes of a piece.
const MOST: u32 = 256 << 10;

/// A stream that is being read.
#[derive(Debug)]
pub struct Pieces {
    reader: Reader,
    /// Length of the memory that pieces come in.
    room: u32,
}

#[derive(Debug)]
enum Reader {
    /// Into our memory, which is with the browser while it reads.
    Ours { reader: ReadableStreamByobReader, spare: Option<ArrayBuffer> },
    /// Into the browser's own, where it can do no other.
    Its(ReadableStreamDefaultReader),
}

impl Pieces {
    /// Reads a stream, of which `size` bytes are expected when that is known.
    #[must_use]
    pub fn of(stream: &ReadableStream, size: Option<u64>) -> Self {
        let room = size.and_then(|size| u32::try_from(size).ok()).unwrap_or(MOST).clamp(1, MOST);
        let reader = match ReadableStreamByobReader::new(stream) {
            Ok(reader) => Reader::Ours { reader, spare: None },
            Err(_) => Reader::Its(stream.get_reader().unchecked_into()),
        };
        Self { reader, room }
    }

    /// The next bytes, which must be copied before the ones after them are asked for; `None` at
    /// the end.
    ///
    /// # Errors
    /// What the browser says when the stream breaks.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let read = match &mut self.reader {
            Reader::Ours { reader, spare } => {
                let memory = spare.take().unwrap_or_else(|| ArrayBuffer::new(self.room));
                reader.read_with_array_buffer_view(&Uint8Array::new(&memory))
            }
            Reader::Its(reader) => reader.read(),
        };
        let read = JsFuture::from(read).await?;
        if Reflect::get(&read, &"done".into())? == true {
            return Ok(None);
        }
        let piece: Uint8Array = Reflect::get(&read, &"value".into())?.unchecked_into();
        if let Reader::Ours { spare, .. } = &mut self.reader {
            *spare = Some(piece.buffer());
        }
        Ok(Some(piece))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let cancelled = match &self.reader {
            Reader::Ours { reader, .. } => reader.cancel(),
            Reader::Its(reader) => reader.cancel(),
        };
        spawn_local(async move {
            let _gone = JsFuture::from(cancelled).await;
        });
    }
}
