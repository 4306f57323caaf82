//! What a pasted text leads to: one of our own addresses, or what the library reads out of it.

use drydock::digest::Digest;
use drydock::reference::{self, ReferenceError, Registry, ShortDigest};

use super::{ImageRoute, Route};

/// Where a pasted text leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// To a page.
    Route(Route),
    /// To a digest, which is to be looked for in what is open.
    Digest(Digest),
    /// To a digest of which only the start is known, likewise.
    ShortDigest(ShortDigest),
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
        reference::Pasted::Image { reference, platform } => {
            let platform = platform.map(|platform| platform.to_string());
            Pasted::Route(Route::Image(ImageRoute { platform, ..ImageRoute::new(reference) }))
        }
        reference::Pasted::Tags(repository) => {
            Pasted::Route(Route::Image(ImageRoute::tags_of(repository)))
        }
        reference::Pasted::Registry(registry) => Pasted::Route(Route::registry(registry)),
        reference::Pasted::Digest(digest) => Pasted::Digest(digest),
        reference::Pasted::ShortDigest(digest) => Pasted::ShortDigest(digest),
    })
}

/// A link to this page, or to the same page on another server; a path alone is one, too, and so is
/// what stands behind `https://` in either.
fn own_link(text: &str, origin: &str) -> Option<Route> {
    if text.contains(char::is_whitespace) {
        return None;
    }
    let (_, own_host) = origin.split_once("://").unwrap_or_default();
    let below = |own: &str| {
        let rest = text.strip_prefix(own).filter(|_| !own.is_empty())?;
        (rest.starts_with('/') || rest.is_empty()).then_some(rest)
    };
    if let Some(route) = below(origin).filter(|path| !path.starts_with("/v2/")).and_then(read) {
        return Some(route);
    }
    // Without its scheme our own host may be meant as a registry: what begins with another is none.
    let link = |path: &&str| path.starts_with("/-/") || names_registry(path);
    if let Some(route) = below(own_host).filter(link).and_then(read) {
        return Some(route);
    }
    let bare = text.split_once("://").map(|(_, rest)| rest);
    let path = match (bare, text.strip_prefix('/')) {
        (Some(rest), _) => rest.get(rest.find('/')?..)?.to_owned(),
        (None, Some(_)) => text.to_owned(),
        (None, None) => {
            // A server and a link of it, or the link alone.
            let rest = text.find('/').and_then(|slash| text.get(slash..));
            rest.filter(|path| names_registry(path))
                .map_or_else(|| format!("/{text}"), str::to_owned)
        }
    };
    // Elsewhere a registry and a view say that a link is one of ours: GitLab has `/-/tags`, too.
    read(&path).filter(|_| names_registry(&path) && path.contains("/-/"))
}

/// What a path and its query show, when they show anything.
fn read(path: &str) -> Option<Route> {
    let path = path.split('#').next().unwrap_or_default();
    let (pathname, search) = path.split_once('?').unwrap_or((path, ""));
    match Route::parse(pathname, search) {
        Route::Unknown { .. } => None,
        route => Some(route),
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
            Ok(Pasted::ShortDigest(digest)) => format!("start of a digest {digest}"),
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
        for (text, address) in [
            // As browsers show it, without a scheme; our own server, another, and a view alone.
            ("drydock.example/ghcr.io/o/a:1/-/files/etc", "/ghcr.io/o/a:1/-/files/etc"),
            ("drydock.example/ghcr.io/o/a:1", "/ghcr.io/o/a:1"),
            ("drydock.example/-/drafts", "/-/drafts"),
            ("drydock.example/localhost:8080/", "/localhost:8080/"),
            ("127.0.0.1:7501/shop/multi:1/-/files/etc", "/127.0.0.1:7501/shop/multi:1/-/files/etc"),
            ("127.0.0.1:7501/127.0.0.1:7501/a:1/-/verify", "/127.0.0.1:7501/a:1/-/verify"),
            ("127.0.0.1:7501/127.0.0.1%3A7501/a:1/-/verify", "/127.0.0.1:7501/a:1/-/verify"),
            ("ghcr.io/a/b:1/-/verify", "/ghcr.io/a/b:1/-/verify"),
            (
                "localhost:7501/ghcr.io/a/b:1/-/files/etc?layer=2",
                "/ghcr.io/a/b:1/-/files/etc?layer=2",
            ),
            ("tool.example.com/ghcr.io/a/b:1/-/tags", "/ghcr.io/a/b:1/-/tags"),
            // A mirror's name for it.
            ("mirror.example.com/ghcr.io/a/b:1", "/mirror.example.com/ghcr.io/a/b:1"),
            (
                "docker pull --platform=linux/arm64 alpine:3",
                "/docker.io/library/alpine:3?platform=linux/arm64",
            ),
            ("crane ls ghcr.io/o/a", "/ghcr.io/o/a/-/tags"),
            ("sha256:9ce9dc9c9a1c", "start of a digest sha256:9ce9dc9c9a1c"),
        ] {
            assert_eq!(href(text), address, "{text}");
        }
        assert!(href(&"a".repeat(64)).starts_with("digest sha256:a"));
        assert!(href("https://drydock.example.evil/-/x").contains("does not say"));
    }
}
