//! What a pasted text leads to: one of our own addresses, or what the library reads out of it.

use drydock::digest::Digest;
use drydock::reference::{self, ReferenceError, Registry};

use super::Route;

/// Where a pasted text leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// To a page.
    Route(Route),
    /// To a digest, which is to be looked for in what is open.
    Digest(Digest),
}

/// Reads a pasted text. `origin` is this page's own: `https://drydock.example`.
///
/// # Errors
/// When the text names nothing that could be opened.
pub fn pasted(text: &str, origin: &str) -> Result<Pasted, ReferenceError> {
    let text = text.trim();
    if let Some(route) = own_link(text, origin) {
        return Ok(Pasted::Route(route));
    }
    Ok(match reference::Pasted::read(text)? {
        reference::Pasted::Image(reference) => Pasted::Route(Route::image(reference)),
        reference::Pasted::Registry(registry) => Pasted::Route(Route::registry(registry)),
        reference::Pasted::Digest(digest) => Pasted::Digest(digest),
    })
}

/// A link to this page, or to the same page on another server; a path alone is one, too.
fn own_link(text: &str, origin: &str) -> Option<Route> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let address = text.strip_prefix(origin).filter(|rest| rest.starts_with('/') || rest.is_empty());
    let is_own = !origin.is_empty() && address.is_some();
    let path = match (address, text.split_once("://")) {
        (Some(address), _) if is_own => address,
        (_, Some((_, rest))) => rest.get(rest.find('/')?..)?,
        (_, None) if text.starts_with('/') => text,
        _ => return None,
    };
    let path = path.split('#').next().unwrap_or_default();
    let (pathname, search) = path.split_once('?').unwrap_or((path, ""));
    // Elsewhere a registry and a view say that a link is one of ours: GitLab has `/-/tags`, too.
    let route = Route::parse(pathname, search);
    match route {
        Route::Unknown { .. } => None,
        _ if is_own && !pathname.starts_with("/v2/") => Some(route),
        _ if names_registry(pathname) && pathname.contains("/-/") => Some(route),
        _ => None,
    }
}

/// Whether an address begins with a registry, as all that we give out do.
fn names_registry(pathname: &str) -> bool {
    let first = pathname.trim_start_matches('/').split('/').next().unwrap_or_default();
    Registry::alone(&first.replace("%3A", ":").replace("%3a", ":")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn href(text: &str) -> String {
        match pasted(text, "https://drydock.example") {
            Ok(Pasted::Route(route)) => route.href(),
            Ok(Pasted::Digest(digest)) => format!("digest {digest}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn links_of_our_own_open_what_they_name() {
        for (text, address) in [
            (
                "https://drydock.example/ghcr.io/o/a:1/-/files/etc/os-release?layer=3",
                "/ghcr.io/o/a:1/-/files/etc/os-release?layer=3",
            ),
            ("https://drydock.example/ghcr.io/o/a:1", "/ghcr.io/o/a:1"),
            ("https://drydock.example/alpine", "/docker.io/library/alpine:latest"),
            ("https://drydock.example/", "/"),
            ("https://drydock.example", "/"),
            ("https://drydock.example/-/drafts", "/-/drafts"),
            ("https://drydock.example/localhost:8080/?q=a", "/localhost:8080/?q=a"),
            ("http://other.example:8080/ghcr.io/o/a:1/-/verify", "/ghcr.io/o/a:1/-/verify"),
            ("http://127.0.0.1:8080/localhost:8080/a:1/-/edit#x", "/localhost:8080/a:1/-/edit"),
            ("/ghcr.io/o/a:1/-/layers?layer=2", "/ghcr.io/o/a:1/-/layers?layer=2"),
            ("https://reg.example/o/a:1", "/reg.example/o/a:1"),
            ("https://gitlab.com/g/p/-/container_registry", "/registry.gitlab.com/g/p:latest"),
            (
                "https://gitlab.com/g/p/-/tags",
                "This address at gitlab.com does not say which image it shows: copy the image's name or its pull command from the page",
            ),
            ("docker pull alpine:3", "/docker.io/library/alpine:3"),
            ("localhost:8080", "/localhost:8080/"),
        ] {
            assert_eq!(href(text), address, "{text}");
        }
        assert!(href(&"a".repeat(64)).starts_with("digest sha256:a"));
        assert!(href("https://drydock.example.evil/-/x").contains("does not say"));
    }
}
