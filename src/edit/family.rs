//! OCI's names of media types, and Docker's.

use serde::{Deserialize, Serialize};

use crate::media_type::{Compression, Kind, MediaType};

/// Whose media types a document uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// image-spec, media-types.md.
    #[default]
    Oci,
    /// Docker's schema 2 and manifest list.
    Docker,
}

impl Family {
    /// Whose type this is.
    #[must_use]
    pub fn of(media_type: &MediaType) -> Self {
        if media_type.is_docker() { Self::Docker } else { Self::Oci }
    }

    /// `OCI` or `Docker`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oci => "OCI",
            Self::Docker => "Docker",
        }
    }

    pub(super) fn index(self) -> &'static str {
        match self {
            Self::Oci => MediaType::INDEX,
            Self::Docker => MediaType::DOCKER_LIST,
        }
    }

    pub(super) fn manifest(self) -> &'static str {
        match self {
            Self::Oci => MediaType::MANIFEST,
            Self::Docker => MediaType::DOCKER_MANIFEST,
        }
    }

    pub(super) fn config(self) -> &'static str {
        match self {
            Self::Oci => MediaType::CONFIG,
            Self::Docker => MediaType::DOCKER_CONFIG,
        }
    }

    /// The type of a layer. Docker has none for zstd; the one that is used in the wild is given.
    pub(super) fn layer(self, compression: Compression, foreign: bool) -> String {
        let (name, mark) = match (self, foreign) {
            (Self::Oci, false) => ("application/vnd.oci.image.layer.v1.tar", '+'),
            (Self::Oci, true) => ("application/vnd.oci.image.layer.nondistributable.v1.tar", '+'),
            (Self::Docker, false) => ("application/vnd.docker.image.rootfs.diff.tar", '.'),
            (Self::Docker, true) => ("application/vnd.docker.image.rootfs.foreign.diff.tar", '.'),
        };
        match compression {
            Compression::None => name.to_owned(),
            compression => format!("{name}{mark}{}", compression.name()),
        }
    }

    /// The same type by this family's name; types that have no other name stay.
    pub(super) fn translate(self, media_type: &MediaType) -> MediaType {
        MediaType::new(match media_type.kind() {
            Kind::Index => self.index(),
            Kind::Manifest => self.manifest(),
            Kind::Config => self.config(),
            Kind::Layer(compression) => {
                return MediaType::new(&self.layer(compression, media_type.is_foreign()));
            }
            Kind::Schema1 | Kind::Empty | Kind::InToto | Kind::Other => media_type.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for oci in [
            MediaType::INDEX,
            MediaType::MANIFEST,
            MediaType::CONFIG,
            MediaType::LAYER,
            MediaType::LAYER_GZIP,
            MediaType::LAYER_ZSTD,
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        ] {
            let oci = MediaType::new(oci);
            let docker = Family::Docker.translate(&oci);
            assert_eq!(Family::of(&docker), Family::Docker);
            assert_eq!(docker.kind(), oci.kind());
            assert_eq!(Family::Oci.translate(&docker), oci);
        }
        let other = MediaType::new("application/vnd.in-toto+json");
        assert_eq!(Family::Docker.translate(&other), other);
    }
}
