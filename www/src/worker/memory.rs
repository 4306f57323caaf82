//! What is written down of a layer while it is read, for the next time.
//!
//! Nothing of it is needed for what is done now, so that whatever goes wrong with it only means that
//! the layer is read again some day.

use drydock::descriptor::Descriptor;
use wasm_bindgen_futures::spawn_local;

use crate::disk::Writer;
use crate::disk::layers::{self, Part};
use crate::net::problem::Problem;

/// Bytes of the windows that are gathered before a file is begun for them.
const GATHERED: usize = 256 << 10;
/// Largest layer in bytes of which the record is written after the work was said to be done: that
/// takes some milliseconds, which are much for an image of many small layers.
const SMALL: u64 = 4 << 20;

/// The windows of a layer that is being read, on their way to the disk.
pub(super) enum Memory {
    /// Nothing is written down.
    Off,
    /// No more than fits here.
    Here(Vec<u8>),
    /// In a file.
    File(Writer),
}

impl Memory {
    /// Begins with nothing. [`Self::Off`] where nothing may be remembered.
    pub(super) async fn begin(descriptor: &Descriptor) -> Self {
        let limit = layers::limit().await.unwrap_or(0);
        if limit == 0 {
            return Self::Off;
        }
        // A file can only be begun by waiting for it, which is not possible later on.
        match descriptor.size > SMALL {
            true => layers::begin().await.map_or(Self::Off, Self::File),
            false => Self::Here(Vec::new()),
        }
    }

    /// The next window.
    pub(super) fn window(&mut self, bytes: &[u8]) {
        match self {
            Self::Off => {}
            Self::Here(windows) if windows.len() + bytes.len() <= GATHERED => {
                windows.extend_from_slice(bytes);
            }
            Self::Here(_) => *self = Self::Off,
            Self::File(writer) => {
                if writer.write(bytes).is_err() {
                    *self = Self::Off;
                }
            }
        }
    }

    /// Keeps them with the record of the layer, which was compared with all that is said of it.
    pub(super) async fn keep(&mut self, record: &[u8], descriptor: &Descriptor) {
        let windows = std::mem::replace(self, Self::Off);
        let (record, digest) = (record.to_vec(), descriptor.digest.clone());
        let keep = async move {
            match windows {
                Self::Off => return Ok(()),
                Self::Here(windows) if windows.is_empty() => {}
                Self::Here(windows) => {
                    let mut writer = layers::begin().await?;
                    writer.write(&windows)?;
                    layers::keep(writer, &digest, Part::Windows).await?;
                }
                Self::File(writer) if writer.is_empty() => drop(writer),
                Self::File(writer) => layers::keep(writer, &digest, Part::Windows).await?,
            }
            let mut writer = layers::begin().await?;
            writer.write(&record)?;
            layers::keep(writer, &digest, Part::Entries).await
        };
        let keep = async move {
            let _kept: Result<(), Problem> = keep.await;
        };
        match descriptor.size > SMALL {
            true => keep.await,
            false => spawn_local(keep),
        }
    }
}
