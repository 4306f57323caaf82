//! What a path under `/v2/` asks for.
//!
//! Repository names hold slashes and may hold the words of the API themselves, so the last such
//! word decides.

use drydock::digest::Digest;
use drydock::reference::{Repository as Name, Tag, Target};
use percent_encoding::percent_decode_str;

use crate::store::Refusal;

/// The endpoints (distribution-spec, "Endpoints").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/v2/`
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags(Name),
    /// `/v2/<name>/referrers/<digest>`
    Referrers(Name, String),
    /// `/v2/<name>/manifests/<reference>`
    Manifest(Name, String),
    /// `/v2/<name>/blobs/<digest>`
    Blob(Name, String),
    /// `/v2/<name>/blobs/uploads/`
    Uploads(Name),
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload(Name, String),
}

/// Reads a path. `None` when it is none of the API's.
pub(crate) fn endpoint(path: &str) -> Result<Option<Endpoint>, Refusal> {
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return Ok(None) };
    let Some(rest) = path.strip_prefix("/v2") else { return Ok(None) };
    match rest {
        "" | "/" => return Ok(Some(Endpoint::Base)),
        "/_catalog" => return Ok(Some(Endpoint::Catalog)),
        _ => {}
    }
    let Some(rest) = rest.strip_prefix('/') else { return Ok(None) };
    if let Some(name) = rest.strip_suffix("/tags/list") {
        return Ok(Some(Endpoint::Tags(parse(name)?)));
    }
    let word = ["/manifests/", "/blobs/", "/referrers/"]
        .into_iter()
        .filter_map(|word| Some((rest.rfind(word)?, word)))
        .max();
    let Some((at, word)) = word else { return Ok(None) };
    let (Some(name), Some(last)) = (rest.get(..at), rest.get(at + word.len()..)) else {
        return Ok(None);
    };
    let name = parse(name)?;
    let last = last.to_owned();
    Ok(Some(match word {
        "/manifests/" => Endpoint::Manifest(name, last),
        "/referrers/" => Endpoint::Referrers(name, last),
        _ => match last.strip_prefix("uploads") {
            Some("" | "/") => Endpoint::Uploads(name),
            Some(id) if id.starts_with('/') => {
                Endpoint::Upload(name, id.trim_matches('/').to_owned())
            }
            _ => Endpoint::Blob(name, last),
        },
    }))
}

/// Reads what stands behind `/manifests/`.
pub(crate) fn target(text: &str) -> Result<Target, Refusal> {
    if text.contains(':') {
        return Ok(Target::Digest(digest(text)?));
    }
    Tag::parse(text).map(Target::Tag).map_err(|e| Refusal::TagInvalid(e.to_string()))
}

pub(crate) fn digest(text: &str) -> Result<Digest, Refusal> {
    Digest::parse(text).map_err(|e| Refusal::DigestInvalid(e.to_string()))
}

pub(crate) fn parse(name: &str) -> Result<Name, Refusal> {
    Name::parse(name).map_err(|e| Refusal::NameInvalid(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).expect("name")
    }

    #[test]
    fn the_last_word_decides() {
        let of = |path: &str| endpoint(path).expect("valid");
        let text = str::to_owned;
        for (path, expected) in [
            ("/v2", Some(Endpoint::Base)),
            ("/v2/", Some(Endpoint::Base)),
            ("/v2/_catalog", Some(Endpoint::Catalog)),
            ("/v2/a/b/tags/list", Some(Endpoint::Tags(name("a/b")))),
            ("/v2/a/manifests/1.0", Some(Endpoint::Manifest(name("a"), text("1.0")))),
            (
                "/v2/a/manifests/b/manifests/c",
                Some(Endpoint::Manifest(name("a/manifests/b"), text("c"))),
            ),
            (
                "/v2/a/manifests/b/blobs/sha256%3Aab",
                Some(Endpoint::Blob(name("a/manifests/b"), text("sha256:ab"))),
            ),
            ("/v2/a/blobs/uploads/", Some(Endpoint::Uploads(name("a")))),
            ("/v2/a/blobs/uploads", Some(Endpoint::Uploads(name("a")))),
            ("/v2/a/blobs/uploads/x1", Some(Endpoint::Upload(name("a"), text("x1")))),
            ("/v2/a/blobs/uploads/tags/list", Some(Endpoint::Tags(name("a/blobs/uploads")))),
            ("/v2/a/referrers/sha256:ab", Some(Endpoint::Referrers(name("a"), text("sha256:ab")))),
            ("/v2/a", None),
            ("/v2x", None),
            ("/v2/a/%ff/tags/list", None),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn names_that_are_none() {
        for path in
            ["/v2/A/tags/list", "/v2/../a/tags/list", "/v2//manifests/x", "/v2/a//b/blobs/x"]
        {
            assert!(endpoint(path).is_err(), "{path}");
        }
    }
}
