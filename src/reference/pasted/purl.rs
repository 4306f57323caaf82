//! Package URLs, by which SBOMs name images.
//!
//! package-url/purl-spec, types `docker` and `oci`: the version is a tag or a digest, the place and
//! the architecture are qualifiers.

use percent_encoding::percent_decode_str;

use super::Pasted;
use crate::digest::Digest;
use crate::platform::Platform;
use crate::reference::{Reference, ReferenceError, Tag, shown};

/// What a package URL names; `None` when the text is none.
pub(super) fn read(text: &str) -> Option<Result<Pasted, ReferenceError>> {
    let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
    Some(image(rest).unwrap_or_else(|| Err(ReferenceError::Package(shown(text)))))
}

fn image(text: &str) -> Option<Result<Pasted, ReferenceError>> {
    let (text, _subpath) = text.split_once('#').unwrap_or((text, ""));
    let (path, qualifiers) = text.split_once('?').unwrap_or((text, ""));
    let qualifier = |key: &str| {
        let pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(name, value)| *name == key && !value.is_empty());
        values.next().map(|(_, value)| decoded(value))
    };
    let (kind, path) = path.split_once('/')?;
    let (name, version) = path.rsplit_once('@').unwrap_or((path, ""));
    let (name, version) = (decoded(name).to_lowercase(), decoded(version));
    let place = qualifier("repository_url");
    let place = place.as_deref().map(|url| {
        url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/').to_owned()
    });
    let name = match (kind, place) {
        ("docker", None) => name,
        ("docker" | "oci", Some(place)) if ends_in(&place, &name) => place,
        ("docker" | "oci", Some(place)) => format!("{place}/{name}"),
        _ => return None,
    };
    let reference = match Reference::parse(&name) {
        Ok(reference) => reference,
        Err(error) => return Some(Err(error)),
    };
    let digest = Digest::parse(&version).ok();
    let tag = qualifier("tag").or_else(|| digest.is_none().then_some(version));
    let tag = tag.and_then(|tag| Tag::parse(&tag).ok());
    let architecture = qualifier("arch");
    let os = qualifier("os").unwrap_or_else(|| "linux".to_owned());
    let platform =
        architecture.map(|architecture| Platform { architecture, os, ..Platform::default() });
    Some(Ok(Pasted::Image { reference: Reference { tag, digest, ..reference }, platform }))
}

/// Whether the place has the name already, as that of an `oci` package should.
fn ends_in(place: &str, name: &str) -> bool {
    place.strip_suffix(name).is_some_and(|before| before.ends_with('/'))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
