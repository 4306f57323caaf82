//! A login that is not here: whoever carries the requests out has it, and puts it in.
//!
//! In its place stands `Authorization: Kept <registry>`, which is no secret. It goes wherever a login
//! of that registry would go, to the registry and to its token service, and means the same there:
//! the one who puts the login in decides once more whether it belongs there.

use http::HeaderValue;

use crate::reference::Registry;

/// The scheme in front of the registry's name.
const SCHEME: &str = "Kept";

/// `Kept <registry>`
#[must_use]
pub fn header(registry: &Registry) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{SCHEME} {registry}")).ok()
}

/// The registry whose login is meant, when the header stands for one; `Some(None)` when what it
/// names is no registry.
#[must_use]
pub fn registry(authorization: &HeaderValue) -> Option<Option<Registry>> {
    let bytes = authorization.as_bytes();
    let (scheme, name) = bytes.split_at_checked(SCHEME.len())?;
    let ends = name.first().is_none_or(u8::is_ascii_whitespace);
    if !ends || !scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) {
        return None;
    }
    let name = str::from_utf8(name).ok().and_then(|name| Registry::parse(name.trim()).ok());
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_login_is_read_as_it_was_written() {
        for name in ["docker.io", "localhost:5000", "[::1]:5000"] {
            let name = Registry::parse(name).expect("registry");
            let written = header(&name).expect("header");
            assert_eq!(registry(&written), Some(Some(name)), "{written:?}");
        }
    }

    #[test]
    fn other_logins_are_none_and_what_names_no_registry_never_passes_for_one() {
        for (text, expected) in [
            ("Basic dTpw", None),
            ("Bearer Kept docker.io", None),
            ("Keptdocker.io", None),
            ("", None),
            ("kept docker.io", Some(true)),
            ("Kept", Some(false)),
            ("Kept ", Some(false)),
            ("Kept a b", Some(false)),
            ("Kept https://docker.io/", Some(false)),
        ] {
            let read = registry(&HeaderValue::from_static(text));
            assert_eq!(read.map(|name| name.is_some()), expected, "{text}");
        }
    }
}
