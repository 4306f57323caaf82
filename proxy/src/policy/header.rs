//! Which header fields cross the proxy.
//!
//! Both lists say what passes; everything else stays behind. Towards the registry that keeps
//! cookies, referrers and the user's address here, towards the page it keeps away whatever
//! would act on this origin (cookies, CSP, service workers, early hints, …).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The longest `Warning` passed on, in bytes (distribution-spec, "Warnings").
pub const MAX_WARNING_BYTES: usize = 4096;

/// What the registry sees of a request. `Accept-Encoding: identity` and `User-Agent` are ours.
pub const REQUEST: [HeaderName; 8] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::IF_NONE_MATCH,
    header::RANGE,
    header::IF_MATCH,
];

/// What the page sees of an answer under the same name. `WWW-Authenticate` and `Content-Type` are
/// renamed, `Location` and `Link` written anew.
const RESPONSE: [&str; 15] = [
    "accept-ranges",
    "age",
    "content-length",
    "content-range",
    "docker-content-digest",
    "docker-distribution-api-version",
    "docker-ratelimit-source",
    "docker-upload-uuid",
    "etag",
    "range",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "warning",
];

/// `X-Upstream-WWW-Authenticate`: the registry's challenges, under a name that makes no browser ask.
pub const CHALLENGE: HeaderName = HeaderName::from_static("x-upstream-www-authenticate");
/// `X-Upstream-Content-Type`: the registry's media type, under a name that no browser acts on.
pub const MEDIA_TYPE: HeaderName = HeaderName::from_static("x-upstream-content-type");
/// `X-Upstream-Status`: the status of a redirect that the server did not follow. The answer itself
/// never has one of those, so that no browser follows it either. With [`QUIET`], that of an error, too.
pub const STATUS: HeaderName = HeaderName::from_static("x-upstream-status");
/// `X-Drydock-Status: header`: the page wants each error's status in [`STATUS`], under 200. A browser
/// writes a line into its console for every other one, and to a look-up an error is a plain no.
pub const QUIET: HeaderName = HeaderName::from_static("x-drydock-status");
/// `X-Upstream-Location`: where such a redirect points, absolute.
pub const POINTS_TO: HeaderName = HeaderName::from_static("x-upstream-location");
/// `X-Drydock-Seal`: `<kind> <token>` for each URL of an answer, and the token alone in a request.
pub const SEAL: HeaderName = HeaderName::from_static("x-drydock-seal");
/// `X-Drydock-Error`: the proxy answers for itself; the value is a [`Code`](super::Code).
pub const ERROR: HeaderName = HeaderName::from_static("x-drydock-error");
/// `X-Drydock: 1`: the page itself sent this; no other site can, without a preflight.
pub const OWN: HeaderName = HeaderName::from_static("x-drydock");
/// `X-Drydock-From: <path>`: the request's body is the blob that this path of the server gives.
pub const FROM: HeaderName = HeaderName::from_static("x-drydock-from");
/// `X-Drydock-From-Size`: the size of that blob in bytes.
pub const FROM_SIZE: HeaderName = HeaderName::from_static("x-drydock-from-size");
/// `X-Drydock-From-Range: bytes=<first>-<last>`: which of its bytes are the body.
pub const FROM_RANGE: HeaderName = HeaderName::from_static("x-drydock-from-range");
/// `X-Drydock-From-Authorization`: the credentials for that blob, and for nothing else.
pub const FROM_AUTHORIZATION: HeaderName = HeaderName::from_static("x-drydock-from-authorization");

/// The fields of a page's request that go to the registry.
pub fn to_registry(page: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(REQUEST.len() + 2);
    for name in REQUEST {
        for value in page.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("drydock/", env!("CARGO_PKG_VERSION"))),
    );
    headers
}

/// The fields of a registry's answer that go to the page as they are, and what is always set.
pub fn to_page(registry: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(24);
    for (name, value) in registry {
        let passes = RESPONSE.contains(&name.as_str()) || name.as_str().starts_with("oci-");
        let too_long = name == header::WARNING && value.len() > MAX_WARNING_BYTES;
        if passes && !too_long && is_plain(value) {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(value) = registry.get(header::CONTENT_TYPE).filter(|value| is_plain(value)) {
        headers.insert(MEDIA_TYPE, value.clone());
    }
    harden(&mut headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers
}

/// What every answer under `/-/proxy/` carries, so that no byte of it is ever run or shown by the
/// browser, or kept by a cache.
pub fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "Origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Visible ASCII, spaces and tabs.
pub fn is_plain(value: &HeaderValue) -> bool {
    value.to_str().is_ok()
}
