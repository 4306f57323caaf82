//! Media types of documents and layers, and what kind of thing each names.
//!
//! image-spec, media-types.md, and the older Docker names beside them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A media type without parameters, as it stands in a descriptor or a `Content-Type`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(Box<str>);

/// What a media type names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An image index or a Docker manifest list.
    Index,
    /// An image manifest, OCI or Docker schema 2.
    Manifest,
    /// A Docker schema 1 manifest, which is no longer made.
    Schema1,
    /// An image config, OCI or Docker.
    Config,
    /// A file system layer; says how it claims to be compressed.
    Layer(Compression),
    /// The empty JSON object that stands for "no config".
    Empty,
    /// An in-toto statement, bare or in an envelope.
    InToto,
    /// Anything else.
    Other,
}

impl Kind {
    /// Whether registries keep it as a manifest.
    #[must_use]
    pub fn is_manifest(self) -> bool {
        matches!(self, Self::Index | Self::Manifest | Self::Schema1)
    }

    /// One of it, and several, in a word.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Index => ("index", "indexes"),
            Self::Manifest | Self::Schema1 => ("manifest", "manifests"),
            Self::Config | Self::Empty => ("config", "configs"),
            Self::Layer(_) => ("layer", "layers"),
            Self::InToto | Self::Other => ("blob", "blobs"),
        }
    }

    /// How a layer is packed; `None` for what is none.
    #[must_use]
    pub fn compression(self) -> Option<Compression> {
        match self {
            Self::Layer(compression) => Some(compression),
            _ => None,
        }
    }
}

/// How a layer is compressed, by name or by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// A plain tar.
    None,
    /// One or several gzip members.
    Gzip,
    /// One or several zstd frames.
    Zstd,
}

impl Compression {
    /// `none`, `gzip` or `zstd`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// What a layer is that is packed so: `tar`, `tar + gzip`, `tar + zstd`.
    #[must_use]
    pub fn tar_name(self) -> &'static str {
        match self {
            Self::None => "tar",
            Self::Gzip => "tar + gzip",
            Self::Zstd => "tar + zstd",
        }
    }
}

impl MediaType {
    /// OCI image index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// OCI image manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image config.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// OCI layer, plain tar.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// OCI layer, gzip.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// OCI layer, zstd.
    pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// The empty JSON object.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// Docker manifest list.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker manifest, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker image config.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker layer, gzip.
    pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// Docker manifest, schema 1, unsigned.
    pub const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
    /// Docker manifest, schema 1, signed.
    pub const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    /// in-toto statement.
    pub const IN_TOTO: &str = "application/vnd.in-toto+json";
    /// cosign's simple signing payload.
    pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

    /// All manifest types, in the order in which they are asked for. A registry that is not told
    /// of a type may convert the document, and with it change its digest.
    pub const MANIFESTS: [&str; 6] = [
        Self::INDEX,
        Self::MANIFEST,
        Self::DOCKER_LIST,
        Self::DOCKER_MANIFEST,
        Self::SCHEMA1_SIGNED,
        Self::SCHEMA1,
    ];

    /// Takes the text as it came, cuts parameters (`; charset=…`) and lowers its case.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let essence = text.split(';').next().unwrap_or_default().trim();
        Self(essence.to_ascii_lowercase().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it names.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &*self.0 {
            Self::INDEX | Self::DOCKER_LIST => Kind::Index,
            Self::MANIFEST | Self::DOCKER_MANIFEST => Kind::Manifest,
            Self::SCHEMA1 | Self::SCHEMA1_SIGNED => Kind::Schema1,
            Self::CONFIG | Self::DOCKER_CONFIG => Kind::Config,
            Self::EMPTY => Kind::Empty,
            Self::IN_TOTO | "application/vnd.dsse.envelope.v1+json" => Kind::InToto,
            other => layer_kind(other).map_or(Kind::Other, Kind::Layer),
        }
    }

    /// Whether registries keep what it names as a manifest, so that it is asked for there. What an
    /// unknown type names is not to be seen; by what tools write, it is a manifest when it says so.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        match self.kind() {
            Kind::Index | Kind::Manifest | Kind::Schema1 => true,
            Kind::Other => {
                self.0.is_empty() || self.0.contains("manifest") || self.0.contains("image.index")
            }
            Kind::Config | Kind::Layer(_) | Kind::Empty | Kind::InToto => false,
        }
    }

    /// Whether it names JSON or other text: a statement, a signature, a list; never a file system.
    #[must_use]
    pub fn is_text(&self) -> bool {
        const TEXTS: [&str; 3] =
            ["application/json", "application/pgp-signature", "application/cose"];
        ["+json", "+xml", "+yaml"].iter().any(|suffix| self.0.ends_with(suffix))
            || self.0.starts_with("text/")
            || TEXTS.contains(&&*self.0)
    }

    /// Whether it names a layer that only who has the key can read (ocicrypt).
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.ends_with("+encrypted") || self.0.ends_with("+enc")
    }

    /// Whether registries may not hold the bytes (Docker "foreign", OCI "nondistributable").
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.0.contains(".foreign.") || self.0.contains(".nondistributable.")
    }

    /// Whether the name is Docker's, not OCI's.
    #[must_use]
    pub fn is_docker(&self) -> bool {
        self.0.starts_with("application/vnd.docker.")
    }
}

fn layer_kind(text: &str) -> Option<Compression> {
    let rest = ["layer.v1.tar", "layer.nondistributable.v1.tar"]
        .iter()
        .find_map(|name| text.strip_prefix("application/vnd.oci.image.")?.strip_prefix(name))
        .or_else(|| {
            ["rootfs.diff.tar", "rootfs.foreign.diff.tar"].iter().find_map(|name| {
                text.strip_prefix("application/vnd.docker.image.")?.strip_prefix(name)
            })
        })?;
    match rest {
        "" => Some(Compression::None),
        "+gzip" | ".gzip" => Some(Compression::Gzip),
        "+zstd" | ".zstd" => Some(Compression::Zstd),
        _ => None,
    }
}

/// Whether a text is `type/subtype` and nothing else (RFC 6838, section 4.2).
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    let restricted = |name: &str| {
        name.len() <= limits::MEDIA_TYPE_BYTES
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, name)| restricted(kind) && restricted(name))
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (text, kind) in [
            (MediaType::INDEX, Kind::Index),
            ("application/vnd.oci.image.manifest.v1+json; charset=utf-8", Kind::Manifest),
            ("Application/Vnd.OCI.Image.Manifest.v1+JSON", Kind::Manifest),
            (MediaType::SCHEMA1_SIGNED, Kind::Schema1),
            (MediaType::LAYER, Kind::Layer(Compression::None)),
            (MediaType::LAYER_ZSTD, Kind::Layer(Compression::Zstd)),
            (MediaType::DOCKER_LAYER_GZIP, Kind::Layer(Compression::Gzip)),
            ("application/vnd.docker.image.rootfs.diff.tar", Kind::Layer(Compression::None)),
            (
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                Kind::Layer(Compression::Gzip),
            ),
            ("application/vnd.oci.image.layer.v1.tar+lzma", Kind::Other),
            ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", Kind::Other),
            ("text/plain", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(MediaType::new(text).kind(), kind, "{text}");
        }
    }

    #[test]
    fn manifests_texts_and_what_is_encrypted() {
        for (text, manifest, is_text, encrypted) in [
            (MediaType::INDEX, true, true, false),
            (MediaType::SCHEMA1_SIGNED, true, false, false),
            ("application/vnd.oci.artifact.manifest.v1+json", true, true, false),
            ("", true, false, false),
            (MediaType::CONFIG, false, true, false),
            (MediaType::LAYER_GZIP, false, false, false),
            ("application/vnd.buildkit.cacheconfig.v0", false, false, false),
            (MediaType::IN_TOTO, false, true, false),
            ("application/jose+json", false, true, false),
            ("text/spdx", false, true, false),
            ("application/vnd.oci.image.layer.v1.tar+encrypted", false, false, true),
            ("application/vnd.oci.image.layer.v1.tar+zstd+encrypted", false, false, true),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip+enc", false, false, true),
            ("application/vnd.erofs", false, false, false),
        ] {
            let media_type = MediaType::new(text);
            assert_eq!(media_type.is_manifest(), manifest, "{text}");
            assert_eq!(media_type.is_text(), is_text, "{text}");
            assert_eq!(media_type.is_encrypted(), encrypted, "{text}");
        }
    }
}
