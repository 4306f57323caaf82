//! One word: a reference, with or without a scheme before it, a registry, a digest, an address.

use super::{Pasted, address, digest};
use crate::reference::{Reference, ReferenceError, Registry, shown};

/// Prefixes by which tools say that an image lies in a registry or in a daemon's store.
const OF_IMAGES: [&str; 7] = [
    "docker-pullable://",
    "docker://",
    "oci://",
    "docker-daemon:",
    "containers-storage:",
    "podman://",
    "docker-image://",
];

/// Prefixes by which tools say that an image lies in files.
const OF_FILES: [&str; 9] = [
    "oci:",
    "oci-archive:",
    "oci-layout:",
    "docker-archive:",
    "oci-dir:",
    "ocidir:",
    "dir:",
    "tarball:",
    "file://",
];

/// What a word names.
pub(super) fn read(word: &str) -> Result<Pasted, ReferenceError> {
    let word = word.trim_matches(['"', '\'', '`', '“', '”', ',', ';', '<', '>', '(', ')']);
    if let Some(rest) = OF_IMAGES.iter().find_map(|prefix| word.strip_prefix(prefix)) {
        // What the store is called stands in brackets.
        let rest = rest.split_once(']').map_or(rest, |(_, rest)| rest);
        return image(rest.trim_end_matches('/'));
    }
    if is_of_files(word) {
        return Err(ReferenceError::Files(shown(word)));
    }
    if let Some(address) = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://")) {
        return address::read(address);
    }
    // An address as browsers show it, without its scheme.
    if address::is_known(word) {
        return address::read(word);
    }
    if let Some(digest) = digest::whole(word) {
        return Ok(Pasted::Digest(digest));
    }
    if let Some(digest) = digest::short(word) {
        return Ok(Pasted::ShortDigest(digest));
    }
    match Registry::alone(word) {
        Some(registry) => Ok(Pasted::Registry(registry)),
        None => image(word.trim_end_matches('/')),
    }
}

fn image(text: &str) -> Result<Pasted, ReferenceError> {
    Reference::parse(text).map(Pasted::image)
}

fn is_of_files(word: &str) -> bool {
    let archive = [".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz"];
    let path = ["./", "../", "/", "~/", "C:\\", "c:\\"];
    OF_FILES.iter().any(|prefix| {
        // `dir:1.2` could be an image, if nobody had a tool that calls folders so.
        word.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty())
    }) || path.iter().any(|start| word.starts_with(start))
        || matches!(word, "." | "..")
        || !word.contains('/') && archive.iter().any(|end| word.ends_with(end))
}
