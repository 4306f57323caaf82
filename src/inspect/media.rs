//! What is a media type called by people?

use crate::media_type::{Compression, Kind, MediaType};

/// A short name: `index`, `manifest`, `layer (gzip)`; the type itself when there is none.
#[must_use]
pub fn name(media_type: &MediaType) -> String {
    let docker = if media_type.is_docker() { " (Docker)" } else { "" };
    match media_type.kind() {
        Kind::Index if media_type.is_docker() => "manifest list (Docker)".to_owned(),
        Kind::Index => "index".to_owned(),
        Kind::Manifest => format!("manifest{docker}"),
        Kind::Schema1 => "manifest (Docker schema 1)".to_owned(),
        Kind::Config => format!("config{docker}"),
        Kind::Layer(compression) => {
            let foreign = if media_type.is_foreign() { "foreign layer" } else { "layer" };
            match compression {
                Compression::None => format!("{foreign} (plain tar)"),
                Compression::Gzip | Compression::Zstd => {
                    format!("{foreign} ({})", compression.name())
                }
            }
        }
        Kind::Empty => "empty config".to_owned(),
        Kind::InToto => "in-toto statement".to_owned(),
        Kind::Other => media_type.as_str().to_owned(),
    }
}

/// The end of the type that tells it from others, for narrow places: `image.manifest.v1+json`,
/// `tar+gzip`.
#[must_use]
pub fn short(media_type: &MediaType) -> &str {
    let text = media_type.as_str();
    let tail = |mark: &str| text.rfind(mark).and_then(|at| text.get(at + 1..));
    if matches!(media_type.kind(), Kind::Layer(_)) {
        return tail(".tar").unwrap_or(text);
    }
    let known = ["application/vnd.oci.", "application/vnd.docker.", "application/vnd."];
    known.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}
