//! A blob on its way to a registry, across broken connections, reloads, and what registries make of
//! the specification.
//!
//! distribution-spec, "Pushing blobs". [`UploadState`] says what comes next; `run` does it. Small
//! blobs go in one request. Larger ones go in chunks, so that little is lost when one breaks off;
//! where a registry does not do chunks, or not so that one could follow, they go in one request too.

mod run;
mod state;

use serde::{Deserialize, Serialize};

use super::Registry;
use super::error::Error;
use super::ops::Started;
use super::retry::{self, Pace};
use super::transport::{Content, Transport};
use crate::descriptor::Descriptor;
use crate::reference::Repository;

pub use state::UploadState;

/// Largest blob in bytes that goes in one request unasked.
pub const WHOLE_BYTES: u64 = 32 << 20;
/// Bytes of a chunk, unless the registry wants more. Proxies in front of registries often take no
/// more than 100 MB in one request.
pub const CHUNK_BYTES: u64 = 16 << 20;

/// From which size on, and in what pieces, blobs are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Largest blob in bytes that goes in one request.
    pub whole: u64,
    /// Bytes of a chunk.
    pub chunk: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { whole: WHOLE_BYTES, chunk: CHUNK_BYTES }
    }
}

/// A blob to be sent, and who is told of it.
pub struct Upload<'a, P> {
    /// Where it goes.
    pub repository: &'a Repository,
    /// The blob.
    pub descriptor: &'a Descriptor,
    /// Its bytes.
    pub content: Content<'a, P>,
    /// Is told the state whenever it changes, so that it can be kept, and how many bytes of the
    /// blob are at the registry or on their way. The number falls when something is sent again.
    pub progress: &'a dyn Fn(&UploadState, u64),
}

impl<P> std::fmt::Debug for Upload<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({} to {})", self.descriptor.digest, self.repository)
    }
}

impl<T> Registry<T> {
    /// The state of an upload that has not begun.
    #[must_use]
    pub fn new_upload(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        sizes: Sizes,
    ) -> UploadState {
        UploadState::new(self.full(repository), descriptor, sizes)
    }
}

impl<T: Transport> Registry<T> {
    /// Asks for a blob out of another repository of this registry. `true` when it is there now;
    /// otherwise the upload that the registry has begun instead is in the state.
    ///
    /// # Errors
    /// When neither can be done.
    pub async fn mount(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        from: &Repository,
        state: &mut UploadState,
        pace: &impl Pace,
    ) -> Result<bool, Error> {
        let digest = &descriptor.digest;
        let ask = async || self.mount_blob(repository, digest, from).await;
        match retry::patiently(pace, ask).await? {
            Started::Mounted => Ok(true),
            Started::Session(session) => {
                state.started(&session);
                Ok(false)
            }
        }
    }

    /// Sends a blob, or the rest of it when `state` says that it has begun. What may pass is waited
    /// for and tried again. When this gives an error or is dropped, `state` is where to go on.
    ///
    /// # Errors
    /// When it can't be done, or not now. [`Error::DigestRejected`] means that the bytes are not
    /// those of the digest.
    pub async fn upload(
        &self,
        upload: &Upload<'_, T::Payload>,
        state: &mut UploadState,
        pace: &impl Pace,
    ) -> Result<(), Error> {
        let name = self.full(upload.repository);
        if !state.is_of(&name, upload.descriptor) {
            *state = UploadState::new(name, upload.descriptor, Sizes::default());
        }
        state.taken_up();
        run::Run::new(self, upload, state).complete(pace).await
    }
}
