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

/// What a layer is whose files can't be shown, as the end of a sentence that begins with "it";
/// `None` for the tars that can be read. What a layer is, its media type says: whatever its bytes
/// look like, other tools go by that, too.
#[must_use]
pub fn hidden(media_type: &MediaType) -> Option<String> {
    if matches!(media_type.kind(), Kind::Layer(_)) {
        return None;
    }
    let text = media_type.as_str();
    if media_type.is_encrypted() {
        return Some("is encrypted".to_owned());
    }
    if let Some((_, packing)) = text.rsplit_once(".tar+").or_else(|| text.rsplit_once(".tar.")) {
        return Some(format!("is packed with {packing}, which can't be read here"));
    }
    let known = KINDS.iter().find(|(part, _)| text.contains(part)).map(|(_, what)| *what);
    Some(match known {
        Some(what) => format!("is {what}, not a tar"),
        None if media_type.is_text() => "is a text, not files".to_owned(),
        None => "is of a type that can't be read as files".to_owned(),
    })
}

/// Says of a layer by its number that its files are not shown, and why, where that is so.
#[must_use]
pub fn not_shown(number: usize, media_type: &MediaType) -> Option<String> {
    let why = hidden(media_type)?;
    Some(format!("Layer {number} is not shown: it {why} ({media_type})."))
}

/// Contents of layers that are no tar, by a part of the type.
const KINDS: [(&str, &str); 11] = [
    ("erofs", "an EROFS file system"),
    ("squashfs", "a SquashFS file system"),
    ("ext4", "an ext4 file system"),
    (".sif", "a Singularity image"),
    ("wasm", "a WebAssembly module"),
    ("nydus", "a Nydus blob"),
    ("qcow2", "a disk image"),
    ("disk", "a disk image"),
    ("in-toto", "an in-toto statement"),
    ("dsse", "a signed statement"),
    ("cosign", "a signature"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_layers_are_that_are_not_shown() {
        for (text, why) in [
            (MediaType::LAYER, None),
            (MediaType::LAYER_ZSTD, None),
            (MediaType::DOCKER_LAYER_GZIP, None),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", None),
            ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", Some("is encrypted")),
            ("application/vnd.oci.image.layer.v1.tar+encrypted", Some("is encrypted")),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip+enc", Some("is encrypted")),
            (
                "application/vnd.oci.image.layer.v1.tar+xz",
                Some("is packed with xz, which can't be read here"),
            ),
            ("application/vnd.erofs", Some("is an EROFS file system, not a tar")),
            (
                "application/vnd.stacker.image.layer.squashfs+zstd+verity",
                Some("is a SquashFS file system, not a tar"),
            ),
            ("application/vnd.sylabs.sif.layer.v1.sif", Some("is a Singularity image, not a tar")),
            ("application/wasm", Some("is a WebAssembly module, not a tar")),
            ("application/vnd.in-toto+json", Some("is an in-toto statement, not a tar")),
            ("application/json", Some("is a text, not files")),
            ("application/octet-stream", Some("is of a type that can't be read as files")),
            ("", Some("is of a type that can't be read as files")),
        ] {
            assert_eq!(hidden(&MediaType::new(text)).as_deref(), why, "{text}");
        }
    }
}
