//! Why an archive can't be made.

use crate::digest::Digest;
use crate::limits;

/// Why an archive can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// No image was given.
    #[error("There is no image to save: choose one")]
    Nothing,
    /// A manifest or index is not at hand.
    #[error("The manifest {0} belongs to the image, but has not been loaded: load it first")]
    Missing(
        /// Its digest.
        Digest,
    ),
    /// What is at hand can't be read as a manifest or index.
    #[error(
        "{0} is no manifest or index that can be read, so nobody knows what belongs to it: it can't be saved"
    )]
    Unreadable(
        /// Its digest.
        Digest,
    ),
    /// Two descriptors of one digest have different sizes.
    #[error("The descriptors of {0} contradict each other about its size: the image is damaged")]
    Conflict(
        /// The digest.
        Digest,
    ),
    /// More than is followed anywhere.
    #[error("There are more than {max} manifests and blobs to save", max = limits::DESCRIPTORS)]
    TooMany,
    /// More bytes than a file can have.
    #[error("The archive would be larger than any file can be: the sizes in the image are wrong")]
    TooLarge,
    /// `docker load` takes one platform.
    #[error(
        "{0} is an image for several platforms, of which docker save holds one: choose a platform, or save an OCI image layout"
    )]
    SeveralPlatforms(
        /// Digest of the index.
        Digest,
    ),
    /// `docker load` takes container images.
    #[error("{0} is no container image, which docker load needs: save it as an OCI image layout")]
    NotAnImage(
        /// Digest of the manifest.
        Digest,
    ),
    /// The config of an image is not at hand, or can't be read.
    #[error("The config of the image {0} can't be read, but its old form repeats what is in it")]
    NoConfig(
        /// Digest of the manifest.
        Digest,
    ),
    /// It is not known how large a layer is when it is unpacked.
    #[error("The layer {0} has to be read first, as its old form is not compressed")]
    UnknownSize(
        /// Digest of the layer.
        Digest,
    ),
    /// `docker load` needs all layers.
    #[error(
        "The layer {0} may not be distributed and lies outside of the registry, but docker load needs it: save an OCI image layout"
    )]
    Foreign(
        /// Digest of the layer.
        Digest,
    ),
}
